"""Days and times as they stand in messages, and as they are said back."""

from __future__ import annotations

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowhqd.replies.spoken import say_time
from flowhqd.replies.when import read_when
from flowhqd.states import Language

TODAY = date(2026, 11, 21)
"""A Saturday."""


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("leo", "2026-11-21"),
        ("kesho", "2026-11-22"),
        ("KESHOO", "2026-11-22"),
        ("keshokutwa", "2026-11-23"),
        ("kesho kutwa", "2026-11-23"),
        ("2moro", "2026-11-22"),
        ("the day after tomorrow", "2026-11-23"),
        ("jumatatu", "2026-11-23"),
        ("j3", "2026-11-23"),
        ("Ijumaa ijayo", "2026-11-27"),
        ("jumamosi", "2026-11-28"),
        ("on Wednsday", "2026-11-25"),
        ("tarehe 25", "2026-11-25"),
        ("tarehe 5", "2026-12-05"),
        ("tar 5 mwezi wa 1", "2027-01-05"),
        ("tarehe tano desemba", "2026-12-05"),
        ("tarehe ishirini na tano", "2026-11-25"),
        ("tarehe 31", "2026-12-31"),
        ("5th", "2026-12-05"),
        ("december 5", "2026-12-05"),
        ("the 5th of December", "2026-12-05"),
        ("5/12", "2026-12-05"),
        ("05-12", "2026-12-05"),
        ("5/1", "2027-01-05"),
        ("29/2", "2028-02-29"),
        ("5/12/2026", "2026-12-05"),
        ("05.12.2026", "2026-12-05"),
        ("2026-12-05", "2026-12-05"),
        ("2020-12-05", None),
        ("31/2", None),
        ("99/99", None),
        ("habari za leo", None),
        ("good morning", None),
        ("nina watoto 5", None),
        ("0712 345 678", None),
    ],
)
def test_days(text: str, day: str | None) -> None:
    found = read_when(text, TODAY).day
    assert (found.isoformat() if found else None) == day


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("saa nne asubuhi", "10:00"),
        ("saa 4 asubuhi", "10:00"),
        ("saa4", "10:00"),
        ("saa moja asubuhi", "07:00"),
        ("saa kumi na mbili asubuhi", "06:00"),
        ("saa sita mchana", "12:00"),
        ("saa nane na nusu mchana", "14:30"),
        ("saa tisa kasorobo", "14:45"),
        ("saa kumi na mbili kasoro robo asubuhi", "05:45"),
        ("12 noon", "12:00"),
        ("saa tisa na robo alasiri", "15:15"),
        ("saa kumi na moja jioni", "17:00"),
        ("saa kumi na nusu jioni", "16:30"),
        ("saa moja usiku", "19:00"),
        ("usiku saa mbili", "20:00"),
        ("saa 10:30 jioni", "16:30"),
        ("saa 9 asubuhi", "09:00"),
        ("saa 14:00", "14:00"),
        ("saa 10 am", "10:00"),
        ("saa nne na dakika kumi", "10:10"),
        ("saa ngapi", None),
        ("saa 45", None),
        ("10am", "10:00"),
        ("10.30 a.m.", "10:30"),
        ("12pm", "12:00"),
        ("12 am", "00:00"),
        ("at 3", "15:00"),
        ("at ten in the morning", "10:00"),
        ("at 10 o'clock", "10:00"),
        ("16:45", "16:45"),
        ("7:30", "07:30"),
        ("13pm", None),
        ("size 42", None),
        ("10.50", None),
    ],
)
def test_times(text: str, at: str | None) -> None:
    found = read_when(text, TODAY).at
    assert (f"{found:%H:%M}" if found else None) == at


@pytest.mark.parametrize(
    ("at", "swahili", "english"),
    [
        ("08:00", "saa mbili asubuhi", "8 am"),
        ("08:30", "saa mbili na nusu asubuhi", "8:30 am"),
        ("08:45", "saa tatu kasorobo asubuhi", "8:45 am"),
        ("12:00", "saa sita mchana", "12 noon"),
        ("17:15", "saa kumi na moja na robo jioni", "5:15 pm"),
        ("18:00", "saa kumi na mbili jioni", "6 pm"),
        ("00:00", "saa sita usiku", "midnight"),
        ("05:00", "saa kumi na moja alfajiri", "5 am"),
        ("09:10", "saa tatu na dakika 10 asubuhi", "9:10 am"),
    ],
)
def test_times_are_said_as_people_say_them(at: str, swahili: str, english: str) -> None:
    moment = time.fromisoformat(at)
    assert say_time(Language.SW, moment) == swahili
    assert say_time(Language.EN, moment) == english


@pytest.mark.parametrize("language", list(Language))
def test_every_minute_that_is_said_reads_back(language: Language) -> None:
    for minute in range(24 * 60):
        at = time(minute // 60, minute % 60)
        said = say_time(language, at)
        assert read_when(said, TODAY).at == at, said


@given(st.text(), st.dates())
def test_any_text_on_any_day_is_read(text: str, today: date) -> None:
    found = read_when(text, today)
    assert found.day is None or found.day >= today


WORDS = """
saa tarehe kesho leo kutwa after kumi na moja robo nusu kasorobo mwezi wa 5 12 31 1/2 10:30 am pm
at mchana usiku jumatatu december of th 2026-01-01 99:99 00 za
"""


@given(st.lists(st.sampled_from(WORDS.split()), max_size=12).map(" ".join), st.dates())
def test_any_calendar_words_on_any_day_are_read(text: str, today: date) -> None:
    found = read_when(text, today)
    assert found.day is None or found.day >= today
