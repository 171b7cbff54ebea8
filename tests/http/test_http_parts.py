"""Pure parts: cursors and Accept."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from flowhqd.http import cursors
from flowhqd.http.errors import BadCursor
from flowhqd.http.negotiation import wants_html

PARTS = st.lists(st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8"), max_size=40))


@given(st.text(max_size=60), PARTS.map(lambda parts: parts[:4]))
def test_a_cursor_comes_back_as_it_went(scope: str, position: list[str | int]) -> None:
    assert cursors.decode(scope, cursors.encode(scope, *position)) == position


@given(st.text())
def test_any_other_text_is_a_bad_cursor(text: str) -> None:
    with pytest.raises(BadCursor):
        cursors.decode("logs", text)


@given(st.integers(0, 2**40), st.data())
def test_a_changed_cursor_is_bad(seq: int, data: st.DataObject) -> None:
    cursor = cursors.encode("logs a", seq)
    place = data.draw(st.integers(0, len(cursor) - 1))
    other = data.draw(st.sampled_from("abcdefXYZ019-_").filter(lambda c: c != cursor[place]))
    changed = cursor[:place] + other + cursor[place + 1 :]
    with pytest.raises(BadCursor):
        cursors.decode("logs a", changed)
    with pytest.raises(BadCursor):
        cursors.decode("logs b", cursor)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, False),
        ("*/*", False),
        ("", False),
        ("text/*", False),
        ("application/json", False),
        ("application/json, text/plain, */*", False),
        ("text/html", True),
        ("TEXT/HTML; charset=utf-8", True),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("application/json;q=0.5, text/html", True),
        ("application/json, text/html;q=0.5", False),
        ("text/html;q=0", False),
        ("text/html;q=much", False),
    ],
)
def test_html_is_for_those_who_name_it(accept: str | None, expected: bool) -> None:
    headers = {} if accept is None else {"Accept": accept}
    assert wants_html(make_mocked_request("GET", "/", headers=headers)) is expected
