from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from flowhqd.errors import PageLost, PageTimeout
from flowhqd.messages import path as message_path
from flowhqd.messages.rate_limit import Refused
from flowhqd.replies import Business, slow_down_text, wait_text
from flowhqd.states import Language, TenantStatus
from flowhqd.store import messages, reply_templates, states
from flowhqd.store.database import Database
from flowhqd.store.messages import LoggedMessage
from flowhqd.store.states import StateChange
from flowhqd.store.tenants import Change
from tests.messages.page import Fate
from tests.messages.shop import NotedRefusals, new_shop

JUMA, ASHA, NEEMA = (f"25570000000{number}@c.us" for number in (1, 2, 3))
JUMAS_LID = "111222333444555@lid"
SALON = Business(name="Asha Salon", template="BOOKING", language=Language.SW)
# Sunday only, and the clock of the tests stands at a Monday noon.
CLOSED = {"tz": "UTC", "sun": [["08:00", "17:00"]]}


def outbound(rows: list[LoggedMessage]) -> list[tuple[str, str | None]]:
    return [(row.status, row.purpose) for row in rows if row.direction == "OUT"]


def is_sent_to(chat: str, row: LoggedMessage) -> bool:
    return row.chat_id == chat and row.status == "SENT"


async def test_a_message_is_logged_answered_quoted_and_then_read(database: Database) -> None:
    shop = await new_shop(database)
    async with shop.open():
        said = shop.hear(JUMA, "Habari, nataka kuweka miadi")
        asked, reply = await shop.answered(1)
    assert (asked.direction, asked.status, asked.origin) == ("IN", "ANSWERED", "live")
    assert (asked.from_number, asked.to_number) == ("+255700000001", reply.from_number)
    assert asked.message_text == said.text
    assert (reply.direction, reply.status, reply.purpose) == ("OUT", "SENT", "reply")
    assert (reply.in_reply_to, reply.to_number) == (asked.id, "+255700000001")
    [sent] = shop.page.arrived
    assert (sent.chat, sent.id, sent.text) == (JUMA, reply.wa_message_id, reply.message_text)
    assert sent.quoted == said.key
    assert shop.page.calls[1:] == [("send_text", sent.id), ("mark_read", JUMA)]


async def test_acks_are_written_to_the_log(database: Database) -> None:
    shop = await new_shop(database)
    async with shop.open():
        shop.hear(JUMA)
        reply = (await shop.answered(1))[1]
        for ack, status in [(2, "DELIVERED"), (3, "READ")]:
            shop.page.acknowledge(reply.wa_message_id, ack)
            rows = await shop.until(lambda rows, status=status: rows[1].status == status)  # type: ignore[misc]
        shop.page.acknowledge(reply.wa_message_id, 2)
        shop.hear(JUMA)
        rows = await shop.answered(2)
    assert rows[1].status == "READ"


async def test_chats_are_answered_in_order_and_side_by_side(database: Database) -> None:
    shop = await new_shop(database)
    async with shop.open():
        for number in range(5):
            for chat in (JUMA, ASHA, NEEMA):
                shop.hear(chat, f"swali {number}")
        rows = await shop.answered(15)
    for chat in (JUMA, ASHA, NEEMA):
        asked = [row.wa_message_id for row in rows if row.chat_id == chat and row.direction == "IN"]
        assert shop.page.answers(chat) == asked
    assert len(shop.page.arrived) == 15


async def test_a_page_that_is_slow_for_one_chat_answers_the_others(database: Database) -> None:
    shop = await new_shop(database)
    shop.page.fates.append(Fate.SLOW)
    async with shop.open():
        shop.hear(JUMA)
        await shop.until(lambda _: len(shop.page.taken) == 1)
        shop.hear(JUMA)
        shop.hear(ASHA)
        await shop.until(lambda rows: rows[-1].status == "SENT")
        assert shop.page.answers(JUMA) == []
        assert len(shop.page.answers(ASHA)) == 1
        shop.page.release()
        await shop.answered(3)
    assert len(shop.page.answers(JUMA)) == 2


async def test_nothing_is_read_before_its_reply_is_sent(database: Database) -> None:
    """Regression: a chat was marked as read although a message had come in meanwhile."""
    shop = await new_shop(database)
    shop.page.fates.extend([Fate.SLOW, Fate.SLOW])
    async with shop.open():
        shop.hear(JUMA)
        await shop.until(lambda _: len(shop.page.taken) == 1)
        shop.hear(JUMA)
        await shop.until(lambda rows: len(rows) == 3)
        shop.page.release()
        await shop.until(lambda _: len(shop.page.taken) == 2)
        assert ("mark_read", JUMA) not in shop.page.calls
        shop.page.release()
        await shop.answered(2)
    assert shop.page.calls.count(("mark_read", JUMA)) == 1


