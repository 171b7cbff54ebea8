"""A template: the rules of one kind of business, with their keywords and texts.

Rules are code, everything people read or type is data: one TOML file per language and template.
A table is a rule; ``keywords`` and ``unless`` decide when it applies, every other entry is a text:
``text`` for the rule itself, the rest for what was found in the message.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib.resources.abc import Traversable
from typing import Any

from flowhqd.errors import Invalid
from flowhqd.replies.keywords import Keywords, Lexicon
from flowhqd.replies.render import placeholders, validate_text
from flowhqd.replies.text import TEXTS, read_toml
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

OTHERS = ("noted", "media", "fallback", "away", "away.opening", "hours.week", "wait", "slow_down")
"""Texts of every template that no keyword leads to, or a further one of a common rule."""

_COMMON = "common"


@dataclass(frozen=True, slots=True)
class Template:
    """Rules in the order they are tried, with texts by language and key, ready to answer."""

    name: str
    rules: tuple[Rule, ...]
    texts: Mapping[Language, Mapping[str, str]]
    choices: Mapping[Language, Mapping[str, Mapping[str, str]]]
    lexicon: Lexicon

    @classmethod
    def load(
        cls, name: str, rules: tuple[Rule, ...] = (), directory: Traversable = TEXTS
    ) -> Template:
        """Read ``<directory>/<language>/<name in lower case>.toml`` of every language.

        Raises ValueError naming the file and entry that is missing or wrong, OSError for a missing
        file. The common texts of every template are underneath and may be overridden.
        """
        texts: dict[Language, dict[str, str]] = {}
        choices: dict[Language, dict[str, dict[str, str]]] = {}
        entries: dict[str, Keywords] = {}
        for language in Language:
            texts[language], choices[language] = {}, {}
            for place, file in ((TEXTS, _COMMON), (directory, name.lower())):
                source = f"{language.value.lower()}/{file}.toml"
                data = read_toml(place, language, file)
                for choice, options in data.pop("choices", {}).items():
                    choices[language][choice] = {}
                    for option, value in options.items():
                        choices[language][choice][option] = str(value["said"])
                        _add(entries, _choice_entry(choice, option), value, source)
                for rule, table in data.items():
                    _add(entries, rule, table, source)
                    texts[language] |= _texts(rule, table, source)
        placed = {rule.name for rule in rules}
        first = (rule for rule in FIRST if rule.name not in placed)
        last = (rule for rule in LAST if rule.name not in placed)
        template = cls(name, (*first, *rules, *last), texts, choices, Lexicon(entries))
        template._check()
        return template

    @property
    def keys(self) -> Mapping[str, frozenset[str]]:
        """Every text a tenant may write anew, with the placeholders it may use."""
        return {key: placeholders(key) for key in self.texts[Language.SW]}

    def _check(self) -> None:
        """Both languages must say the same things, and every rule must have something to say."""
        swahili, english = self.texts[Language.SW], self.texts[Language.EN]
        if odd := swahili.keys() ^ english.keys():
            raise ValueError(f"{self.name}: in one language only: {', '.join(sorted(odd))}")
        rules = (*self.rules, *COURTESIES)
        needed = {rule.name for rule in rules} | {rule.then for rule in rules if rule.then}
        if missing := (needed | set(OTHERS)) - swahili.keys():
            raise ValueError(f"{self.name}: no text for {', '.join(sorted(missing))}")
        if idle := {key.partition(".")[0] for key in swahili} - needed - set(OTHERS):
            raise ValueError(f"{self.name}: no rule named {', '.join(sorted(idle))}")


def choice(kind: str) -> Finder:
    """A finder for the first option of ``[choices.<kind>]`` that a message names."""

    def find(reading: Reading) -> Found:
        for option, said in reading.template.choices[reading.language].get(kind, {}).items():
            if _choice_entry(kind, option) in reading.hits:
                return Found({kind: said}, {kind: option})
        return Found()

    return find


def _choice_entry(kind: str, option: str) -> str:
    return f"{kind}:{option}"


def _add(entries: dict[str, Keywords], name: str, table: Mapping[str, Any], source: str) -> None:
    for field_name in ("keywords", "unless"):
        phrases = table.get(field_name, [])
        if not isinstance(phrases, list) or not all(isinstance(item, str) for item in phrases):
            raise ValueError(f"{source}: {name}.{field_name} must be a list of strings")
    added = Keywords(tuple(table.get("keywords", ())), tuple(table.get("unless", ())))
    entries[name] = entries.get(name, Keywords(())) + added


def _texts(rule: str, table: Mapping[str, Any], source: str) -> dict[str, str]:
    texts = {}
    for entry, body in table.items():
        if entry in ("keywords", "unless"):
            continue
        key = rule if entry == "text" else f"{rule}.{entry}"
        if not isinstance(body, str):
            raise ValueError(f"{source}: {key} must be a string")
        try:
            validate_text(key, body)
        except Invalid as error:
            raise ValueError(f"{source}: {key}: {error}") from error
        texts[key] = body
    return texts
