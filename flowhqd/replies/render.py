"""Texts with ``{{ name }}`` placeholders.

What a text may name follows from its key. ``booking`` may use the business's name; the key
``booking.day_service`` is the text for a message in which a day and a service were found, and may
use those as well. So a text never waits for a value that is not there.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping

from flowhqd.errors import Invalid
from flowhqd.states import Language

MAX_TEXT = 4000
"""The longest reply, in characters. WhatsApp takes 65,536; nobody reads them."""

_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}", re.ASCII)
_BRACES = re.compile(r"\{\{|\}\}")
_KEY = re.compile(r"[a-z]+(?:_[a-z]+)*(?:\.[a-z]+(?:_[a-z]+)*)?", re.ASCII)


def placeholders(key: str) -> frozenset[str]:
    """The names that the text with this key may use."""
    _, _, variant = key.partition(".")
    return frozenset(("business", *filter(None, variant.split("_"))))


def render(body: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders replaced, at most ``MAX_TEXT`` characters.

    Total: a name without a value becomes nothing. Values are put in as they are, never expanded.
    """
    return _PLACEHOLDER.sub(lambda match: values.get(match[1], ""), body)[:MAX_TEXT].strip()


def validate_text(key: str, body: str) -> None:
    """Check a tenant's own version of a text before it is saved.

    Raises Invalid: field ``key`` when it is not the form of one (``prices``,
    ``booking.day_service``, ``prices@EN``), field ``body`` with line and column of the first
    problem. Whether a template has such a text is ``Template.keys``' to say.
    """
    errors = {}
    name, at, language = key.partition("@")
    if not _KEY.fullmatch(name) or (at and language not in set(Language)):
        errors["key"] = "must be the name of a text, such as prices or prices@EN"
    for position, problem in _problems(name, body):
        line = body.count("\n", 0, position) + 1
        column = position - (body.rfind("\n", 0, position) + 1) + 1
        errors["body"] = f"line {line}, column {column}: {problem}"
        break
    if errors:
        raise Invalid(errors)


def _problems(key: str, body: str) -> Iterator[tuple[int, str]]:
    """Where a text cannot be used and why, by position."""
    allowed = placeholders(key)
    found = []
    for match in _PLACEHOLDER.finditer(body):
        if match[1] not in allowed:
            known = ", ".join(f"{{{{ {name} }}}}" for name in sorted(allowed))
            found.append((match.start(), f"there is no {match[0]} here; this text knows {known}"))
    rest = _PLACEHOLDER.sub(lambda match: " " * len(match[0]), body)
    for match in _BRACES.finditer(rest):
        found.append((match.start(), f"{match[0]} is not part of a placeholder {{{{ name }}}}"))
    for position, character in enumerate(body):
        if character not in "\n\t" and unicodedata.category(character) in ("Cc", "Cs"):
            found.append((position, "a character that cannot be sent"))
    if not body.strip():
        found.append((0, "the text is empty"))
    if len(body) > MAX_TEXT:
        found.append((MAX_TEXT, f"longer than {MAX_TEXT} characters"))
    yield from sorted(found)
