"""What reaches a terminal: it fits, and it gives no orders."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowhqd.cli.output import columns_of, cut, pairs, plain, table

TEXTS = st.text(st.characters(), max_size=100)


@given(TEXTS)
def test_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    shown = plain(text)
    assert len(shown) == len(text)
    assert not {unicodedata.category(one) for one in shown} & {"Cc", "Cs", "Zl", "Zp"}
    shown.encode()


def test_what_is_meant_to_be_seen_stays() -> None:
    for text in ("Duka la Asha", "👩‍👩‍👧‍👦 🇹🇿", "مرحبا", "nǐ hǎo 你好", "e\u0301"):
        assert plain(text) == text
    assert plain("one\r\ntwo\tthree") == "one  two three"
    assert plain("\x1b]0;title\x07\u202eevil") == "�]0;title��evil"
    assert plain(None) == ""


@given(TEXTS, st.integers(0, 60))
def test_a_cut_text_fits_and_is_the_beginning(text: str, columns: int) -> None:
    shown = cut(plain(text), columns)
    assert columns_of(shown) <= columns
    if shown != plain(text) and shown:
        assert shown.endswith("…")
        assert plain(text).startswith(shown[:-1])


@given(st.lists(st.tuples(TEXTS, st.text("ABC", max_size=12)), max_size=5), st.integers(24, 90))
def test_a_table_fits(rows: list[tuple[str, str]], columns: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(columns))
        lines = table(("NAME", "STATE"), rows, flexible=0)
    assert len(lines) == len(rows) + 1
    assert all(columns_of(line) <= columns for line in lines)
    for (_, state), line in zip(rows, lines[1:], strict=True):
        assert line.endswith(state)


def test_wide_characters_count_twice_and_marks_not_at_all() -> None:
    assert columns_of("你好") == 4
    assert columns_of("e\u0301\u200d") == 1
    assert cut("你好", 3) == "你…"
    assert cut("abc", 0) == ""


def test_pairs_leave_out_what_has_no_value() -> None:
    assert pairs([("id", 1), ("error", None), ("action", ""), ("a name", "x\ny")]) == [
        "id      1",
        "a name  x y",
    ]
    assert pairs([]) == []


def test_long_values_are_wrapped_below_their_names() -> None:
    lines = pairs([("what to do", "scan the code " * 10), ("id", "1")])
    assert len(lines) == 4
    assert max(map(len, lines)) <= 80
    assert [len(line) - len(line.lstrip()) for line in lines] == [0, 12, 12, 0]
