"""What holds for every answer, whatever is sent."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowhqd.errors import Invalid
from flowhqd.replies import (
    Answer,
    Business,
    Inquiry,
    OpeningHours,
    answer,
    registry,
    render,
    validate_text,
)
from flowhqd.replies.render import MAX_TEXT
from flowhqd.states import Language

TEMPLATES = [*registry.names(), registry.FALLBACK]
HOURS = OpeningHours.parse({"tz": "Africa/Dar_es_Salaam", "mon": [["08:00", "17:00"]]})
NOW = datetime(2026, 11, 21, 7, 0, tzinfo=UTC)

PIECES = """
habari bei miadi kesho saa nne {{ business }} {{ x {{{{ }} oda haijafika 5/12 asante price how much
'; DROP \0 \ud800 \u202e 😀 مرحبا tarehe 31 kusuka order where is my
"""

customers = st.text(st.characters(), max_size=300) | st.lists(
    st.sampled_from(PIECES.split()),
    max_size=15,
).map(" ".join)

businesses = st.builds(
    Business,
    name=st.text(st.characters(exclude_characters="{}"), min_size=1, max_size=60),
    template=st.sampled_from([*TEMPLATES, "", "UNKNOWN"]),
    language=st.sampled_from(Language),
    hours=st.sampled_from([None, HOURS]),
    texts=st.dictionaries(
        st.sampled_from(["greeting", "booking", "booking.day", "prices@EN", "away", "fallback"]),
        st.sampled_from(["{{ business }}", "{{ nonsense }} !", "{{when}}", " ", "Karibu"]),
    ),
)

inquiries = st.builds(
    Inquiry,
    text=customers,
    now=st.datetimes(timezones=st.just(UTC)),
    message_type=st.sampled_from(["chat", "image", "ptt"]),
    away_until=st.none() | st.datetimes(timezones=st.just(UTC)),
    previous_rule=st.none() | st.sampled_from(["booking", "orders", "noted", "away", "gone"]),
)


@given(businesses, inquiries)
@settings(max_examples=200, deadline=None)
def test_every_message_has_one_short_answer_or_a_reason(
    business: Business, inquiry: Inquiry
) -> None:
    said = answer(business, inquiry)
    assert said == answer(business, inquiry)
    if isinstance(said, Answer):
        assert len(said.text) <= MAX_TEXT
        assert "{{" not in said.text
        assert "}}" not in said.text
    else:
        assert said.reason == "hours"


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize(
    "piece",
    [
        "x",
        "nataka miadi ",
        "hbarii kshoo ",
        "saa ",
        "1/2 ",
        "ﷺ",
        "😀",
        "\0",
        "{{ business }} ",
        "ع ",
    ],
)
def test_the_longest_message_is_answered_quickly(template: str, piece: str) -> None:
    message = (piece * 65_536)[:65_536]
    business = Business("Asha Salon", template, Language.SW)
    answer(business, Inquiry("", NOW))
    started = process_time()
    said = answer(business, Inquiry(message, NOW))
    assert process_time() - started < 0.25
    assert isinstance(said, Answer)


NO_FILES = """
import sys
from datetime import datetime, timezone
from flowhqd.replies import Business, Inquiry, answer
from flowhqd.states import Language

def refuse(event, args):
    assert event != "open", args

sys.addaudithook(refuse)
now = datetime(2026, 11, 21, 9, tzinfo=timezone.utc)
for text in ("Habari, nataka miadi kesho saa nne", "hello", "bei gan"):
    answer(Business("Asha Salon", "BOOKING", Language.SW), Inquiry(text, now))
"""


def test_answering_reads_no_file() -> None:
    subprocess.run([sys.executable, "-c", NO_FILES], check=True, timeout=60)


def bodies() -> Iterator[tuple[str, Language, str, str]]:
    for name in TEMPLATES:
        for language in Language:
            for key, body in registry.get(name).texts(language).items():
                yield name, language, key, body


@pytest.mark.parametrize(("name", "language", "key", "body"), list(bodies()))
def test_shipped_texts_are_valid(name: str, language: Language, key: str, body: str) -> None:
    validate_text(key, body)
    twin = registry.get(name).texts(Language.EN if language is Language.SW else Language.SW)[key]
    values = {word: f"<{word}>" for word in registry.get(name).keys[key]}
    for word, value in values.items():
        if word != "business":
            assert value in render(body, values), f"{key} does not say {word}"
            assert value in render(twin, values)


@given(
    st.text(st.characters(), max_size=80)
    | st.sampled_from(["{{ business }}", "{{ business }", "{{"]),
    st.dictionaries(st.sampled_from(["business", "day"]), st.text(max_size=20)),
)
def test_any_text_renders_and_what_is_valid_leaves_nothing_behind(
    body: str, values: dict[str, str]
) -> None:
    rendered = render(body, dict.fromkeys(values, "x"))
    try:
        validate_text("greeting", body)
    except Invalid:
        return
    assert "{{" not in rendered
    assert "}}" not in rendered


def test_values_are_never_expanded() -> None:
    assert render("{{ a }}", {"a": "{{ b }}", "b": "secret"}) == "{{ b }}"


@pytest.mark.parametrize(
    ("key", "body", "field", "says"),
    [
        ("prices", "Bei\nni {{ price }}", "body", "line 2, column 4: there is no {{ price }}"),
        ("prices", "{{ day }}", "body", "line 1, column 1"),
        ("booking.day", "{{ day }} {{ service }}", "body", "line 1, column 11"),
        ("prices", "Karibu {{ business", "body", "line 1, column 8: {{ is not part"),
        ("prices", "Karibu }}", "body", "line 1, column 8"),
        ("prices", "{{ business.name }}", "body", "line 1, column 1"),
        ("prices", "a\0b", "body", "line 1, column 2: a character that cannot be sent"),
        ("prices", "a\ud800", "body", "line 1, column 2"),
        ("prices", " \n", "body", "the text is empty"),
        ("prices", "a" * 4001, "body", "longer than 4000"),
        ("Prices!", "a", "key", "must be the name of a text"),
        ("prices@FR", "a", "key", "must be the name of a text"),
        ("prices@", "a", "key", "must be the name of a text"),
    ],
)
def test_a_text_that_cannot_be_used_is_refused(key: str, body: str, field: str, says: str) -> None:
    with pytest.raises(Invalid) as refused:
        validate_text(key, body)
    assert says in refused.value.errors[field]


@pytest.mark.parametrize("key", ["prices", "prices@EN", "prices@SW"])
def test_a_text_that_names_the_business_is_accepted(key: str) -> None:
    validate_text(key, "Karibu {{business}}\n\t😀 {sawa}")
