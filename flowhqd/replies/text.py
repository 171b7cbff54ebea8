"""What a person typed on a phone, made comparable.

Customers write "HABARIIII!!", "asnte sana" and "2moro"; keywords are written once and properly.
Both go through :func:`normalise` before they meet.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from flowhqd.states import Language

READ_CHARACTERS = 4096
"""How much of a message is read, in characters: what it is about stands at its beginning, and
WhatsApp lets through 65,536."""

TEXTS: Traversable = files("flowhqd.replies") / "texts"
"""Where the shipped texts, keywords and word lists lie: one directory per language."""

_APOSTROPHES = re.compile("['’‘ʼ`´]")
_WORD = re.compile(r"[^\W_]+")
_LONG_RUN = re.compile(r"([^\W\d_])\1{2,}")


def read_toml(directory: Traversable, language: Language, name: str) -> dict[str, Any]:
    """``<directory>/<language>/<name>.toml``; OSError or tomllib.TOMLDecodeError when unusable."""
    path = directory / language.value.lower() / f"{name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


@cache
def language_data(language: Language) -> Mapping[str, Any]:
    """The word lists of a language that belong to no template (``language.toml``)."""
    return read_toml(TEXTS, language, "language")


@cache
def _abbreviations() -> Mapping[str, str]:
    return {
        short: full
        for language in Language
        for short, full in language_data(language)["abbreviations"].items()
    }


@cache
def _emoji() -> Mapping[int, str]:
    return {
        ord(sign): f" {word} "
        for language in Language
        for sign, word in language_data(language).get("emoji", {}).items()
    }


def fold(text: str) -> str:
    """Lower case without accents, apostrophes and invisible marks; punctuation stays.

    Compatibility forms (full width, mathematical alphabets) become plain letters. Reads the first
    ``READ_CHARACTERS`` only.
    """
    folded = text[:READ_CHARACTERS].translate(_emoji())
    # Case folding can bring back a combining mark and decomposing can bring back a capital.
    for _ in range(2):
        folded = unicodedata.normalize("NFKD", folded.casefold())[:READ_CHARACTERS]
    kept = "".join(c for c in folded if unicodedata.category(c) not in ("Mn", "Me", "Cf"))
    return _APOSTROPHES.sub("", kept)


def plain(text: str) -> str:
    """Folded text with drawn-out letters shortened ("hellooo") and abbreviations written out."""
    return _WORD.sub(lambda word: _plain_word(word[0]), fold(text))


def _plain_word(word: str) -> str:
    short = _LONG_RUN.sub(r"\1", word)
    return _abbreviations().get(short, short)


def normalise(text: str) -> str:
    """The words of a text, separated by one space; normalising twice changes nothing."""
    words = " ".join(_WORD.findall(plain(text)))
    if len(words) <= READ_CHARACTERS:
        return words
    return words[:READ_CHARACTERS].rpartition(" ")[0] or words[:READ_CHARACTERS]


def within(left: str, right: str, edits: int) -> bool:
    """Whether at most ``edits`` insertions, deletions, replacements or swaps lie between two words.

    Work is bounded by four to the power of ``edits``, whatever the words.
    """
    start = 0
    shorter = min(len(left), len(right))
    while start < shorter and left[start] == right[start]:
        start += 1
    left, right = left[start:], right[start:]
    if not edits or not left or not right:
        return max(len(left), len(right)) <= edits
    if abs(len(left) - len(right)) > edits:
        return False
    return (
        within(left[1:], right[1:], edits - 1)
        or within(left[1:], right, edits - 1)
        or within(left, right[1:], edits - 1)
        or (left[:2] == right[1::-1] and within(left[2:], right[2:], edits - 1))
    )


def speech(words: tuple[str, ...], usual: Language) -> Language:
    """The language to answer in: ``usual``, unless the words are clearly the other one.

    Clearly means: no word of the usual language, and at least every fourth word is one that only
    the other language has. Loan words ("order", "price") say nothing.
    """
    other = Language.EN if usual is Language.SW else Language.SW
    if any(_belongs(word, usual) for word in words):
        return usual
    theirs = sum(_belongs(word, other) for word in words)
    return other if theirs and 4 * theirs >= len(words) else usual


def _belongs(word: str, language: Language) -> bool:
    return word in _markers(language) or (len(word) >= 6 and word.startswith(_beginnings(language)))


@cache
def _markers(language: Language) -> frozenset[str]:
    return frozenset(normalise(word) for word in language_data(language)["markers"])


@cache
def _beginnings(language: Language) -> tuple[str, ...]:
    return tuple(language_data(language)["beginnings"])


@cache
def words_apart() -> frozenset[str]:
    """Real words that are never taken for a misspelt keyword."""
    lookalikes = {
        normalise(word) for lang in Language for word in language_data(lang)["lookalikes"]
    }
    return frozenset(lookalikes.union(*(_markers(language) for language in Language)))
