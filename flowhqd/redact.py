"""Keeps out of the logs what must not be there: secrets, phone numbers, the texts of messages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

REDACTED = "***"
MAX_TEXT = 8_192
MAX_DEPTH = 4

# Words that make a key's value a secret, as whole words of the key: "portal_key", "set-cookie".
SECRET_WORDS = frozenset(
    {"authorization", "cookie", "credential", "key", "pairing", "passwd", "password", "qr"}
    | {"secret", "token"}
)
# Their digits are no phone number's: "2.3000.1045220589".
IDENTIFIERS = ("_id", "version")
BODY_KEYS = frozenset({"body", "caption", "message_text", "text"})

# Known only by where they stand: a link that works once, a URL's user, a query's or header's
# secret; or by how they begin, as the keys of programs do.
IN_TEXT = (
    (re.compile(r"(/app/(?:invite|reset)/)[^\s/?#&;,'\"]+"), rf"\1{REDACTED}"),
    (re.compile(r"\bfhq_[\w-]{20,}"), REDACTED),
    (re.compile(r"(?<=://)[^/@\s]+@"), f"{REDACTED}@"),
    (re.compile(r"(?i)\b(basic|bearer) +[\w+/=.~-]{12,}"), rf"\1 {REDACTED}"),
    (
        re.compile(r"(?i)\b([\w-]*(?:password|passwd|secret|token|key|cookie))(=|: ?)[^\s&;,'\"]+"),
        rf"\1\2{REDACTED}",
    ),
)

# A number with its + and any grouping, one with a leading 0 in the usual groups, or a bare run of
# 9 to 20 digits as in a WhatsApp address; the last group of a UUID is none of them.
PHONE = re.compile(
    r"\+\d(?:[ ()\u00a0-]{0,2}\d){6,14}"
    r"|(?<!\w)0\d{2,3}[ -]\d{3}[ -]?\d{3,4}(?!\w)"
    r"|(?<![A-Za-z0-9])(?<![0-9A-Fa-f]-)\d{9,20}(?![A-Za-z0-9])"
)

# Control characters could rewrite a terminal; line ends stay in tracebacks only.
CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))}
CONTROL_BUT_NEWLINE = {code: text for code, text in CONTROL.items() if code != ord("\n")}


class Redactor:
    """Turns an event into plain JSON values without what must not be logged.

    ``secrets`` are values that are blanked wherever they turn up; ``message_bodies`` lets the
    texts of messages pass.
    """

    def __init__(self, secrets: Iterable[str] = (), *, message_bodies: bool = False) -> None:
        known = {form for secret in secrets for form in (secret, quote(secret, safe=""))}
        # Longest first, so that a secret that contains another goes as a whole.
        parts = sorted((re.escape(each) for each in known if each), key=len, reverse=True)
        self._known = re.compile("|".join(parts)) if parts else None
        self._message_bodies = message_bodies

    def event(self, event: Mapping[str, object]) -> dict[str, object]:
        """``event`` with every value cleaned; identifiers keep their digits."""
        return {str(key): self._value(str(key), value, 0) for key, value in event.items()}

    def text(self, text: str, *, keep_lines: bool = False) -> str:
        """Free text without secrets, phone numbers and control characters, bounded."""
        text = self._mark_secrets(text)
        return _printable(PHONE.sub(_mask, text), keep_lines)

    def _mark_secrets(self, text: str) -> str:
        if self._known:
            text = self._known.sub(REDACTED, text)
        if len(text) > MAX_TEXT:
            text = f"{text[:MAX_TEXT]}… ({len(text)} characters)"
        for pattern, replacement in IN_TEXT:
            text = pattern.sub(replacement, text)
        return text

    def _value(self, key: str, value: object, depth: int) -> object:
        if value is None or isinstance(value, bool | int | float):
            return value if not isinstance(value, int) or -(2**53) < value < 2**53 else str(value)
        if SECRET_WORDS.intersection(re.split(r"[^a-z]+", key.lower())):
            return REDACTED
        if key in BODY_KEYS and not self._message_bodies:
            return f"({len(str(value))} characters)"
        if depth < MAX_DEPTH and isinstance(value, Mapping):
            return {str(k): self._value(str(k), v, depth + 1) for k, v in value.items()}
        if depth < MAX_DEPTH and isinstance(value, list | tuple | set | frozenset):
            return [self._value("", each, depth + 1) for each in value]
        if key.endswith(IDENTIFIERS):
            return _printable(self._mark_secrets(str(value)), keep_lines=False)
        return self.text(str(value), keep_lines=key == "exception")


def _mask(match: re.Match[str]) -> str:
    return REDACTED + re.sub(r"\D", "", match[0])[-4:]


def _printable(text: str, keep_lines: bool) -> str:
    # An unpaired surrogate cannot be written as UTF-8.
    text = text.encode("utf-8", "backslashreplace").decode()
    return text.translate(CONTROL_BUT_NEWLINE if keep_lines else CONTROL)
