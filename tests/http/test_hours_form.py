"""Opening hours as a form: what is typed becomes a schedule, or a sentence beside its field."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowhqd.http.hours_form import (
    BACKWARDS,
    BAD_DATE,
    BAD_TIME,
    BAD_ZONE,
    HALF,
    MANY_DATES,
    NEVER_OPEN,
    OVERLAP,
    SENTENCES,
    HoursForm,
    zones,
)
from flowhqd.replies.hours import DAYS, MINUTES_A_DAY, OpeningHours

NAIROBI = {"hours": "set", "tz": "Africa/Nairobi"}
MONDAY = {**NAIROBI, "mon_1_from": "08:00", "mon_1_to": "12:00"}


def fields(form: HoursForm) -> dict[str, str]:
    """What a browser sends of a form that is not touched."""
    sent = {
        "hours": "always" if form.is_always_open else "set",
        "tz": form.zone,
        "closed": form.closed.replace("\n", "\r\n"),
        "closed_more": form.closed_more,
    }
    for day, pairs in form.week.items():
        for row, (start, end) in enumerate(pairs, start=1):
            sent |= {f"{day}_{row}_from": start, f"{day}_{row}_to": end}
    return sent


def clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def spans(times: list[int]) -> list[list[str]]:
    ordered = sorted(set(times))
    return [[clock(a), clock(b)] for a, b in zip(ordered[::2], ordered[1::2], strict=False)]


days = st.lists(st.integers(0, MINUTES_A_DAY), max_size=10).map(spans)
schedules = st.fixed_dictionaries(
    {"tz": st.sampled_from(["Africa/Dar_es_Salaam", "Asia/Kolkata", "UTC"])},
    optional={
        **dict.fromkeys(DAYS, days),
        "closed": st.lists(st.dates().map(str), max_size=5, unique=True).map(sorted),
    },
)


@given(schedules)
def test_what_is_not_touched_stays_as_it_is(schedule: dict[str, Any]) -> None:
    stored = OpeningHours.parse(schedule).to_json()
    form = HoursForm.sent(fields(HoursForm.of(stored)))
    if set(stored) <= {"tz", "closed"}:
        assert form.errors == {"hours": NEVER_OPEN}
    else:
        assert form.errors == {}
        assert form.hours_json() == stored


@given(st.dictionaries(st.sampled_from([*fields(HoursForm.of(None)), "as_monday"]), st.text()))
def test_whatever_is_typed_is_a_schedule_or_has_errors(typed: dict[str, str]) -> None:
    form = HoursForm.sent({**typed, "hours": "set"})
    assert set(form.errors.values()) <= set(SENTENCES)
    if not form.errors:
        OpeningHours.parse(form.hours_json())


def test_always_open_asks_for_nothing_else() -> None:
    assert HoursForm.sent({"hours": "always", "tz": "Mars", "mon_1_from": "x"}).errors == {}
    assert HoursForm.sent({}).hours_json() is None


def test_times_are_read_as_people_write_them() -> None:
    typed = {**NAIROBI, "mon_1_from": "8:00", "mon_1_to": "17.30", "tue_2_from": "18:00"}
    form = HoursForm.sent({**typed, "tue_2_to": "00:00", "sat_1_from": "0:00", "sat_1_to": "24:00"})
    assert form.errors == {}
    assert form.hours_json() == {
        "tz": "Africa/Nairobi",
        "mon": [["08:00", "17:30"]],
        "tue": [["18:00", "24:00"]],
        "sat": [["00:00", "24:00"]],
    }
    # A time field has no 24:00.
    assert HoursForm.of(form.hours_json()).week["tue"][0] == ("18:00", "00:00")


def test_weekdays_can_be_as_monday() -> None:
    hours = HoursForm.sent({**MONDAY, "as_monday": "on", "tue_1_from": "09:00"}).hours_json()
    assert hours is None or set(hours) == {"tz", "mon", "tue", "wed", "thu", "fri"}


def test_a_date_is_added_to_those_that_are_there() -> None:
    typed = {**MONDAY, "closed": "2026-12-25\r\n\r\n2026-12-26", "closed_more": "2026-01-01"}
    hours = HoursForm.sent(typed).hours_json()
    assert hours is not None
    assert hours["closed"] == ["2026-01-01", "2026-12-25", "2026-12-26"]


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        (NAIROBI, {"hours": NEVER_OPEN}),
        ({**MONDAY, "tz": "Mars/Base"}, {"tz": BAD_ZONE}),
        ({**MONDAY, "tz": ""}, {"tz": BAD_ZONE}),
        ({**MONDAY, "mon_1_to": ""}, {"mon_1": HALF}),
        ({**MONDAY, "mon_1_to": "25:00"}, {"mon_1": BAD_TIME}),
        ({**MONDAY, "mon_1_from": "24:00"}, {"mon_1": BAD_TIME}),
        ({**MONDAY, "mon_1_to": "08:00"}, {"mon_1": BACKWARDS}),
        ({**MONDAY, "mon_3_from": "11:00", "mon_3_to": "13:00"}, {"mon_3": OVERLAP}),
        ({**MONDAY, "closed": "25/12/2026"}, {"closed": BAD_DATE}),
        ({**MONDAY, "closed_more": "2026-02-30"}, {"closed_more": BAD_DATE}),
        (
            {**MONDAY, "closed": " ".join(f"{year}-12-25" for year in range(1000, 2001))},
            {"closed": MANY_DATES},
        ),
        (
            {**MONDAY, "tz": "x", "tue_1_from": "9", "closed": "y"},
            {"tz": BAD_ZONE, "tue_1": HALF, "closed": BAD_DATE},
        ),
    ],
)
def test_an_error_stands_beside_its_field(typed: dict[str, str], errors: dict[str, str]) -> None:
    form = HoursForm.sent(typed)
    assert form.errors == errors
    assert set(errors.values()) <= set(SENTENCES)
    sent = fields(form)
    assert {name: sent[name] for name in typed if name != "closed"} == {
        name: value for name, value in typed.items() if name != "closed"
    }


def test_zones_are_those_of_places() -> None:
    assert "Africa/Dar_es_Salaam" in zones()
    assert not [zone for zone in zones() if "/" not in zone or zone.startswith("Etc/")]