@pytest.mark.parametrize("again", ["event", "sweep", "both"])
async def test_the_same_message_is_one(again: str, database: Database) -> None:
    shop = await new_shop(database)
    async with shop.open() as path:
        said = shop.hear(JUMA)
        await shop.answered(1)
        if again != "sweep":
            path.put(said)
        if again != "event":
            shop.limits = shop.new_limits()
            path.catch_up()
        shop.hear(JUMA)
        await shop.answered(2)
    assert len(shop.page.answers(JUMA)) == 2


@pytest.mark.parametrize(("first", "second"), [(JUMAS_LID, JUMA), (JUMA, JUMAS_LID)])
async def test_one_message_under_both_addresses_is_one(
    first: str, second: str, database: Database
) -> None:
    shop = await new_shop(database)
    async with shop.open():
        shop.hear(first, id="A", other=second)
        shop.hear(second, id="A")
        shop.hear(second, id="B")
        rows = await shop.answered(2)
    assert len({row.contact_id for row in rows}) == 1
    assert shop.page.answers(first) == ["A"], "a reply goes to the chat it was asked in"
    assert shop.page.answers(second) == ["B"]


async def test_two_contacts_that_turn_out_to_be_one_are_answered_in_one_order(
    database: Database,
) -> None:
    shop = await new_shop(database)
    shop.page.fates.append(Fate.SLOW)
    async with shop.open():
        shop.hear(JUMAS_LID, id="A")
        await shop.until(lambda _: len(shop.page.taken) == 1)
        shop.hear(JUMAS_LID, id="B")
        shop.hear(JUMA, id="C", other=JUMAS_LID)
        shop.hear(JUMA, id="D")
        await shop.until(lambda rows: sum(row.direction == "IN" for row in rows) == 4)
        assert shop.page.answers(JUMA) == [], "C waits behind A and B"
        shop.page.release()
        rows = await shop.answered(4)
    assert [sent.quoted.rpartition("_")[2] for sent in shop.page.arrived if sent.quoted] == [
        *"ABCD"
    ]
    assert len({row.contact_id for row in rows}) == 1


async def test_two_customers_with_the_same_message_id_are_both_answered(
    database: Database,
) -> None:
    shop = await new_shop(database)
    async with shop.open():
        shop.hear(JUMA, id="A")
        shop.hear(ASHA, id="A")
        rows = await shop.answered(2)
    assert shop.page.answers(JUMA) == shop.page.answers(ASHA) == ["A"]
    assert len({row.wa_message_id for row in rows if row.direction == "OUT"}) == 2


async def test_what_is_no_customers_message_is_counted_and_not_logged(database: Database) -> None:
    shop = await new_shop(database)
    async with shop.open():
        shop.hear("120363040000000000@g.us")
        shop.hear("status@broadcast")
        shop.hear("120363040000000000@newsletter")
        shop.hear(JUMA, type="e2e_notification")
        shop.hear(JUMA, from_me=True)
        shop.hear(ASHA)
        rows = await shop.answered(1)
    assert [row.chat_id for row in rows] == [ASHA, ASHA]
    async with shop.open():
        # Regression: each search after a gap counted them again.
        await shop.answered(1)
    assert shop.limits.skipped == {
        "group": 1, "status": 1, "newsletter": 1, "protocol": 1, "own": 1,
    }  # fmt: skip


async def test_media_is_answered_by_its_caption_or_with_a_request_to_write(
    database: Database,
) -> None:
    shop = await new_shop(database)
    async with shop.open():
        shop.hear(JUMA, "", type="image")
        shop.hear(ASHA, "Nataka kuweka miadi", type="image")
        shop.hear(NEEMA, "Nataka kuweka miadi")
        rows = await shop.answered(3)
    assert [(row.message_type, row.message_text) for row in rows if row.direction == "IN"] == [
        ("image", ""),
        ("image", "Nataka kuweka miadi"),
        ("chat", "Nataka kuweka miadi"),
    ]
    assert shop.page.texts(ASHA) == shop.page.texts(NEEMA) != shop.page.texts(JUMA)


