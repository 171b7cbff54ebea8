"""The portal's languages: the catalogues, and how a reader's times and numbers are written."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from flowhqd.http.portal.i18n import Catalogues, guess
from flowhqd.resources import resource
from flowhqd.states import Language
from web import catalogues

PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\{ \w+ \}\}")
# Names, and what a Swahili customer and a bot say to each other on the entrance.
NO_TEXTS = ("WhatsApp", "flowhqd", "Habari, nataka", "Sawa, tumepokea")
NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


def _all(text: str | list[str] | tuple[str, ...] | None) -> tuple[str, ...]:
    """The singular and the plural, where there are two."""
    return (text,) if isinstance(text, str) else tuple(text or ())


@pytest.fixture(scope="module")
def texts() -> Catalogues:
    return Catalogues()


@pytest.mark.parametrize("language", catalogues.LANGUAGES)
def test_a_catalogue_has_what_there_is_to_say_and_no_more(language: str) -> None:
    """Else: python web/catalogues.py."""
    said = {message.id for message in catalogues.collect() if message.id}
    kept = {message.id for message in catalogues.read(language) if message.id}
    assert said - kept == set(), "missing"
    assert kept - said == set(), "obsolete"
    assert not catalogues.read(language).obsolete
    assert len(said) > 300


def test_every_text_is_in_swahili_with_the_same_placeholders() -> None:
    pairs = [
        pair
        for message in catalogues.read("sw")
        if message.id and not message.fuzzy
        for pair in zip(_all(message.id), _all(message.string), strict=True)
    ]
    assert len(pairs) > 300
    for english, swahili in pairs:
        assert swahili.strip(), f"not translated: {english}"
        assert sorted(PLACEHOLDER.findall(swahili)) == sorted(PLACEHOLDER.findall(english))
        if len(english.split()) > 1:
            assert swahili != english
        for end in (".", "?", "!", ":"):
            assert english.endswith(end) == swahili.endswith(end), english


def test_english_says_the_source_itself() -> None:
    for message in catalogues.read("en"):
        if message.id:
            assert not any(_all(message.string)), message.id


def test_no_template_says_anything_past_the_catalogues() -> None:
    for path in (resource("web/templates") / "portal").glob("*.html"):
        source = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", path.read_text(), flags=re.S)
        for attribute in re.findall(r'(?:alt|aria-label|placeholder|title)="([^"]*)"', source):
            assert not re.search(r"[A-Za-z]{2}", attribute), (path.name, attribute)
        # What is left of tags and of attributes that stand in blocks is text.
        for piece in re.sub(r'<[^>]*>|[\w-]+="[^"]*"', "\n", source).split("\n"):
            if not piece.strip().startswith(NO_TEXTS):
                assert not re.search(r"[A-Za-z]{2}", piece), (path.name, piece)


def test_the_words_of_whatsapps_own_menu(texts: Catalogues) -> None:
    say = texts.reader(Language.SW).say
    assert say("Linked devices") == "Vifaa vilivyounganishwa"
    assert say("Link a device") == "Unganisha kifaa"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "SW"),
        ("sw-TZ,sw;q=0.9,en;q=0.8", "SW"),
        ("en-GB,en;q=0.9", "EN"),
        ("fr,de;q=0.9", "SW"),
        ("fr, en;q=0.5, sw;q=0.4", "EN"),
        ("en;q=0.3,sw;q=0.7", "SW"),
        ("en;q=zero", "SW"),
        ("*", "SW"),
        (",;,=", "SW"),
        ("swahili-nothing, english", "SW"),
    ],
)
def test_the_first_guess(header: str, language: str) -> None:
    assert guess(header) is Language(language)


def test_times_are_those_of_the_business(texts: Catalogues) -> None:
    swahili = texts.reader(Language.SW, ZoneInfo("Africa/Dar_es_Salaam"))
    english = texts.reader(Language.EN, ZoneInfo("Africa/Dar_es_Salaam"))
    assert swahili.moment(NOW, NOW) == english.moment(NOW, NOW) == "12:30"
    yesterday = NOW - timedelta(hours=13)
    assert english.moment(yesterday, NOW) == "20 November, 23:30"
    assert swahili.moment(yesterday, NOW) == "20 Novemba, 23:30"
    assert english.moment(datetime(2025, 3, 1, tzinfo=UTC), NOW) == "1 March 2025, 03:00"
    assert texts.reader(Language.EN, ZoneInfo("America/Lima")).moment(NOW, NOW) == "04:30"
    assert swahili.day(date(2026, 5, 1), date(2026, 11, 21)) == "1 Mei"


def test_how_long_ago(texts: Catalogues) -> None:
    swahili, english = texts.reader(Language.SW), texts.reader(Language.EN)
    assert english.ago(NOW - timedelta(seconds=59), NOW) == "just now"
    assert swahili.ago(NOW + timedelta(hours=1), NOW) == "sasa hivi"
    assert english.ago(NOW - timedelta(minutes=5), NOW) == "5 minutes ago"
    assert swahili.ago(NOW - timedelta(minutes=5), NOW) == "dakika 5 zilizopita"


def test_numbers_and_days(texts: Catalogues) -> None:
    assert texts.reader(Language.SW).number(12345) == "12,345"
    assert [texts.reader(Language.SW).weekday(day) for day in (0, 6)] == ["Jumatatu", "Jumapili"]
    assert texts.reader(Language.EN).weekday(0) == "Monday"
