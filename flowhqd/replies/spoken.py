"""Days and times as people say them in Swahili and English.

Swahili counts hours from sunrise and sunset: saa moja asubuhi, the first hour of the morning, is
7:00, and saa kumi na mbili jioni, the twelfth of the day, is 18:00.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from flowhqd.replies.hours import MINUTES_A_DAY, OpeningHours, Span
from flowhqd.replies.text import TEXTS, read_toml
from flowhqd.states import Language

CALENDARS: Mapping[Language, Mapping[str, Any]] = {
    language: read_toml(TEXTS, language, "calendar") for language in Language
}
"""The names of days, months and numbers by language (``calendar.toml``)."""

_HOURS = (
    "moja", "mbili", "tatu", "nne", "tano", "sita", "saba", "nane", "tisa", "kumi",
    "kumi na moja", "kumi na mbili",
)  # fmt: skip
_NEAR = {
    Language.SW: ("leo", "kesho", "keshokutwa"),
    Language.EN: ("today", "tomorrow", "the day after tomorrow"),
}
_PARTS = {
    "dawn": ("alfajiri", "early morning"),
    "morning": ("asubuhi", "in the morning"),
    "midday": ("mchana", "around midday"),
    "afternoon": ("alasiri", "in the afternoon"),
    "evening": ("jioni", "in the evening"),
    "night": ("usiku", "at night"),
}


def say_time(language: Language, at: time) -> str:
    """``saa mbili na nusu asubuhi`` or ``8:30 am``."""
    return _swahili_time(at) if language is Language.SW else _english_time(at)


def say_part(language: Language, part: str) -> str:
    """A part of the day that follows a day: ``asubuhi`` or ``in the morning``."""
    return _PARTS[part][0 if language is Language.SW else 1]


def say_date(language: Language, day: date, today: date) -> str:
    """``Jumapili tarehe 22 Novemba``, ``Sunday 22 November``; with the year if not this one."""
    names = CALENDARS[language]
    weekday = names["weekdays"][day.weekday()][0]
    month = names["months"][day.month - 1][0]
    year = "" if day.year == today.year else f" {day.year}"
    of = "tarehe " if language is Language.SW else ""
    return f"{weekday} {of}{day.day} {month}{year}"


def say_day(language: Language, day: date, today: date) -> str:
    """A day to be sure of: near ones by both names, ``kesho (Jumapili tarehe 22 Novemba)``."""
    ahead = (day - today).days
    full = say_date(language, day, today)
    return f"{_NEAR[language][ahead]} ({full})" if 0 <= ahead <= 2 else full


def say_opening(language: Language, opening: datetime, now: datetime) -> str:
    """When to come back, both times local: ``kesho saa mbili asubuhi``, ``on Monday at 8 am``."""
    today, day = now.date(), opening.date()
    ahead = (day - today).days
    if 0 <= ahead <= 1:
        said = _NEAR[language][ahead]
    else:
        said = (
            CALENDARS[language]["weekdays"][day.weekday()][0]
            if 0 <= ahead <= 6
            else say_date(language, day, today)
        )
        said = said if language is Language.SW else f"on {said}"
    at = " " if language is Language.SW else " at "
    return f"{said}{at}{say_time(language, opening.time())}"


def say_week(language: Language, hours: OpeningHours) -> str:
    """The weekly schedule, one line for each run of days with the same times."""
    names = [day[0] for day in CALENDARS[language]["weekdays"]]
    lines = []
    first = 0
    for day in range(1, 8):
        if day < 7 and hours.week[day] == hours.week[first]:
            continue
        days = names[first]
        if day - first > 1:
            days += (" hadi " if language is Language.SW else " to ") + names[day - 1]
        lines.append(f"{days}: {_say_spans(language, hours.week[first])}")
        first = day
    return "\n".join(lines)


def _say_spans(language: Language, spans: tuple[Span, ...]) -> str:
    swahili = language is Language.SW
    if not spans:
        return "tumefunga" if swahili else "closed"
    if spans == ((0, MINUTES_A_DAY),):
        return "wazi saa 24" if swahili else "open 24 hours"
    to = " hadi " if swahili else " to "
    said = (to.join(say_time(language, _wall(minute)) for minute in span) for span in spans)
    return "; ".join(said)


def _wall(minute: int) -> time:
    return time(minute // 60 % 24, minute % 60)


def _swahili_time(at: time) -> str:
    hour, minute = at.hour, at.minute
    tail = ""
    match minute:
        case 15:
            tail = " na robo"
        case 30:
            tail = " na nusu"
        case 45:
            hour, tail = (hour + 1) % 24, " kasorobo"
        case _ if minute:
            tail = f" na dakika {minute}"
    if 4 <= hour < 6:
        part = "alfajiri"
    elif 6 <= hour < 12:
        part = "asubuhi"
    elif 12 <= hour < 16:
        part = "mchana"
    elif 16 <= hour < 19:
        part = "jioni"
    else:
        part = "usiku"
    return f"saa {_HOURS[(hour - 7) % 12]}{tail} {part}"


def _english_time(at: time) -> str:
    if at.minute == 0 and at.hour in (0, 12):
        return "midnight" if at.hour == 0 else "12 noon"
    minutes = f":{at.minute:02}" if at.minute else ""
    return f"{(at.hour - 1) % 12 + 1}{minutes} {'am' if at.hour < 12 else 'pm'}"
