"""Opening hours as a form: a row for each weekday, the closed dates, the time zone.

It works without a script, for the operator and the tenant's owner alike. Every sentence about a
wrong field is in ``SENTENCES``, so that a page in another language can look it up there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from flowhqd.errors import Invalid
from flowhqd.replies.business import DEFAULT_ZONE
from flowhqd.replies.hours import DAYS, MAX_CLOSED, MAX_SPANS, OpeningHours

ROWS = 3
"""Opening times a day that the form has room for at least."""
COPIED = ("tue", "wed", "thu", "fri")
"""Days that can take over Monday's times."""

BAD_TIME = "Write a time such as 08:30."
HALF = "Give both an opening and a closing time."
BACKWARDS = "Closing has to come after opening; what is after midnight belongs to the next day."
OVERLAP = "Overlaps another opening time of this day."
BAD_ZONE = "Choose a time zone such as Africa/Dar_es_Salaam."
BAD_DATE = "Write each date as year-month-day, such as 2026-12-25."
MANY_DATES = f"There may be {MAX_CLOSED} dates at most."
NEVER_OPEN = "Give at least one opening time, or choose always open."
SENTENCES = (BAD_TIME, HALF, BACKWARDS, OVERLAP, BAD_ZONE, BAD_DATE, MANY_DATES, NEVER_OPEN)

_TIME = re.compile(r"([01]?[0-9]|2[0-3])[:.]([0-5][0-9])", re.ASCII)
_MIDNIGHT = ("00:00", "0:00", "24:00")


@dataclass(frozen=True, slots=True)
class HoursForm:
    """What the fields of the form hold, and what is wrong with them, by the field's name.

    ``week`` has for each day its pairs of texts. The fields are ``hours`` (``always`` or ``set``),
    ``tz``, ``mon_1_from``, ``mon_1_to`` and so on, ``as_monday``, ``closed`` (one date a line) and
    ``closed_more`` (one date). An error about a pair is under ``mon_1``.
    """

    is_always_open: bool = True
    zone: str = DEFAULT_ZONE.key
    week: Mapping[str, list[tuple[str, str]]] = field(default_factory=dict)
    closed: str = ""
    closed_more: str = ""
    as_monday: bool = False
    errors: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, hours_json: dict[str, Any] | None) -> HoursForm:
        """The form of hours that are stored; null is always open."""
        if hours_json is None:
            return cls(week={day: _rows([]) for day in DAYS})
        return cls(
            is_always_open=False,
            zone=hours_json["tz"],
            week={
                day: _rows([(start, _shown(end)) for start, end in hours_json.get(day, [])])
                for day in DAYS
            },
            closed="\n".join(hours_json.get("closed", [])),
        )

    @classmethod
    def sent(cls, fields: Mapping[str, str]) -> HoursForm:
        """The form as it came back, its errors found."""
        form = cls(
            is_always_open=fields.get("hours") != "set",
            zone=fields.get("tz", "").strip(),
            week={day: _rows(_sent_pairs(day, fields)) for day in DAYS},
            closed=fields.get("closed", ""),
            closed_more=fields.get("closed_more", "").strip(),
            as_monday="as_monday" in fields,
        )
        return form if form.is_always_open else form._checked()

    def hours_json(self) -> dict[str, Any] | None:
        """The hours that the form stands for, as they are stored; only without errors."""
        if self.is_always_open:
            return None
        return OpeningHours.parse(self._value()[0]).to_json()

    def _checked(self) -> HoursForm:
        errors: dict[str, str] = {}
        for day, pairs in self.week.items():
            for row, pair in enumerate(pairs, start=1):
                if problem := _pair_problem(*pair):
                    errors[f"{day}_{row}"] = problem
        errors |= self._zone_errors() | self._closed_errors()
        if not errors:
            errors |= self._parse_errors()
        # The one thing that a schedule may be and a person never means.
        if not errors and not any(any(pair) for pairs in self.week.values() for pair in pairs):
            errors["hours"] = NEVER_OPEN
        return HoursForm(
            self.is_always_open,
            self.zone,
            self.week,
            self.closed,
            self.closed_more,
            self.as_monday,
            errors,
        )

    def _zone_errors(self) -> dict[str, str]:
        try:
            OpeningHours.parse({"tz": self.zone})
        except Invalid:
            return {"tz": BAD_ZONE}
        return {}

    def _closed_errors(self) -> dict[str, str]:
        errors = {}
        for name, text in (("closed", self.closed), ("closed_more", self.closed_more)):
            if not all(map(_is_date, text.split())):
                errors[name] = BAD_DATE
        if len(self._closed_dates()) > MAX_CLOSED:
            errors["closed"] = MANY_DATES
        return errors

    def _parse_errors(self) -> dict[str, str]:
        """What only the whole schedule shows, by the form's fields."""
        value, rows = self._value()
        try:
            OpeningHours.parse(value)
        except Invalid as error:
            errors = {}
            for path, text in error.errors.items():
                if place := re.fullmatch(r"hours_json\.([a-z]{3})\[(\d+)\]", path):
                    row = rows[place[1]][int(place[2])]
                    errors[f"{place[1]}_{row}"] = OVERLAP if "overlaps" in text else BACKWARDS
                else:
                    errors["hours"] = text
            return errors
        return {}

    def _value(self) -> tuple[dict[str, Any], dict[str, list[int]]]:
        """The form as ``hours_json``, and for each day the rows that its pairs came from."""
        value: dict[str, Any] = {"tz": self.zone}
        rows: dict[str, list[int]] = {}
        for day in DAYS:
            source = "mon" if self.as_monday and day in COPIED else day
            filled = [
                (row, (_clock(start), _clock(end, is_end=True)))
                for row, (start, end) in enumerate(self.week[source], start=1)
                if start or end
            ]
            rows[day] = [row for row, _ in filled]
            value[day] = [list(pair) for _, pair in filled]
        value["closed"] = self._closed_dates()
        return value, rows

    def _closed_dates(self) -> list[str]:
        return sorted({*self.closed.split(), *self.closed_more.split()})


