"""What people read on a terminal, whatever customers and tenants call themselves."""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from textwrap import wrap

WIDTH = 80
"""Columns where the terminal does not tell its own."""
GAP = "  "
SHORTEST = 8

# Characters that reorder what stands around them.
_BIDI = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


def width() -> int:
    """The terminal's columns."""
    return shutil.get_terminal_size((WIDTH, 24)).columns


def plain(text: object) -> str:
    """``text`` on one line and without what a terminal would obey."""
    return "" if text is None else "".join(map(_plain, str(text)))


def columns_of(text: str) -> int:
    """How many columns a terminal needs for ``text``."""
    return sum(_columns(character) for character in text)


def cut(text: str, columns: int) -> str:
    """``text`` in at most this many columns; an ellipsis stands for what is left out."""
    if columns_of(text) <= columns:
        return text
    kept, used = [], 0
    for character in text:
        used += _columns(character)
        if used > columns - 1:
            break
        kept.append(character)
    return "".join(kept) + "…" if columns > 0 else ""


def table(headings: Sequence[str], rows: Sequence[Sequence[object]], *, flexible: int) -> list[str]:
    """Lines of a table that fits the terminal: the column ``flexible`` gives way."""
    cells = [[plain(cell) for cell in row] for row in (headings, *rows)]
    widths = [max(columns_of(row[column]) for row in cells) for column in range(len(headings))]
    others = sum(widths) - widths[flexible] + len(GAP) * (len(widths) - 1)
    widths[flexible] = min(widths[flexible], max(SHORTEST, width() - others))
    return [
        GAP.join(_fill(cell, columns) for cell, columns in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


def pairs(rows: Sequence[tuple[str, object]]) -> list[str]:
    """Lines of names and values, wrapped; what has no value is left out."""
    shown = [(name, plain(value)) for name, value in rows if value not in (None, "")]
    longest = max((len(name) for name, _ in shown), default=0)
    indent = " " * (longest + len(GAP))
    return [
        line
        for name, value in shown
        for line in wrap(
            f"{name:<{longest}}{GAP}{value}",
            width(),
            subsequent_indent=indent,
        )
    ]


def clock_time(text: str | None, form: str = "%m-%d %H:%M:%S") -> str:
    """A time of the API in the terminal's own zone."""
    return "" if text is None else datetime.fromisoformat(text).astimezone().strftime(form)


def _fill(text: str, columns: int) -> str:
    shown = cut(text, columns)
    return shown + " " * (columns - columns_of(shown))


def _plain(character: str) -> str:
    if character in "\r\n\t":
        return " "
    category = unicodedata.category(character)
    if category in {"Cc", "Cs", "Zl", "Zp"} or unicodedata.bidirectional(character) in _BIDI:
        return "\ufffd"
    return character


def _columns(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
