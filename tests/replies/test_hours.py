"""Opening hours on the wall clock, over clock changes and holidays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowhqd.errors import Invalid
from flowhqd.replies.hours import DAYS, OpeningHours
from flowhqd.replies.spoken import say_week
from flowhqd.states import Language

ZONES = [
    "Africa/Dar_es_Salaam",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Santiago",
    "America/St_Johns",
    "UTC",
]


@st.composite
def schedules(draw: st.DrawFn) -> OpeningHours:
    value: dict[str, Any] = {"tz": draw(st.sampled_from(ZONES))}
    for day in DAYS:
        edges = sorted(draw(st.sets(st.integers(0, 96), max_size=6)))
        value[day] = [
            [f"{start // 4:02}:{start % 4 * 15:02}", f"{end // 4:02}:{end % 4 * 15:02}"]
            for start, end in zip(edges[::2], edges[1::2], strict=False)
        ]
    days = draw(st.lists(st.dates(datetime(2026, 3, 1).date(), datetime(2026, 12, 1).date())))
    value["closed"] = [day.isoformat() for day in days]
    return OpeningHours.parse(value)


# Berlin, New York, Lord Howe (half an hour) and Santiago (at midnight) set their clocks here.
TURNS = [
    datetime(2026, 3, 8, tzinfo=UTC),
    datetime(2026, 3, 29, tzinfo=UTC),
    datetime(2026, 4, 5, tzinfo=UTC),
    datetime(2026, 9, 6, tzinfo=UTC),
    datetime(2026, 10, 4, tzinfo=UTC),
    datetime(2026, 10, 25, tzinfo=UTC),
    datetime(2026, 11, 1, tzinfo=UTC),
    # Newfoundland, at one minute past midnight.
    datetime(2006, 10, 29, tzinfo=UTC),
]
moments = st.builds(
    lambda turn, minutes: turn + timedelta(minutes=minutes),
    st.sampled_from(TURNS),
    st.integers(-2 * 1440, 2 * 1440),
)


@given(schedules(), moments)
@settings(max_examples=150, deadline=None)
def test_the_next_opening_is_the_first_open_moment(hours: OpeningHours, now: datetime) -> None:
    opening = hours.next_opening(now)
    horizon = now + timedelta(days=3)
    if opening is not None:
        assert hours.is_open(opening)
        assert opening >= now
        assert opening.tzinfo is hours.zone
    moment = now
    while moment < min(opening or horizon, horizon):
        assert not hours.is_open(moment), moment
        moment += timedelta(minutes=5)


@given(schedules())
@settings(max_examples=50)
def test_a_schedule_survives_json(hours: OpeningHours) -> None:
    assert OpeningHours.parse(hours.to_json()) == hours


def test_an_interval_inside_the_skipped_hour_waits_for_the_next_week() -> None:
    hours = OpeningHours.parse({"tz": "Europe/Berlin", "sun": [["02:10", "02:50"]]})
    opening = hours.next_opening(datetime(2026, 3, 29, 0, 30, tzinfo=UTC))
    assert opening is not None
    assert opening.isoformat() == "2026-04-05T02:10:00+02:00"


def test_the_skipped_hour_opens_when_the_clock_is_set() -> None:
    hours = OpeningHours.parse({"tz": "Europe/Berlin", "sun": [["02:30", "05:00"]]})
    opening = hours.next_opening(datetime(2026, 3, 29, 0, 30, tzinfo=UTC))
    assert opening is not None
    assert opening.isoformat() == "2026-03-29T03:00:00+02:00"


def test_a_clock_set_tomorrow_does_not_hide_an_earlier_opening() -> None:
    hours = OpeningHours.parse(
        {"tz": "Europe/Berlin", "sat": [["00:00", "00:15"]], "sun": [["00:00", "03:15"]]}
    )
    opening = hours.next_opening(datetime(2026, 3, 28, 22, 59, tzinfo=UTC))
    assert opening is not None
    assert opening.isoformat() == "2026-03-29T00:00:00+01:00"


def test_a_repeated_evening_opens_after_the_day_that_began() -> None:
    # Newfoundland set its clock back from 00:01 to 23:01 the evening before.
    hours = OpeningHours.parse(
        {"tz": "America/St_Johns", "sat": [["23:30", "23:45"]], "sun": [["00:00", "00:01"]]}
    )
    second = datetime(2006, 10, 29, 2, 20, tzinfo=UTC)
    assert hours.local(second).isoformat() == "2006-10-28T23:50:00-02:30"
    first = hours.next_opening(second)
    assert first is not None
    assert first.isoformat() == "2006-10-29T00:00:00-02:30"
    again = hours.next_opening(first.astimezone(UTC) + timedelta(minutes=1))
    assert again is not None
    assert again.isoformat() == "2006-10-28T23:30:00-03:30"


def test_open_until_midnight_and_from_midnight_is_open_all_the_while() -> None:
    hours = OpeningHours.parse(
        {"tz": "UTC", "fri": [["18:00", "24:00"]], "sat": [["00:00", "02:00"]]}
    )
    assert hours.is_open(datetime(2026, 11, 20, 23, 59, 59, tzinfo=UTC))
    assert hours.is_open(datetime(2026, 11, 21, 0, 0, tzinfo=UTC))
    assert not hours.is_open(datetime(2026, 11, 21, 2, 0, tzinfo=UTC))


def test_holidays_put_the_opening_off() -> None:
    mondays = [f"2026-{day}" for day in ("11-23", "11-30", "12-07")]
    hours = OpeningHours.parse({"tz": "UTC", "mon": [["08:00", "09:00"]], "closed": mondays})
    opening = hours.next_opening(datetime(2026, 11, 21, tzinfo=UTC))
    assert opening == datetime(2026, 12, 14, 8, tzinfo=UTC)


def test_a_schedule_without_times_never_opens() -> None:
    assert (
        OpeningHours.parse({"tz": "UTC"}).next_opening(datetime(2026, 11, 21, tzinfo=UTC)) is None
    )


@pytest.mark.parametrize("now", [datetime.min, datetime.max])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_the_ends_of_the_calendar_are_times_like_any_other(now: datetime, zone: str) -> None:
    hours = OpeningHours.parse({"tz": zone, "wed": [["08:00", "09:00"]]})
    opening = hours.next_opening(now.replace(tzinfo=UTC))
    assert opening is None or hours.is_open(opening)


@pytest.mark.parametrize(
    ("value", "fields"),
    [
        ([], ["hours_json"]),
        ("mon", ["hours_json"]),
        ({}, ["hours_json.tz"]),
        ({"tz": "Mars/Base"}, ["hours_json.tz"]),
        ({"tz": "../etc/passwd"}, ["hours_json.tz"]),
        ({"tz": "localtime"}, ["hours_json.tz"]),
        ({"tz": "A/\0"}, ["hours_json.tz"]),
        ({"tz": "A/\ud800"}, ["hours_json.tz"]),
        ({"tz": "Africa/"}, ["hours_json.tz"]),
        ({"tz": 3}, ["hours_json.tz"]),
        ({"tz": "UTC", "monday": []}, ["hours_json.monday"]),
        ({"tz": "UTC", "mon": "08:00"}, ["hours_json.mon"]),
        ({"tz": "UTC", "mon": None}, ["hours_json.mon"]),
        ({"tz": "UTC", "mon": [["08:00"]]}, ["hours_json.mon[0]"]),
        ({"tz": "UTC", "mon": [["8:00", "17:00"]]}, ["hours_json.mon[0]"]),
        ({"tz": "UTC", "mon": [["08:00", "25:00"]]}, ["hours_json.mon[0]"]),
        ({"tz": "UTC", "mon": [["24:00", "24:00"]]}, ["hours_json.mon[0]"]),
        ({"tz": "UTC", "mon": [[800, 1700]]}, ["hours_json.mon[0]"]),
        ({"tz": "UTC", "mon": [["17:00", "08:00"]]}, ["hours_json.mon[0]"]),
        ({"tz": "UTC", "mon": [["08:00", "08:00"]]}, ["hours_json.mon[0]"]),
        (
            {"tz": "UTC", "mon": [["08:00", "12:00"], ["11:00", "14:00"]]},
            ["hours_json.mon[1]"],
        ),
        ({"tz": "UTC", "mon": [["08:00", "09:00"]] * 30}, ["hours_json.mon"]),
        ({"tz": "UTC", "closed": "2026-12-25"}, ["hours_json.closed"]),
        (
            {"tz": "UTC", "closed": ["2026-02-30", "x", 4]},
            [f"hours_json.closed[{n}]" for n in range(3)],
        ),
        (
            {"tz": "x", "mon": [["a", "b"]], "closed": ["c"], "open": 1},
            ["hours_json.closed[0]", "hours_json.mon[0]", "hours_json.open", "hours_json.tz"],
        ),
    ],
)
def test_every_bad_field_is_named(value: object, fields: list[str]) -> None:
    with pytest.raises(Invalid) as refused:
        OpeningHours.parse(value)
    assert sorted(refused.value.errors) == fields


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*DAYS, "tz"]), inner)
    ),
    max_leaves=12,
)


@given(json_values)
@settings(max_examples=100)
def test_any_json_parses_or_is_refused(value: object) -> None:
    try:
        hours = OpeningHours.parse(value)
    except Invalid:
        return
    assert OpeningHours.parse(hours.to_json()) == hours


def test_the_week_is_told_in_few_lines() -> None:
    hours = OpeningHours.parse(
        {"tz": "UTC", "mon": [["00:00", "24:00"]], "tue": [["08:00", "12:00"], ["14:00", "24:00"]]}
    )
    assert say_week(Language.EN, hours).splitlines() == [
        "Monday: open 24 hours",
        "Tuesday: 8 am to 12 noon; 2 pm to midnight",
        "Wednesday to Sunday: closed",
    ]