@cache
def zones() -> tuple[str, ...]:
    """The time zones there are, by place."""
    return tuple(
        sorted(
            name
            for name in available_timezones()
            if "/" in name and not name.startswith(("Etc/", "posix/", "right/", "SystemV/"))
        )
    )


def _sent_pairs(day: str, fields: Mapping[str, str]) -> list[tuple[str, str]]:
    names = [(f"{day}_{row}_from", f"{day}_{row}_to") for row in range(1, MAX_SPANS + 1)]
    pairs = [(fields.get(start, "").strip(), fields.get(end, "").strip()) for start, end in names]
    while pairs and not any(pairs[-1]):
        pairs.pop()
    return pairs


def _rows(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return pairs + [("", "")] * (ROWS - len(pairs))


def _pair_problem(start: str, end: str) -> str | None:
    if not start and not end:
        return None
    if not start or not end:
        return HALF
    if not _TIME.fullmatch(start) or not (_TIME.fullmatch(end) or end in _MIDNIGHT):
        return BAD_TIME
    return None if _clock(start) < _clock(end, is_end=True) else BACKWARDS


def _clock(text: str, *, is_end: bool = False) -> str:
    """``8.30`` as ``08:30``. A time field has no 24:00, so that an end at 00:00 stands for it."""
    if is_end and text in _MIDNIGHT:
        return "24:00"
    match = _TIME.fullmatch(text)
    return f"{int(match[1]):02}:{match[2]}" if match else text


def _shown(end: str) -> str:
    return "00:00" if end == "24:00" else end


def _is_date(text: str) -> bool:
    try:
        return len(text) == len("2026-12-25") and bool(date.fromisoformat(text))
    except ValueError:
        return False
