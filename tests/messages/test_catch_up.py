from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from flowhqd.messages.catch_up import OVERLAP, start_of, sweep, to_sweep
from flowhqd.whatsapp.bridge import ChatHead
from tests.clock import ManualClock
from tests.messages.page import FakePage

LINKED = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
JUMA, ASHA, NEEMA = (f"25570000000{number}@c.us" for number in (1, 2, 3))


def test_a_chat_is_read_from_a_while_before_what_is_known_of_it() -> None:
    assert start_of(JUMA, {JUMA: NOON}, LINKED) == NOON - OVERLAP
    assert start_of(ASHA, {JUMA: NOON}, LINKED) == LINKED


def test_what_was_there_before_the_link_is_never_read() -> None:
    early = {JUMA: LINKED - timedelta(days=1), ASHA: LINKED + timedelta(minutes=1)}
    assert start_of(JUMA, early, LINKED) == LINKED
    assert start_of(ASHA, early, LINKED) == LINKED


def test_only_chats_that_may_have_news_are_read() -> None:
    heads = [
        ChatHead(JUMA, NOON - OVERLAP),
        ChatHead(ASHA, NOON - OVERLAP - timedelta(seconds=1)),
        ChatHead(NEEMA, None),
    ]
    watermarks = {JUMA: NOON, ASHA: NOON, NEEMA: NOON}
    assert to_sweep(heads, watermarks, LINKED) == [(NEEMA, NOON - OVERLAP), (JUMA, NOON - OVERLAP)]


def test_the_chat_that_waits_longest_is_read_first() -> None:
    """Regression: sessions that were lost again and again never came to the last chats."""
    heads = [ChatHead(chat, NOON) for chat in (JUMA, ASHA, NEEMA)]
    minute = timedelta(minutes=1)
    watermarks = {JUMA: NOON, ASHA: NOON - minute, NEEMA: NOON - 2 * minute}
    assert [chat for chat, _ in to_sweep(heads, watermarks, LINKED)] == [NEEMA, ASHA, JUMA]
    watermarks = {JUMA: NOON, ASHA: NOON - minute}
    assert [chat for chat, _ in to_sweep(heads, watermarks, LINKED)] == [NEEMA, ASHA, JUMA]


def test_chats_without_a_customer_are_not_read() -> None:
    """Regression: every gap cost the history of every group."""
    heads = [
        ChatHead("120363040000000000@g.us", NOON),
        ChatHead("status@broadcast", NOON),
        ChatHead("120363040000000000@newsletter", None),
        ChatHead("111222333444555@lid", NOON),
    ]
    assert to_sweep(heads, {}, LINKED) == [("111222333444555@lid", LINKED)]


async def test_a_sweep_tells_what_the_owner_wrote_after_each_message() -> None:
    page = FakePage(ManualClock(NOON))
    first = page.says(JUMA)
    own = page.says(JUMA, from_me=True)
    last = page.says(JUMA)
    found = [missed async for missed in sweep(page.bridge, {}, LINKED, set())]
    assert [missed.message.id for missed in found] == [first.id, own.id, last.id]
    assert [missed.own_after for missed in found] == [(own.id,), (), ()]


@given(
    written=st.lists(
        st.tuples(st.sampled_from([JUMA, ASHA, NEEMA]), st.integers(-60, 240), st.booleans()),
        max_size=30,
    ),
    known=st.dictionaries(st.sampled_from([JUMA, ASHA, NEEMA]), st.integers(-60, 240)),
    refusing=st.sets(st.sampled_from([JUMA, ASHA, NEEMA])),
)
def test_a_sweep_finds_once_and_in_order_whatever_the_log_may_not_have(
    written: list[tuple[str, int, bool]], known: dict[str, int], refusing: set[str]
) -> None:
    """Times are minutes after the link."""
    page = FakePage(ManualClock(LINKED + timedelta(hours=5)), closed_books=refusing)
    missed: defaultdict[str, list[str]] = defaultdict(list)
    for chat, minute, from_me in sorted(written, key=lambda message: message[1]):
        said = page.says(chat, from_me=from_me, at=LINKED + timedelta(minutes=minute))
        since = known.get(chat, 0) - OVERLAP / timedelta(minutes=1)
        if minute >= max(0, since):
            missed[chat].append(said.id)
    watermarks = {chat: LINKED + timedelta(minutes=minute) for chat, minute in known.items()}

    async def found() -> dict[str, list[str]]:
        ids: defaultdict[str, list[str]] = defaultdict(list)
        async for one in sweep(page.bridge, watermarks, LINKED, unread):
            ids[one.message.chat_id].append(one.message.id)
        return ids

    unread: set[str] = set()
    assert asyncio.run(found()) == {c: ids for c, ids in missed.items() if c not in refusing}
    assert unread == missed.keys() & refusing
    page.closed_books.clear()
    assert asyncio.run(found()) == missed, "what was refused is found by the next"
    assert not unread
