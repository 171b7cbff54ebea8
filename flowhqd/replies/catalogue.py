"""A catalogue: what a template reads and writes in one language, from its TOML files.

A table is a rule; ``keywords`` and ``unless`` decide when it applies, every other entry is a text:
``text`` for the rule itself, the rest for what was found in the message.
``[choices.<kind>]`` lists things that are recognised in messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from typing import Any

from flowhqd.errors import Invalid
from flowhqd.replies.keywords import Keywords
from flowhqd.replies.render import validate_text
from flowhqd.replies.text import TEXTS, read_toml
from flowhqd.states import Language

_COMMON = "common"
_KEYWORD_FIELDS = ("keywords", "unless")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Texts by key, what each option of a choice is called, and keywords by rule or option."""

    texts: dict[str, str] = field(default_factory=dict)
    choices: dict[str, dict[str, str]] = field(default_factory=dict)
    keywords: dict[str, Keywords] = field(default_factory=dict)

    @classmethod
    def read(cls, language: Language, directory: Traversable, name: str) -> Catalogue:
        """The common texts, overridden and added to by ``<directory>/<language>/<name>.toml``.

        Raises ValueError naming the file and entry that is wrong, OSError for a missing file.
        """
        catalogue = cls()
        for place, file in ((TEXTS, _COMMON), (directory, name)):
            source = f"{language.value.lower()}/{file}.toml"
            try:
                catalogue._add_file(read_toml(place, language, file))
            except ValueError as error:
                raise ValueError(f"{source}: {error}") from error
        return catalogue

    @property
    def entries(self) -> frozenset[str]:
        """What has to be in every language: the keys of texts, and the options of choices."""
        options = (
            f"choices.{kind}.{option}" for kind, named in self.choices.items() for option in named
        )
        return frozenset((*self.texts, *options))

    def _add_file(self, data: Mapping[str, Any]) -> None:
        for name, table in data.items():
            if name == "choices":
                for kind, options in _table(name, table).items():
                    for option, fields in _table(f"choices.{kind}", options).items():
                        self._add_option(kind, option, _table(f"choices.{kind}.{option}", fields))
            else:
                self._add_rule(name, _table(name, table))

    def _add_rule(self, rule: str, table: Mapping[str, Any]) -> None:
        self._add_keywords(rule, table)
        for entry, value in table.items():
            if entry in _KEYWORD_FIELDS:
                continue
            key = rule if entry == "text" else f"{rule}.{entry}"
            body = _string(key, value)
            try:
                validate_text(key, body)
            except Invalid as error:
                raise ValueError(f"{key}: {error}") from error
            self.texts[key] = body

    def _add_option(self, kind: str, option: str, table: Mapping[str, Any]) -> None:
        said = _string(f"choices.{kind}.{option}.said", table.get("said"))
        self.choices.setdefault(kind, {})[option] = said
        self._add_keywords(option_entry(kind, option), table)

    def _add_keywords(self, name: str, table: Mapping[str, Any]) -> None:
        added = Keywords(
            *(_strings(f"{name}.{entry}", table.get(entry, [])) for entry in _KEYWORD_FIELDS)
        )
        self.keywords[name] = self.keywords.get(name, Keywords()) + added


def option_entry(kind: str, option: str) -> str:
    """The name under which the keywords of a choice's option are matched."""
    return f"{kind}:{option}"


def _table(name: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} must be a table")
    return value


def _string(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a string")
    return value


def _strings(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"{name} must be a list of strings")
    return tuple(value)
