"""Opening hours: when a business answers, in its own time zone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flowhqd.errors import Invalid

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES_A_DAY = 24 * 60
MAX_SPANS = 24
"""Opening times one day may have."""
MAX_CLOSED = 1000
"""Closed dates one schedule may have."""

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)

Span = tuple[int, int]
"""Opening and closing time as minutes since midnight; the closing minute is no longer open."""


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """A weekly schedule on the wall clock of ``zone``, less the ``closed`` dates.

    ``week`` has the spans of Monday to Sunday, in order and apart. Going on after midnight is
    written as two days: ``["18:00", "24:00"]`` and ``["00:00", "02:00"]``.
    """

    zone: ZoneInfo
    week: tuple[tuple[Span, ...], ...]
    closed: frozenset[date] = frozenset()

    @classmethod
    def parse(cls, value: object) -> OpeningHours:
        """From ``hours_json``; Invalid names every field that cannot be used.

        A day that is not named is closed. JSON ``null`` means always open and is no schedule: the
        caller keeps it as None.
        """
        if not isinstance(value, Mapping):
            raise Invalid({"hours_json": 'must be an object such as {"tz": …, "mon": …}'})
        errors: dict[str, str] = {}
        for key in value:
            if key not in DAYS and key not in ("tz", "closed"):
                errors[f"hours_json.{key}"] = "unknown; days are mon, tue, wed, thu, fri, sat, sun"
        zone = _parse_zone(value.get("tz"), errors)
        week = tuple(_parse_day(day, value.get(day, []), errors) for day in DAYS)
        closed = _parse_closed(value.get("closed", []), errors)
        if errors or zone is None:
            raise Invalid(errors)
        return cls(zone, week, closed)

    def to_json(self) -> dict[str, Any]:
        """The value that :meth:`parse` takes, days without opening times left out."""
        days = {
            day: [[_clock(start), _clock(end)] for start, end in spans]
            for day, spans in zip(DAYS, self.week, strict=True)
            if spans
        }
        closed = {"closed": [day.isoformat() for day in sorted(self.closed)]}
        return {"tz": self.zone.key, **days, **(closed if self.closed else {})}

    def local(self, now: datetime) -> datetime:
        """An aware time on the business's wall clock."""
        return in_zone(now, self.zone)

    def spans_on(self, day: date) -> tuple[Span, ...]:
        """The opening times of a date."""
        return () if day in self.closed else self.week[day.weekday()]

    def is_open(self, now: datetime) -> bool:
        """Whether the business is open at an aware time."""
        local = self.local(now)
        minute = local.hour * 60 + local.minute
        return any(start <= minute < end for start, end in self.spans_on(local.date()))

    def next_opening(self, now: datetime) -> datetime | None:
        """The first moment from ``now`` on that is open, in the business's zone.

        ``now`` itself while open; None for a schedule that never opens again.
        """
        if self.is_open(now):
            return self.local(now)
        if not any(self.week):
            return None
        earliest = None
        for day in self._days_from(now):
            moments = (moment for moment in self._openings_on(day) if moment > now)
            opening = min(filter(self.is_open, moments), default=None)
            # A clock set back over midnight repeats the end of a day after the next has begun, so
            # one more day is looked at once an opening is found.
            if earliest is not None:
                earliest = min(earliest, opening or earliest)
                break
            earliest = opening
        return None if earliest is None else self.local(earliest)

    def _days_from(self, now: datetime) -> Iterator[date]:
        """The dates with opening times that have to be looked at, in order.

        It starts a day early because a clock set back over midnight repeats the day before. Every
        closed date can put the opening off by a week at most; two more weeks cover a clock change.
        """
        first = self.local(now).date().toordinal() - 1
        last = min(first + 7 * (len(self.closed) + 3), date.max.toordinal() - 3)
        for ordinal in range(max(first, 4), last + 1):
            day = date.fromordinal(ordinal)
            if self.spans_on(day):
                yield day

    def _openings_on(self, day: date) -> Iterator[datetime]:
        """Every moment at which the business can turn open on a date.

        That is a span's beginning, on either side of a clock that is set back, and the moment the
        clock is set, which can jump into a span.
        """
        for start, _ in self.spans_on(day):
            wall = datetime.combine(day, time(start // 60, start % 60), self.zone)
            yield wall.astimezone(UTC)
            yield wall.replace(fold=1).astimezone(UTC)
        change = self._clock_change(day)
        if change is not None and self.local(change).date() == day:
            yield change

    def _clock_change(self, day: date) -> datetime | None:
        """The moment the zone's offset changes around a date, to the second."""
        noon = datetime.combine(day, time(12), UTC)
        before, after = noon - timedelta(hours=36), noon + timedelta(hours=36)
        offset = before.astimezone(self.zone).utcoffset()
        if after.astimezone(self.zone).utcoffset() == offset:
            return None
        seconds = int((after - before).total_seconds())
        low, high = 0, seconds
        while high - low > 1:
            middle = (low + high) // 2
            moment = before + timedelta(seconds=middle)
            if moment.astimezone(self.zone).utcoffset() == offset:
                low = middle
            else:
                high = middle
        return before + timedelta(seconds=high)


def in_zone(now: datetime, zone: ZoneInfo) -> datetime:
    """An aware time in a zone; unchanged at the two ends of the calendar, where it has no place."""
    try:
        return now.astimezone(zone)
    except OverflowError:
        return now


def _parse_zone(value: object, errors: dict[str, str]) -> ZoneInfo | None:
    # "localtime" and other slashless names would follow the host, not the tenant.
    if isinstance(value, str) and ("/" in value or value == "UTC"):
        try:
            return ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            pass
    errors["hours_json.tz"] = "must be a time zone name such as Africa/Dar_es_Salaam"
    return None


def _parse_day(day: str, value: object, errors: dict[str, str]) -> tuple[Span, ...]:
    field = f"hours_json.{day}"
    if not isinstance(value, list | tuple) or len(value) > MAX_SPANS:
        errors[field] = f'must be a list of at most {MAX_SPANS} pairs such as ["08:00", "17:00"]'
        return ()
    spans: list[Span] = []
    for index, pair in enumerate(value):
        problem = None
        span = _parse_span(pair)
        if span is None:
            problem = 'must be a pair of times such as ["08:00", "17:00"]; only an end may be 24:00'
        elif span[1] <= span[0]:
            problem = "the end must be after the start; past midnight goes to the next day"
        elif any(span[0] < end and start < span[1] for start, end in spans):
            problem = "overlaps another opening time of the day"
        else:
            spans.append(span)
        if problem:
            errors[f"{field}[{index}]"] = problem
    return tuple(sorted(spans))


def _parse_span(pair: object) -> Span | None:
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        return None
    start, end = (_minutes(value) for value in pair)
    return None if start is None or end is None or start == MINUTES_A_DAY else (start, end)


def _minutes(value: object) -> int | None:
    if value == "24:00":
        return MINUTES_A_DAY
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    return int(match[1]) * 60 + int(match[2]) if match else None


def _parse_closed(value: object, errors: dict[str, str]) -> frozenset[date]:
    if not isinstance(value, list | tuple) or len(value) > MAX_CLOSED:
        errors["hours_json.closed"] = f"must be a list of at most {MAX_CLOSED} dates"
        return frozenset()
    closed = set()
    for index, item in enumerate(value):
        try:
            if not isinstance(item, str) or not _DATE.fullmatch(item):
                raise ValueError
            closed.add(date.fromisoformat(item))
        except ValueError:
            errors[f"hours_json.closed[{index}]"] = "must be a date such as 2026-12-25"
    return frozenset(closed)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