async def test_what_cannot_be_read_is_logged_and_answered_once_it_can(database: Database) -> None:
    shop = await new_shop(database)
    async with shop.open() as path:
        shop.hear(JUMA, "", id="A", type="ciphertext")
        await shop.answered(1)
        assert await shop.outcomes() == [("UNANSWERED", "undecryptable")]
        path.put(shop.page.says(JUMA, "Bei gani?", id="A"))
        await shop.until(lambda rows: len(rows) == 2)
        rows = await shop.answered(1)
    assert (rows[0].message_text, rows[0].status) == ("Bei gani?", "ANSWERED")
    assert shop.page.answers(JUMA) == ["A"]


WILD = [
    "x" * 65_536,
    "{{ business }} {% x %}",
    "'; drop table tenant; --",
    "\u202eabc\u0007",
    "😀" * 99,
]


async def test_any_text_is_logged_and_answered(database: Database) -> None:
    shop = await new_shop(database)
    async with shop.open():
        for text in WILD:
            shop.hear(JUMA, text)
        shop.hear(JUMA, "a\0b\ud800c")
        rows = await shop.answered(len(WILD) + 1)
    asked = [row.message_text for row in rows if row.direction == "IN"]
    assert asked == [*WILD, "a\ufffdb\ufffdc"]
    assert len(shop.page.answers(JUMA)) == len(asked)


async def test_a_message_that_cannot_be_stored_holds_up_nobody(database: Database) -> None:
    """An id is its sender's to choose; one too long for an index must not end the session."""
    shop = await new_shop(database)
    wild = "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(5_000))
    async with shop.open():
        shop.hear(JUMA, id=wild)
        shop.hear(ASHA)
        await shop.until(
            lambda rows: any(row.chat_id == ASHA and row.status == "SENT" for row in rows)
        )
    assert len(shop.page.answers(ASHA)) == 1


async def test_a_history_that_cannot_be_opened_holds_up_no_other_chat(database: Database) -> None:
    shop = await new_shop(database)
    shop.page.says(JUMA)
    shop.page.says(ASHA)
    shop.page.closed_books.add(JUMA)
    async with shop.open():
        await shop.answered(1)
    assert len(shop.page.answers(ASHA)) == 1
    shop.page.closed_books.clear()
    async with shop.open():
        await shop.answered(2)
    assert len(shop.page.answers(JUMA)) == 1


