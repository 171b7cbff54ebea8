"""The day and the time of day that a message names, in Swahili, English or figures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import cache

from flowhqd.replies.spoken import CALENDARS, say_day, say_part, say_time
from flowhqd.replies.template import Found, Reading
from flowhqd.replies.text import plain, within
from flowhqd.states import Language

READ_TOKENS = 400
"""The words and figures of a message that are looked at."""

_TOKEN = re.compile(
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?![0-9])"
    r"|[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{4}(?![0-9])"
    r"|(?<![0-9/-])[0-9]{1,2}[/-][0-9]{1,2}(?![0-9/-])"
    r"|(?<![0-9:.])[0-9]{1,2}[:.][0-9]{2}(?![0-9:.])"
    r"|[0-9]+|[^\W\d_]+"
)
_CLOCK = re.compile(r"([0-9]{1,2})[:.]([0-9]{2})")
_TWELVE = {"noon": time(12), "midnight": time(0)}
_MORNING = ("dawn", "morning")
_LATER = ("midday", "afternoon", "evening")


@dataclass(frozen=True, slots=True)
class Named:
    """What a word means to a calendar: kind "day", "weekday", "month", "part" or "number"."""

    kind: str
    value: int = 0
    part: str = ""


@dataclass(frozen=True, slots=True)
class When:
    """A day, a time of day, a part of the day; each None where the message names none."""

    day: date | None = None
    at: time | None = None
    part: str | None = None


def when(reading: Reading) -> Found:
    """A finder: ``{{ when }}`` if a time is named, ``{{ day }}`` if only a day is."""
    today = reading.now.date()
    seen = read_when(reading.text, today)
    facts, said = {}, []
    if seen.day:
        facts["date"] = seen.day.isoformat()
        said.append(say_day(reading.language, seen.day, today))
    if seen.at is not None:
        facts["time"] = f"{seen.at:%H:%M}"
        said.append(say_time(reading.language, seen.at))
    elif seen.day and seen.part:
        said.append(say_part(reading.language, seen.part))
    if not facts:
        return Found()
    return Found({"when" if "time" in facts else "day": ", ".join(said)}, facts)


def read_when(text: str, today: date) -> When:
    """The first day and the first time of day in a text; days without a year lie ahead."""
    reader = _Reader(_TOKEN.findall(plain(text))[:READ_TOKENS], today)
    return When(reader.find_day(), reader.find_time(), reader.find_part())


class _Reader:
    """The tokens of one message and what stands at each."""

    def __init__(self, tokens: list[str], today: date) -> None:
        self._tokens = tokens
        self._named = [_named(token) for token in tokens]
        self._today = today

    def find_day(self) -> date | None:
        found = map(self._day_at, range(len(self._tokens)))
        return next((day for day in found if day), None)

    def find_time(self) -> time | None:
        found = map(self._time_at, range(len(self._tokens)))
        return next((at for at in found if at is not None), None)

    def find_part(self) -> str | None:
        for index in range(len(self._tokens)):
            named = self._name(index, "part")
            if named and not self._is_greeting(index):
                return named.part
        return None

    def _token(self, index: int) -> str:
        return self._tokens[index] if 0 <= index < len(self._tokens) else ""

    def _name(self, index: int, kind: str) -> Named | None:
        named = self._named[index] if 0 <= index < len(self._tokens) else None
        return named if named and named.kind == kind else None

    def _is_greeting(self, index: int) -> bool:
        """Whether "leo" or "asubuhi" only belongs to "habari za leo", "good morning"."""
        return self._token(index - 1) in ("za", "good")

    def _day_at(self, index: int) -> date | None:
        token = self._tokens[index]
        if near := self._name(index, "day"):
            if self._is_greeting(index):
                return None
            ahead = near.value
            if ahead == 1 and (
                self._token(index + 1) == "kutwa" or self._token(index - 1) == "after"
            ):
                ahead = 2
            return _days_after(self._today, ahead)
        if weekday := self._name(index, "weekday"):
            # Named on the day itself it is the next one: otherwise people say today.
            ahead = (weekday.value - self._today.weekday() - 1) % 7 + 1
            return _days_after(self._today, ahead)
        if "/" in token or "-" in token or token.count(".") == 2:
            return self._written(token)
        if token in ("tarehe", "date") and (number := self._number(index + 1)):
            return self._ahead(number[0], self._month(number[1]))
        if token.isdecimal():
            return self._numbered(index)
        return None

    def _written(self, token: str) -> date | None:
        figures = [int(figure) for figure in re.split(r"[/.-]", token)]
        if len(figures) == 2:
            return self._ahead(*figures)
        year, month, day = figures if figures[0] > 31 else reversed(figures)
        found = _date(year, month, day)
        return found if found and found >= self._today else None

    def _numbered(self, index: int) -> date | None:
        """``5 desemba``, ``5th of december``, ``december 5``, ``the 5th``."""
        token = self._tokens[index]
        if len(token) > 2:
            return None
        after = index + 1
        ordinal = self._token(after) in ("st", "nd", "rd", "th")
        after += ordinal
        month = self._month(after) or self._month(index - 1)
        if month or ordinal:
            return self._ahead(int(token), month)
        return None

    def _month(self, index: int) -> int | None:
        """The month at an index, past ``mwezi wa`` or ``of``."""
        while self._token(index) in ("mwezi", "wa", "ya", "of"):
            index += 1
            if number := self._number(index):
                return number[0] if self._token(index - 1) != "ya" else None
        named = self._name(index, "month")
        return named.value if named else None

    def _ahead(self, day: int, month: int | None) -> date | None:
        """The next such day from today on, within the eight years that hold every 29 February."""
        year, first = self._today.year, self._today.month
        months = (
            [(year + ahead, month) for ahead in range(9)]
            if month
            else [(year + place // 12, place % 12 + 1) for place in range(first - 1, first + 2)]
        )
        for in_year, in_month in months:
            found = _date(in_year, in_month, day)
            if found and found >= self._today:
                return found
        return None

    def _number(self, index: int) -> tuple[int, int] | None:
        """A number in figures or words ("kumi na moja"), and the index after it."""
        token = self._token(index)
        if token.isdecimal() and len(token) <= 2:
            return int(token), index + 1
        named = self._name(index, "number")
        if not named:
            return None
        if named.value >= 10 and self._token(index + 1) == "na":
            unit = self._name(index + 2, "number")
            if unit and unit.value < 10:
                return named.value + unit.value, index + 3
        return named.value, index + 1

    def _time_at(self, index: int) -> time | None:
        token = self._tokens[index]
        if token in _TWELVE:
            return _TWELVE[token]
        if token in ("saa", "sa") and (clock := self._clock(index + 1)):
            hour, minute, after = clock
            return _swahili_clock(hour, minute, self._part_from(after) or self._part_before(index))
        clock = self._clock(index)
        if not clock:
            return None
        hour, minute, after = clock
        half = self._half(after)
        if half or ":" in token or self._token(index - 1) == "at":
            return _english_clock(hour, minute, half, self._part_from(after))
        return None

    def _half(self, index: int) -> str:
        token = self._token(index)
        if token in ("a", "p") and self._token(index + 1) == "m":
            token += "m"
        return token if token in ("am", "pm") else ""

    def _clock(self, index: int) -> tuple[int, int, int] | None:
        """Hour and minute at an index, a quarter to the hour as -15, and the index after them."""
        if match := _CLOCK.fullmatch(self._token(index)):
            return int(match[1]), int(match[2]), index + 1
        number = self._number(index)
        if not number:
            return None
        hour, after = number
        words = tuple(self._token(after + step) for step in range(3))
        if words[:2] == ("na", "nusu"):
            return hour, 30, after + 2
        if words[:2] == ("na", "robo"):
            return hour, 15, after + 2
        if words[0] == "kasorobo":
            return hour, -15, after + 1
        if words[:2] == ("kasoro", "robo"):
            return hour, -15, after + 2
        if words[:2] == ("na", "dakika") and (minutes := self._number(after + 2)):
            return hour, minutes[0], minutes[1]
        return hour, 0, after

    def _part_from(self, index: int) -> str | None:
        """The part of the day that qualifies a clock time: the next such word, two words on."""
        for step in range(3):
            if named := self._name(index + step, "part"):
                return named.part
            if self._token(index + step) in ("am", "pm"):
                return "western am" if self._token(index + step) == "am" else "western pm"
        return None

    def _part_before(self, index: int) -> str | None:
        """The part of the day that was named just before a clock time: ``usiku saa mbili``."""
        named = self._name(index - 1, "part")
        return named.part if named else None


def _swahili_clock(hour: int, minute: int, part: str | None) -> time | None:
    """``saa`` counts from six o'clock, unless figures only make sense on a western clock.

    Without a part of the day it is taken as daytime, when businesses work.
    """
    if part and part.startswith("western"):
        return _english_clock(hour, minute, part[-2:], None)
    if hour > 12:
        return _time(hour, minute)
    if part in _MORNING:
        # 11 and 12 are the last hours of the night; 6 to 10 of a morning is how English counts.
        if part == "morning" and 6 <= hour <= 11:
            return _time(hour, minute)
        return _time((hour + 6) % 12, minute)
    if part == "midday":
        return _time(hour + 12 if 1 <= hour <= 3 else 12 if hour == 12 else hour + 6, minute)
    if part in ("afternoon", "evening"):
        if hour >= 9:
            return _time(hour + 6, minute)
        return _time(hour + 18 if hour <= 2 and part == "evening" else hour + 12, minute)
    if part == "night":
        return _time((hour + 18) % 24, minute)
    return _time(hour + 6, minute)


def _english_clock(hour: int, minute: int, half: str, part: str | None) -> time | None:
    if half and not 1 <= hour <= 12:
        return None
    if half:
        return _time(hour % 12 + (12 if half == "pm" else 0), minute)
    afternoon = part in (*_LATER, "night") or (part is None and hour < 7)
    return _time(hour + 12 if 1 <= hour < 12 and afternoon else hour, minute)


def _time(hour: int, minute: int) -> time | None:
    if not 0 <= hour < 24 or not -15 <= minute < 60:
        return None
    return time((hour + minute // 60) % 24, minute % 60)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _days_after(day: date, days: int) -> date | None:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return None


@cache
def _vocabulary() -> dict[str, Named]:
    """Every calendar word of every language, as normalised words stand in messages."""
    return dict(_calendar_words())


def _calendar_words() -> Iterator[tuple[str, Named]]:
    for language in Language:
        names = CALENDARS[language]
        for kind, key in (("weekday", "weekdays"), ("month", "months")):
            for index, aliases in enumerate(names[key]):
                value = index + (kind == "month")
                yield from ((plain(alias), Named(kind, value)) for alias in aliases)
        yield from ((word, Named("number", value)) for word, value in names["numbers"].items())
        yield from ((word, Named("part", part=part)) for word, part in names["parts"].items())
        yield from ((word, Named("day", value)) for word, value in names["days"].items())


def _named(token: str) -> Named | None:
    """What a word means, misspelt by one edit if it is a long day name."""
    found = _vocabulary().get(token)
    if found or len(token) < 5:
        return found
    for word, named in _vocabulary().items():
        is_long = named.kind in ("day", "weekday", "part") and len(word) >= 5
        if is_long and word[0] == token[0] and within(word, token, 1):
            return named
    return None
