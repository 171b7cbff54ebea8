"""Texts with ``{{ name }}`` placeholders.

What a text may name follows from its key. ``booking`` may use the business's name; the key
``booking.day_service`` is the text for a message in which a day and a service were found, and may
use those as well. So a text never waits for a value that is not there.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

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


Kind = Literal["empty", "too_long", "unknown_placeholder", "stray_braces", "unsendable"]


@dataclass(frozen=True, slots=True)
class TextProblem:
    """The first thing that is wrong with a text, and the line and column where it stands.

    ``found`` is the piece of text in question, ``known`` the placeholders that the text may have.
    """

    kind: Kind
    line: int
    column: int
    found: str
    known: tuple[str, ...]

    def __str__(self) -> str:
        where = f"line {self.line}, column {self.column}: "
        match self.kind:
            case "empty":
                return "the text is empty"
            case "too_long":
                return f"longer than {MAX_TEXT} characters"
            case "unknown_placeholder":
                known = ", ".join(f"{{{{ {name} }}}}" for name in self.known)
                return f"{where}there is no {self.found} here; this text knows {known}"
            case "stray_braces":
                return f"{where}{self.found} is not part of a placeholder {{{{ name }}}}"
            case "unsendable":
                return f"{where}a character that cannot be sent"


def problem_of(key: str, body: str) -> TextProblem | None:
    """What is wrong with a tenant's own version of a text; None when it can be used."""
    known = tuple(sorted(placeholders(key)))
    found: list[tuple[int, Kind, str]] = []
    for match in _PLACEHOLDER.finditer(body):
        if match[1] not in known:
            found.append((match.start(), "unknown_placeholder", match[0]))
    rest = _PLACEHOLDER.sub(lambda match: " " * len(match[0]), body)
    for match in _BRACES.finditer(rest):
        found.append((match.start(), "stray_braces", match[0]))
    for position, character in enumerate(body):
        if character not in "\n\t" and unicodedata.category(character) in ("Cc", "Cs"):
            found.append((position, "unsendable", ""))
    if not body.strip():
        found.append((0, "empty", ""))
    if len(body) > MAX_TEXT:
        found.append((MAX_TEXT, "too_long", ""))
    if not found:
        return None
    position, kind, piece = min(found)
    line = body.count("\n", 0, position) + 1
    column = position - body.rfind("\n", 0, position)
    return TextProblem(kind, line, column, piece, known)


def validate_text(key: str, body: str) -> None:
    """Check a tenant's own version of a text before it is saved.

    Raises Invalid: field ``key`` when it is not the form of one (``prices``,
    ``booking.day_service``, ``prices@EN``), field ``body`` with the first problem. Whether a
    template has such a text is ``Template.keys``' to say.
    """
    errors = {}
    name, at, language = key.partition("@")
    if not _KEY.fullmatch(name) or (at and language not in set(Language)):
        errors["key"] = "must be the name of a text, such as prices or prices@EN"
    if problem := problem_of(name, body):
        errors["body"] = str(problem)
    if errors:
        raise Invalid(errors)