async def test_what_an_unread_history_holds_is_found_whatever_came_since(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later message of the chat must not make believe that all before it is logged."""
    monkeypatch.setattr(message_path, "UNREAD_RETRY_SECONDS", 0.05)
    shop = await new_shop(database)
    missed = shop.page.says(JUMA, at=shop.clock.now() - timedelta(minutes=9)).id
    shop.page.closed_books.add(JUMA)
    async with shop.open():
        shop.hear(JUMA)
        await shop.answered(1)
    async with shop.open():
        shop.page.closed_books.clear()
        await shop.answered(2)
    assert missed in shop.page.answers(JUMA)


async def test_what_is_in_memory_of_an_unread_history_is_answered_and_the_rest_found(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_path, "UNREAD_RETRY_SECONDS", 0.05)
    shop = await new_shop(database)
    missed = [shop.page.says(JUMA).id for _ in range(2)]
    shop.page.torn_books.add(JUMA)
    async with shop.open():
        await shop.answered(1)
        assert shop.page.answers(JUMA) == missed[1:]
        shop.page.torn_books.clear()
        await shop.answered(2)
    assert sorted(shop.page.answers(JUMA)) == missed


# Who is not answered, and why.


async def test_a_paused_tenant_logs_and_stays_silent(database: Database) -> None:
    shop = await new_shop(database)

    async def become(status: TenantStatus) -> None:
        async with database.transaction() as connection:
            change = StateChange(status.lower(), tenant=status)
            await states.apply(connection, shop.tenant_id, change, actor="admin")

    async with shop.open():
        await become(TenantStatus.PAUSED)
        shop.hear(JUMA)
        await shop.answered(1)
        await become(TenantStatus.ACTIVE)
        shop.hear(JUMA)
        await shop.answered(2)
    assert await shop.outcomes() == [("UNANSWERED", "paused"), ("ANSWERED", None)]
    assert len(shop.page.arrived) == 1


async def test_a_phone_of_a_wrong_number_answers_nobody(database: Database) -> None:
    shop = await new_shop(database)
    async with shop.open() as path:
        path.context.hold = "wrong_number"
        shop.hear(JUMA)
        await shop.answered(1)
    assert await shop.outcomes() == [("UNANSWERED", "wrong_number")]
    assert shop.page.arrived == []


async def test_the_owner_who_writes_is_not_interrupted(database: Database) -> None:
    shop = await new_shop(database)
    async with shop.open():
        shop.hear(JUMA, "Nitakupigia", from_me=True)
        shop.hear(JUMA)
        shop.hear(ASHA)
        await shop.answered(2)
        shop.clock.advance(60 * 60)
        shop.hear(JUMA)
        await shop.answered(3)
    assert await shop.outcomes() == [
        ("UNANSWERED", "owner_active"),
        ("ANSWERED", None),
        ("ANSWERED", None),
    ]


async def test_the_owner_who_wrote_in_a_gap_is_not_interrupted(database: Database) -> None:
    shop = await new_shop(database)
    shop.page.says(JUMA, "Nitakupigia", from_me=True)
    shop.page.says(JUMA)
    async with shop.open():
        await shop.answered(1)
    assert await shop.outcomes() == [("UNANSWERED", "owner_active")]


async def test_the_bots_own_replies_do_not_silence_it(database: Database) -> None:
    shop = await new_shop(database)
    async with shop.open():
        shop.hear(JUMA)
        reply = (await shop.answered(1))[1]
        shop.hear(JUMA, reply.message_text, from_me=True, id=reply.wa_message_id)
        shop.hear(JUMA)
        await shop.answered(2)
    assert await shop.outcomes() == [("ANSWERED", None)] * 2


async def test_an_owners_pause_of_zero_is_none(database: Database) -> None:
    shop = await new_shop(database)
    shop.limits = shop.new_limits(pause_minutes=0)
    async with shop.open():
        shop.hear(JUMA, from_me=True)
        shop.hear(JUMA)
        await shop.answered(1)
    assert await shop.outcomes() == [("ANSWERED", None)]


async def test_what_is_too_old_by_whatsapps_clock_is_a_persons(database: Database) -> None:
    shop = await new_shop(database)
    now = shop.clock.now()
    shop.page.says(JUMA, at=now - timedelta(minutes=11))
    shop.page.says(JUMA, at=now - timedelta(minutes=10))
    async with shop.open() as path:
        await shop.answered(2)
        path.context.read_server_clock(now + timedelta(minutes=11))
        shop.hear(JUMA)
        shop.hear(JUMA, at=now + timedelta(minutes=11))
        await shop.answered(4)
    assert await shop.outcomes() == [
        ("UNANSWERED", "too_old"),
        ("ANSWERED", None),
        ("UNANSWERED", "too_old"),
        ("ANSWERED", None),
    ]


@pytest.mark.parametrize("step_minutes", [-15, 15])
async def test_a_step_of_the_hosts_clock_makes_nothing_too_old(
    step_minutes: int, database: Database
) -> None:
    shop = await new_shop(database)
    async with shop.open() as path:
        path.context.read_server_clock(shop.clock.now())
        at = shop.clock.now()
        shop.clock.step(60 * step_minutes)
        shop.hear(JUMA, at=at)
        await shop.answered(1)
        shop.clock.advance(11 * 60)
        shop.hear(JUMA, at=at)
        await shop.answered(2)
    assert await shop.outcomes() == [("ANSWERED", None), ("UNANSWERED", "too_old")]


async def test_an_age_of_zero_answers_what_comes_live_only(database: Database) -> None:
    shop = await new_shop(database)
    shop.limits = shop.new_limits(age_minutes=0)
    shop.page.says(JUMA)
    async with shop.open():
        await shop.answered(1)
        shop.clock.advance(30)
        shop.hear(JUMA, at=shop.clock.now() - timedelta(seconds=20))
        await shop.answered(2)
    assert await shop.outcomes() == [("UNANSWERED", "too_old"), ("ANSWERED", None)]


async def test_two_machines_that_answer_each_other_are_stopped(database: Database) -> None:
    shop = await new_shop(database)
    shop.limits = shop.new_limits(loops=2)
    async with shop.open():
        for count in range(3):
            shop.hear(JUMA)
            await shop.answered(count + 1)
        shop.hear(ASHA)
        await shop.answered(4)
        shop.clock.advance(600)
        shop.hear(JUMA)
        await shop.answered(5)
    answered = ("ANSWERED", None)
    assert await shop.outcomes() == [
        answered, answered, ("UNANSWERED", "loop"), answered, answered,
    ]  # fmt: skip


async def test_a_closed_business_says_so_once(database: Database) -> None:
    shop = await new_shop(database, given={"hours_json": CLOSED})
    async with shop.open():
        for count in range(2):
            shop.hear(JUMA)
            rows = await shop.answered(count + 1)
        assert await shop.outcomes() == [("ANSWERED", None), ("UNANSWERED", "hours")]
        assert outbound(rows) == [("SENT", "away")]
        await shop.change(Change(hours_given=True, hours_json=None))
        shop.hear(JUMA)
        rows = await shop.answered(3)
    assert outbound(rows) == [("SENT", "away"), ("SENT", "reply")]


async def test_an_edit_counts_from_the_next_message(database: Database) -> None:
    shop = await new_shop(database)
    async with shop.open():
        shop.hear(JUMA, "qwerty")
        await shop.answered(1)
        await shop.change(Change(business_name="Duka Jipya", language=Language.EN))
        shop.hear(JUMA, "qwerty")
        await shop.answered(2)
    first, second = shop.page.texts(JUMA)
    assert "Asha Salon" in first
    assert "Duka Jipya" in second


# Limits.


async def test_a_tenants_own_text_counts_from_the_next_message(database: Database) -> None:
    shop = await new_shop(database)
    async with shop.open():
        for count, body in enumerate(("Kusuka ni 20,000 {{ business }}", ""), start=1):
            async with database.transaction() as connection:
                await reply_templates.save(
                    connection,
                    shop.tenant_id,
                    key="prices",
                    language=Language.SW,
                    body=body,
                    created_by="admin",
                )
            shop.hear(JUMA, "bei gani")
            await shop.answered(count)
        own, shipped = [sent.text for sent in shop.page.arrived]
    assert own == "Kusuka ni 20,000 Asha Salon"
    assert shipped != own
    assert shipped


async def test_the_first_refusal_warns_and_the_rest_are_suppressed(database: Database) -> None:
    shop = await new_shop(database)
    shop.limits = shop.new_limits(rate=2)
    async with shop.open():
        for count in range(4):
            shop.hear(JUMA)
            await shop.answered(count + 1)
        shop.clock.advance(60)
        shop.hear(JUMA)
        rows = await shop.answered(5)
    suppressed = ("SUPPRESSED", "rate_limit")
    answered = ("ANSWERED", None)
    assert await shop.outcomes() == [answered, answered, suppressed, suppressed, answered]
    assert [purpose for _, purpose in outbound(rows)] == ["reply", "reply", "warning", "reply"]
    assert shop.page.texts(JUMA)[2] == slow_down_text(SALON)


async def test_a_tenants_own_limits_hold_from_the_next_message_on(database: Database) -> None:
    shop = await new_shop(database)
    shop.limits = shop.new_limits(rate=1, loops=1)
    said = 0

    async def outcome(chat: str = JUMA, **given: Any) -> str | None:
        nonlocal said
        shop.hear(chat, **given)
        said += 1
        await shop.answered(said)
        status, reason = (await shop.outcomes())[-1]
        return reason or status

    async def own(**limits: int | None) -> None:
        await shop.change(Change(limits=limits))

    async with shop.open():
        await own(rate_limit_max_per_minute=2, loop_breaker_max_replies=2)
        assert [await outcome() for _ in range(3)] == ["ANSWERED", "ANSWERED", "loop"]
        await own(loop_breaker_max_replies=0)
        assert await outcome() == "rate_limit"
        shop.clock.advance(30)
        await own(rate_limit_window_ms=30_000)
        assert [await outcome() for _ in range(3)] == ["ANSWERED", "ANSWERED", "rate_limit"]
        await own(rate_limit_max_per_minute=0)
        assert await outcome() == "ANSWERED"
        late = shop.clock.now() - timedelta(minutes=15)
        assert await outcome(at=late) == "too_old"
        await own(reply_max_age_minutes=15)
        assert await outcome(at=late) == "ANSWERED"
        await own(reply_max_age_minutes=None)
        assert await outcome(at=late) == "too_old"
        await own(owner_pause_minutes=0)
        shop.hear(JUMA, from_me=True)
        assert await outcome() == "ANSWERED"
        await own(owner_pause_minutes=1)
        shop.hear(JUMA, from_me=True)
        assert await outcome() == "owner_active"
        shop.clock.advance(60)
        assert await outcome() == "ANSWERED"


async def test_what_a_gap_left_waits_for_the_window(database: Database) -> None:
    shop = await new_shop(database)
    shop.limits = shop.new_limits(rate=1, window=0.05)
    for _ in range(3):
        shop.page.says(JUMA)
    async with shop.open():
        for count in (1, 2, 3):
            await shop.until(lambda _, count=count: len(shop.page.arrived) == count)  # type: ignore[misc]
            assert isinstance(shop.limits.rate.acquire(uuid4(), can_wait=True), Refused)
            shop.clock.advance(0.05)
        rows = await shop.answered(3)
    assert outbound(rows) == [("SENT", "reply")] * 3


async def test_a_full_queue_asks_once_to_wait(database: Database) -> None:
    shop = await new_shop(database, queue_size=2)
    shop.page.fates.append(Fate.SLOW)
    async with shop.open() as path:
        shop.hear(JUMA)
        await shop.until(lambda _: len(shop.page.taken) == 1)
        for _ in range(4):
            shop.hear(JUMA)
        shop.hear(ASHA)
        await shop.until(
            lambda rows: any(row.chat_id == ASHA and row.status == "SENT" for row in rows)
        )
        # One is being sent, two wait, and so does the request.
        await shop.until(lambda _: path.queue == (4, 1))
        shop.page.release()
        rows = await shop.answered(6)
    full, answered = ("QUEUE_FULL", "queue_full"), ("ANSWERED", None)
    assert await shop.outcomes() == [answered, answered, answered, full, full, answered]
    assert shop.page.texts(JUMA)[3] == wait_text(SALON)
    assert len(shop.page.texts(JUMA)) == 4
    assert [row.status for row in rows if row.purpose == "wait"] == ["SENT"]


# Gaps, faults and gates.


async def test_what_came_while_nobody_listened_is_answered_first(database: Database) -> None:
    shop = await new_shop(database)
    shop.page.says(JUMA, id="before the link", at=shop.history_from - timedelta(seconds=1))
    missed = [shop.page.says(JUMA).id, shop.page.says(JUMA).id]
    async with shop.open():
        live = shop.hear(JUMA).id
        rows = await shop.answered(3)
    assert shop.page.answers(JUMA) == [*missed, live]
    assert [row.origin for row in rows if row.direction == "IN"][:2] == ["sweep", "sweep"]


async def test_a_gap_within_a_session_is_searched(database: Database) -> None:
    shop = await new_shop(database)
    async with shop.open() as path:
        shop.hear(JUMA)
        await shop.answered(1)
        missed = shop.page.says(JUMA)
        path.catch_up()
        rows = await shop.answered(2)
    assert shop.page.answers(JUMA)[1] == missed.id
    assert [row.origin for row in rows if row.direction == "IN"] == ["live", "sweep"]


async def test_more_than_the_inbox_holds_is_found_by_a_sweep(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_path, "INBOX_SIZE", 2)
    shop = await new_shop(database)
    async with shop.open():
        said = [shop.hear(JUMA).id for _ in range(6)]
        rows = await shop.answered(6)
    assert shop.page.answers(JUMA) == said
    assert "sweep" in [row.origin for row in rows if row.direction == "IN"]


async def test_what_the_owner_answered_meanwhile_is_left_alone(database: Database) -> None:
    shop = await new_shop(database)
    shop.page.says(JUMA)
    shop.page.says(JUMA, "Ndiyo, karibu", from_me=True)
    shop.page.says(JUMA)
    async with shop.open():
        await shop.answered(2)
    assert await shop.outcomes() == [
        ("UNANSWERED", "owner_answered"),
        ("UNANSWERED", "owner_active"),
    ]


@pytest.mark.parametrize("heard", ["live", "after a gap"])
async def test_what_the_owner_answers_later_waits_for_nobody(
    heard: str, database: Database
) -> None:
    shop = await new_shop(database)

    async def waiting() -> list[str]:
        async with database.connection() as connection:
            rows = await messages.unanswered(connection, shop.tenant_id, limit=10)
        return [row.wa_message_id for row in rows]

    said_at = shop.clock.now() - timedelta(minutes=20)
    shop.page.says(JUMA, id="A", at=said_at)
    shop.page.says(ASHA, id="B", at=said_at)
    async with shop.open() as path:
        await shop.answered(2)
        assert await waiting() == ["B", "A"]
        answer = shop.page.says(JUMA, "Samahani", from_me=True, at=said_at + timedelta(minutes=5))
        # Not seen to by the answer, but the owner is there.
        later = shop.page.says(JUMA, id="C", at=said_at + timedelta(minutes=6))
        if heard == "live":
            path.put(answer)
            path.put(later)
        else:
            path.catch_up()
        rows = await shop.answered(3)
        assert await waiting() == ["B"]
    settled = {row.wa_message_id: row.settled_by for row in rows if row.direction == "IN"}
    assert settled == {"A": "phone", "B": None, "C": None}


async def test_nothing_is_sent_while_a_gate_is_shut(database: Database) -> None:
    shop = await new_shop(database)
    shop.is_owner.clear()
    async with shop.open():
        shop.hear(JUMA)
        await shop.until(lambda rows: len(rows) == 1)
        shop.connected.clear()
        shop.is_owner.set()
        shop.hear(JUMA)
        await shop.until(lambda rows: len(rows) == 2)
        assert [status for status, _ in await shop.outcomes()] == ["RECEIVED"] * 2
        assert shop.page.arrived == []
        shop.connected.set()
        await shop.answered(2)
    assert len(shop.page.arrived) == 2


async def test_what_the_page_was_given_lands_before_a_session_ends(database: Database) -> None:
    shop = await new_shop(database)
    shop.page.fates.append(Fate.SLOW)
    async with shop.open() as path:
        shop.hear(JUMA)
        await shop.until(lambda _: len(shop.page.taken) == 1)
        drained = asyncio.create_task(path.drain())
        shop.hear(JUMA)
        shop.hear(ASHA)
        rows = await shop.until(lambda rows: sum(row.direction == "IN" for row in rows) == 3)
        assert not drained.done()
        shop.page.release()
        await asyncio.wait_for(drained, 60)
        rows = await shop.log()
    assert outbound(rows) == [("SENT", "reply")]
    assert [status for status, _ in await shop.outcomes()] == ["ANSWERED", "RECEIVED", "RECEIVED"]
    async with shop.open():
        await shop.answered(3)
    assert len(shop.page.arrived) == 3


async def test_a_gate_that_shuts_during_a_wait_is_obeyed(database: Database) -> None:
    """Regression: a reply that waited for its window left although another daemon was owner."""
    shop = await new_shop(database)
    shop.limits = shop.new_limits(rate=1, window=0.01)
    rate = shop.limits.rate = NotedRefusals(shop.clock, 1, window_seconds=0.01)
    for _ in range(2):
        shop.page.says(JUMA)
    async with shop.open():
        await rate.refused.wait()
        shop.is_owner.clear()
        shop.clock.advance(0.01)
        # Ten windows: what does not obey the gate is gone by then.
        await asyncio.sleep(0.1)
        assert len(shop.page.arrived) == 1
        shop.is_owner.set()
        await shop.answered(2)
    assert len(shop.page.arrived) == 2


@pytest.mark.parametrize(
    ("fate", "error"),
    [
        (Fate.HANG, PageTimeout),
        (Fate.HANG_SENT, PageTimeout),
        (Fate.LOST, PageLost),
        (Fate.LOST_SENT, PageLost),
    ],
)
async def test_a_lost_page_ends_the_session_and_the_next_one_goes_on(
    fate: Fate, error: type[Exception], database: Database
) -> None:
    shop = await new_shop(database)
    said = [shop.page.says(chat).id for chat in (JUMA, JUMA, ASHA)]
    shop.page.fates.append(fate)
    with pytest.raises(error):
        await shop.run_until_lost()
    async with shop.open():
        await shop.answered(3)
    assert shop.page.answers(JUMA) == said[:2]
    assert shop.page.answers(ASHA) == said[2:]


async def test_a_message_that_fails_twice_is_failed_and_its_chat_goes_on(
    database: Database,
) -> None:
    shop = await new_shop(database)
    shop.page.fates.extend([Fate.ERROR, Fate.ERROR])
    async with shop.open():
        shop.hear(JUMA)
        shop.hear(JUMA)
        rows = await shop.answered(2)
    assert outbound(rows) == [("FAILED", "reply"), ("SENT", "reply")]
    assert len(shop.page.arrived) == 1


async def test_what_cannot_be_decided_is_listed_and_its_chat_goes_on(database: Database) -> None:
    shop = await new_shop(database)
    shop.page.says(JUMA)
    shop.page.fates.append(Fate.LOST_SENT)
    with pytest.raises(PageLost):
        await shop.run_until_lost()
    shop.page.is_undecidable = True
    shop.page.says(JUMA)
    async with shop.open():
        rows = await shop.answered(2)
    assert outbound(rows) == [("UNKNOWN", "reply"), ("SENT", "reply")]
    assert len(shop.page.arrived) == 2


async def test_what_the_page_keeps_is_sent_by_the_page(database: Database) -> None:
    shop = await new_shop(database, ack_seconds=0.02)
    shop.page.fates.append(Fate.SLOW)
    async with shop.open():
        shop.hear(JUMA)
        shop.hear(JUMA)
        await shop.until(lambda rows: len(rows) == 4 and rows[3].status == "SENT")
        shop.page.release()
        rows = await shop.answered(2)
    assert outbound(rows) == [("SENT", "reply")] * 2
    assert len(shop.page.arrived) == 2


async def test_a_broken_configuration_fails_its_messages_only(database: Database) -> None:
    shop = await new_shop(database)
    async with shop.open():
        await shop.change(Change(hours_given=True, hours_json={"tz": "Nowhere/Else"}))
        shop.hear(JUMA)
        rows = await shop.answered(1)
        assert (rows[0].status, rows[0].reason) == ("FAILED", "failed")
        assert rows[0].error
        await shop.change(Change(hours_given=True, hours_json=None))
        shop.hear(JUMA)
        await shop.answered(2)
    assert len(shop.page.arrived) == 1


async def test_a_send_that_breaks_us_is_listed_and_its_chat_goes_on(database: Database) -> None:
    shop = await new_shop(database)
    sends = iter(range(2))

    async def break_down() -> None:
        if (
            shop.page.calls[-1][0] in ("send_text", "find_message")
            and next(sends, None) is not None
        ):
            raise RuntimeError("a fault of ours")

    shop.page.step = break_down
    async with shop.open():
        shop.hear(JUMA)
        said = shop.hear(JUMA).id
        rows = await shop.answered(2)
    assert await shop.outcomes() == [("ANSWERED", None), ("ANSWERED", None)]
    replies = [(row.status, row.reason) for row in rows if row.direction == "OUT"]
    assert replies == [("UNKNOWN", "failed"), ("SENT", None)]
    assert shop.page.answers(JUMA) == [said]


async def test_lost_connections_to_the_database_lose_no_message(database: Database) -> None:
    shop = await new_shop(database)
    async with shop.open():
        for round in range(3):
            for chat in (JUMA, ASHA, NEEMA):
                shop.hear(chat, f"swali {round}")
            async with database.connection() as connection:
                await connection.fetch(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where datname = current_database() and pid <> pg_backend_pid()"
                )
        rows = await shop.answered(9)
    assert outbound(rows) == [("SENT", "reply")] * 9
    for chat in (JUMA, ASHA, NEEMA):
        asked = [row.wa_message_id for row in rows if row.chat_id == chat and row.direction == "IN"]
        assert shop.page.answers(chat) == asked


async def test_a_row_that_was_logged_elsewhere_is_sent_in_its_chats_order(
    database: Database,
) -> None:
    shop = await new_shop(database)
    shop.page.fates.append(Fate.SLOW)
    async with shop.open() as path:
        shop.hear(JUMA)
        rows = await shop.until(lambda _: len(shop.page.taken) == 1)
        contact_id = rows[0].contact_id
        async with database.transaction() as connection:
            planned = await messages.record_outbound(
                connection,
                shop.tenant_id,
                messages.Outbound(
                    contact_id, JUMA, None, None, "Habari ya asubuhi", "3EB0" + "0" * 18, "reply",
                    "test", None, None, shop.clock.now(),
                ),
            )  # fmt: skip
        assert planned is not None
        path.enqueue(contact_id, planned.id)
        path.enqueue(contact_id, planned.id)
        shop.hear(JUMA)
        await shop.until(lambda rows: len(rows) == 4)
        shop.page.release()
        await shop.answered(2)
    assert [sent.text for sent in shop.page.arrived][1] == "Habari ya asubuhi"
    assert len(shop.page.arrived) == 3


async def test_a_reply_delay_is_shown_as_typing(database: Database) -> None:
    shop = await new_shop(database, reply_delay=timedelta(milliseconds=1))
    async with shop.open():
        shop.hear(JUMA)
        await shop.answered(1)
    names = [name for name, _ in shop.page.calls]
    assert names[1:] == ["typing", "typing", "send_text", "mark_read"]
