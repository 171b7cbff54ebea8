"""The portal in its reader's language: texts from ``web/locale``, times and numbers as they write
them.

Source texts are English. ``web/catalogues.py`` collects them; ``tests/http/test_portal_texts.py``
holds the catalogues to them.
"""

from __future__ import annotations

import gettext
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from io import BytesIO
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, dates, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from jinja2 import Environment, pass_context
from jinja2.runtime import Context

from flowhqd.replies.business import DEFAULT_ZONE
from flowhqd.resources import resource
from flowhqd.states import Language

LOCALES: Mapping[Language, Locale] = MappingProxyType(
    {Language.SW: Locale("sw", "TZ"), Language.EN: Locale("en", "TZ")}
)
NAMES: Mapping[Language, str] = MappingProxyType({Language.SW: "Kiswahili", Language.EN: "English"})
"""Each language as its own speakers call it."""

_TIME = "HH:mm"
_DAY = "d MMMM"
_DAY_AND_YEAR = "d MMMM y"


def N_(text: str) -> str:  # noqa: N802 - the name that extractors of messages know
    """Mark a text that is translated where it is shown."""
    return text


class Catalogues:
    """The texts of every language, read from their files."""

    def __init__(self) -> None:
        self._texts = {language: _read(language) for language in Language}

    def reader(self, language: Language, zone: ZoneInfo = DEFAULT_ZONE) -> Reader:
        """Who reads ``language`` and lives by the clock of ``zone``."""
        return Reader(language, zone, self._texts[language])


@dataclass(frozen=True, slots=True)
class Reader:
    """Says and writes things so that one person can read them."""

    language: Language
    zone: ZoneInfo
    texts: gettext.NullTranslations

    @property
    def code(self) -> str:
        """The language for ``lang`` in HTML (BCP 47)."""
        return self.language.lower()

    def say(self, text: str, /, **values: object) -> str:
        """``text`` in the reader's language, with ``values`` for its ``%(name)s``."""
        said = self.texts.gettext(text) if text else ""
        return said % values if values else said

    def moment(self, at: datetime, now: datetime | None = None) -> str:
        """A time of the reader's day: "14:05" today, else with the date."""
        local = at.astimezone(self.zone)
        today = (now or datetime.now(UTC)).astimezone(self.zone).date()
        clock = dates.format_time(local, _TIME, locale=self._locale)
        if local.date() == today:
            return clock
        return f"{self.day(local.date(), today)}, {clock}"

    def day(self, day: date, today: date | None = None) -> str:
        """A date, with its year unless it is this one."""
        this_year = (today or datetime.now(self.zone).date()).year
        pattern = _DAY if day.year == this_year else _DAY_AND_YEAR
        return dates.format_date(day, pattern, locale=self._locale)

    def ago(self, at: datetime, now: datetime | None = None) -> str:
        """How long ago a moment was: "5 minutes ago"."""
        delta = at - (now or datetime.now(UTC))
        if delta > timedelta(minutes=-1):
            return self.say(N_("just now"))
        return dates.format_timedelta(delta, add_direction=True, locale=self._locale)

    def number(self, value: int) -> str:
        """A number with its thousands apart."""
        return numbers.format_decimal(value, locale=self._locale)

    def weekday(self, index: int) -> str:
        """The name of a day; 0 is Monday."""
        name: str = self._locale.days["stand-alone"]["wide"][index]
        return name

    @property
    def _locale(self) -> Locale:
        return LOCALES[self.language]


def setup(environment: Environment) -> None:
    """Give templates ``_()`` and ``{% trans %}``, in the language of the page's ``reader``.

    A page without a reader is in English.
    """
    environment.add_extension("jinja2.ext.i18n")
    environment.policies["ext.i18n.trimmed"] = True
    extension: Any = environment
    extension.install_gettext_callables(_gettext, _ngettext, newstyle=True)


def guess(accept_language: str) -> Language:
    """The language that a browser likes best; Swahili when it likes none of ours better."""
    best, quality = Language.SW, 0.0
    for part in accept_language.split(","):
        tag, _, parameter = part.partition(";")
        name = tag.strip().partition("-")[0].upper()
        if name in list(Language) and (wish := _quality(parameter)) > quality:
            best, quality = Language(name), wish
    return best


def _quality(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


@cache
def _read(language: Language) -> gettext.GNUTranslations:
    with (resource("web/locale") / f"{language.lower()}.po").open("rb") as file:
        catalogue = read_po(file, locale=LOCALES[language], abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


@pass_context
def _gettext(context: Context, text: str) -> str:
    return _texts(context).gettext(text)


@pass_context
def _ngettext(context: Context, one: str, many: str, count: int) -> str:
    return _texts(context).ngettext(one, many, count)


def _texts(context: Context) -> gettext.NullTranslations:
    reader: Any = context.get("reader")
    return _ENGLISH if reader is None else reader.texts


_ENGLISH = gettext.NullTranslations()
