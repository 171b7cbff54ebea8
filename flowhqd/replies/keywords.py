"""Keywords: the phrases that tell what a message is about.

A phrase is one or more words that must stand in this order, at most two other words between each.
``*`` stands for any letters at a word's beginning or end, which is what Swahili verbs need:
``*agiza`` is kuagiza, naagiza and nimeagiza. Words of five letters and more may be misspelt.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache

from flowhqd.replies.text import normalise, within, words_apart

GAP = 3
"""How far the next word of a phrase may stand from the one before, in words."""

MISSPELT_FROM = 5
"""The shortest keyword, in letters, that may be misspelt; shorter ones are too alike."""

TWO_EDITS_FROM = 9
"""Keywords this long may be two edits away, shorter ones a single one."""

READ_WORDS = 300
"""The words of a message that are looked at."""

GUESSED_WORDS = 60
"""The different unknown words of a message that are tried as misspellings."""


@dataclass(frozen=True, slots=True)
class Keywords:
    """Any of ``any_of`` is a hit, unless one of ``unless`` is there as well."""

    any_of: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()

    def __add__(self, other: Keywords) -> Keywords:
        return Keywords(self.any_of + other.any_of, self.unless + other.unless)


Phrase = tuple[str, ...]
"""Comparable words, of which some begin or end with ``*``."""


@cache
def parse_phrase(phrase: str) -> Phrase:
    """A phrase as comparable words; ValueError when nothing comparable is left of it."""
    words: list[str] = []
    for piece in phrase.split():
        plain = normalise(piece.strip("*"))
        if not plain or (" " in plain and "*" in piece):
            raise ValueError(f"keyword {phrase!r}: {piece!r} is not a word")
        start = "*" if piece.startswith("*") else ""
        end = "*" if piece.endswith("*") else ""
        words += [f"{start}{word}{end}" for word in plain.split()]
    if not words:
        raise ValueError("a keyword is empty")
    return tuple(words)


class Lexicon:
    """The keywords of one template, in every language, ready to be matched."""

    def __init__(self, entries: Mapping[str, Keywords]) -> None:
        """ValueError names a keyword that is not a phrase."""
        self._entries = {
            name: (
                tuple(map(parse_phrase, keywords.any_of)),
                tuple(map(parse_phrase, keywords.unless)),
            )
            for name, keywords in entries.items()
        }
        every = {
            word
            for phrases in self._entries.values()
            for group in phrases
            for phrase in group
            for word in phrase
        }
        self._exact = {word for word in every if "*" not in word}
        self._partial = tuple(sorted(every - self._exact))
        self._endings = tuple(word[1:] for word in self._partial if word[-1] != "*")
        self._beginnings = tuple(word for word in self._partial if word[-1] == "*")
        self._known = self._exact | words_apart()
        self._by_letter: dict[str, list[str]] = defaultdict(list)
        for word in sorted(self._exact):
            if len(word) >= MISSPELT_FROM:
                self._by_letter[word[0]].append(word)

    def match(self, words: Sequence[str]) -> frozenset[str]:
        """The names of the entries that the words of a message hit."""
        places: dict[str, set[int]] = defaultdict(set)
        read: dict[str, list[int]] = defaultdict(list)
        for place, word in enumerate(words[:READ_WORDS]):
            read[word].append(place)
        guesses = GUESSED_WORDS
        for word, at in read.items():
            hits = self._spelt(word)
            if not hits and word not in self._known and guesses:
                guesses -= 1
                hits = self._misspelt(word)
            for hit in hits:
                places[hit].update(at)
        return frozenset(
            name
            for name, (any_of, unless) in self._entries.items()
            if _any_stands(any_of, places) and not _any_stands(unless, places)
        )

    def _spelt(self, word: str) -> list[str]:
        hits = [word] if word in self._exact else []
        if word.endswith(self._endings):
            hits += [f"*{ending}" for ending in self._endings if word.endswith(ending)]
        hits += [pattern for pattern in self._beginnings if _fits(word, pattern)]
        return hits

    def _misspelt(self, word: str) -> list[str]:
        for edits in (1, 2):
            hits = [
                keyword
                for keyword in self._by_letter.get(word[0], ())
                if edits == 1 or len(keyword) >= TWO_EDITS_FROM
                if abs(len(keyword) - len(word)) <= edits and within(keyword, word, edits)
            ]
            if hits:
                return hits
        return []


def _fits(word: str, pattern: str) -> bool:
    """Whether a word begins with, or has inside, what stands before the pattern's last star."""
    letters = pattern.strip("*")
    return letters in word if pattern[0] == "*" else word.startswith(letters)


def _any_stands(phrases: Iterable[Phrase], places: Mapping[str, AbstractSet[int]]) -> bool:
    return any(_stands(phrase, places) for phrase in phrases)


def _stands(phrase: Phrase, places: Mapping[str, AbstractSet[int]]) -> bool:
    reached = places.get(phrase[0], frozenset())
    for word in phrase[1:]:
        candidates = places.get(word, frozenset())
        reached = {
            place + step
            for place in reached
            for step in range(1, GAP + 1)
            if place + step in candidates
        }
    return bool(reached)
