"""A template: the rules of one kind of business, with their keywords and texts.

Rules are code; everything that people read or type is data, in a catalogue for each language.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib.resources.abc import Traversable

from flowhqd.replies.catalogue import Catalogue, option_entry
from flowhqd.replies.keywords import Keywords, Lexicon
from flowhqd.replies.opting import Opting
from flowhqd.replies.render import placeholders
from flowhqd.replies.text import TEXTS
from flowhqd.states import Language


@dataclass(frozen=True, slots=True)
class Found:
    """What a finder read out of a message.

    ``said`` has the placeholder values, as a person would say them; ``facts`` the same for
    programs.
    """

    said: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """A message as read: its beginning, its words, what its keywords hit, and when it came."""

    text: str
    words: tuple[str, ...]
    hits: frozenset[str]
    now: datetime
    language: Language
    template: Template


Finder = Callable[[Reading], Found]


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of message.

    ``find`` reads details out of it; in a message that says nothing else, details alone make the
    rule apply. ``then`` names the rule that answers a follow-up in which nothing is recognised.
    """

    name: str
    find: tuple[Finder, ...] = ()
    then: str | None = None


FIRST = (Rule("human", then="noted"), Rule("problem", then="noted"))
"""Rules of every template that go before its own: these customers want a person.

These and the last ones stand elsewhere in a template that names them among its own rules."""

LAST = (Rule("prices", then="noted"), Rule("hours"), Rule("location"))
"""Rules of every template that come after its own."""

COURTESIES = (Rule("thanks"), Rule("goodbye"), Rule("greeting"), Rule("okay"))
"""Answered as such only in a message that asks for nothing else."""

OTHERS = (
    *("noted", "media", "fallback", "away", "away.opening", "hours.week", "wait", "slow_down"),
    *Opting,
)
"""Texts of every template that no keyword leads to, or a further one of a common rule."""


@dataclass(frozen=True, slots=True)
class Template:
    """Rules in the order they are tried, and what they say in each language."""

    name: str
    rules: tuple[Rule, ...]
    catalogues: Mapping[Language, Catalogue]
    lexicon: Lexicon

    @classmethod
    def load(
        cls, name: str, rules: tuple[Rule, ...] = (), directory: Traversable = TEXTS
    ) -> Template:
        """Read ``<directory>/<language>/<name in lower case>.toml`` of every language.

        Raises ValueError naming what is missing or wrong and where, OSError for a missing file.
        """
        catalogues = {
            language: Catalogue.read(language, directory, name.lower()) for language in Language
        }
        keywords: dict[str, Keywords] = {}
        for catalogue in catalogues.values():
            for entry, phrases in catalogue.keywords.items():
                keywords[entry] = keywords.get(entry, Keywords()) + phrases
        placed = {rule.name for rule in rules}
        first = (rule for rule in FIRST if rule.name not in placed)
        last = (rule for rule in LAST if rule.name not in placed)
        template = cls(name, (*first, *rules, *last), catalogues, Lexicon(keywords))
        template._check()
        return template

    @property
    def keys(self) -> Mapping[str, frozenset[str]]:
        """Every text a tenant may write anew, with the placeholders it may use."""
        return {key: placeholders(key) for key in self.catalogues[Language.SW].texts}

    def texts(self, language: Language) -> Mapping[str, str]:
        """The shipped texts by key."""
        return self.catalogues[language].texts

    def _check(self) -> None:
        """Every language must say the same things, and every rule must have something to say."""
        entries = [catalogue.entries for catalogue in self.catalogues.values()]
        texts = self.keys.keys()
        rules = (*self.rules, *COURTESIES)
        spoken = {rule.name for rule in rules} | {rule.then for rule in rules if rule.then}
        if odd := frozenset.union(*entries) - frozenset.intersection(*entries):
            raise ValueError(f"{self.name}: in one language only: {', '.join(sorted(odd))}")
        if missing := (spoken | set(OTHERS)) - texts:
            raise ValueError(f"{self.name}: no text for {', '.join(sorted(missing))}")
        if idle := {key.partition(".")[0] for key in texts} - spoken - set(OTHERS):
            raise ValueError(f"{self.name}: no rule named {', '.join(sorted(idle))}")


def choice(kind: str) -> Finder:
    """A finder for the first option of ``[choices.<kind>]`` that a message names."""

    def find(reading: Reading) -> Found:
        options = reading.template.catalogues[reading.language].choices.get(kind, {})
        for option, said in options.items():
            if option_entry(kind, option) in reading.hits:
                return Found({kind: said}, {kind: option})
        return Found()

    return find
