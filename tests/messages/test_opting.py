"""Customers who opt out by a message, and in again, whatever happens meanwhile."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowhqd.messages.decision import NoReply, Reply, Situation, decide
from flowhqd.messages.trace import story
from flowhqd.replies import Business
from flowhqd.states import Language, TenantStatus
from flowhqd.store import contacts, opt_outs, states
from flowhqd.store.contacts import Conversation
from flowhqd.store.database import Database
from flowhqd.store.opt_outs import OptOut
from flowhqd.store.states import StateChange
from flowhqd.store.tenants import Change
from flowhqd.whatsapp.addresses import alias
from tests.messages.page import Fate
from tests.messages.shop import NotedRefusals, Shop, new_shop
from tests.messages.test_crashes import Mortal
from tests.messages.test_path import CLOSED, JUMA, JUMAS_LID
from tests.messages.test_trace import NOON, a_row

SILENT = ("UNANSWERED", "opted_out")
ANSWERED = ("ANSWERED", None)
OUT_TEXT, IN_TEXT = "hutapokea tena majibu", "Karibu tena"
FALLBACK = "hatujakuelewa vizuri"


def situation(conversation: Conversation, **given: object) -> Situation:
    values: dict[str, object] = {
        "business": Business("Saluni", "BOOKING", Language.SW),
        "now": NOON,
        "hold": None,
        "max_age": timedelta(minutes=10),
        "is_looping": False,
    }
    return Situation(conversation=conversation, **{**values, **given})  # type: ignore[arg-type]


OUT = Conversation(opted_out_at=NOON, opted_out_by="customer", opting_at=NOON - timedelta(hours=1))
OWNERS = Conversation(opted_out_at=NOON, opted_out_by="owner")
BACK = Conversation(opting_at=NOON + timedelta(minutes=1))


@pytest.mark.parametrize(
    ("text", "conversation", "given_", "outcome"),
    [
        ("STOP", Conversation(), {}, "opt_out"),
        ("Acha!", Conversation(paused_until=NOON + timedelta(hours=1)), {}, "opt_out"),
        ("STOP", OUT, {}, SILENT),
        ("bei gani", OUT, {}, SILENT),
        ("anza", OUT, {}, "opt_in"),
        ("anza", OWNERS, {}, SILENT),
        ("STOP", OWNERS, {}, SILENT),
        ("START", Conversation(), {}, "fallback"),
        ("STOP", BACK, {}, ("UNANSWERED", "overtaken")),
        ("STOP", Conversation(), {"hold": "paused"}, ("UNANSWERED", "paused")),
        ("STOP", Conversation(), {"is_looping": True}, ("UNANSWERED", "loop")),
        ("STOP", Conversation(), {"now": NOON + timedelta(hours=1)}, ("UNANSWERED", "too_old")),
        ("Stop, nimebadili nia", Conversation(), {}, "fallback"),
    ],
)
def test_a_decision(
    text: str, conversation: Conversation, given_: dict[str, object], outcome: str | tuple[str, str]
) -> None:
    decision = decide(a_row(message_text=text), situation(conversation, **given_))
    if isinstance(decision, NoReply):
        assert ("UNANSWERED", decision.reason) == outcome
    else:
        assert isinstance(decision, Reply)
        assert decision.answer.rule == decision.trace["rule"] == outcome


def test_a_word_that_was_deleted_or_edited_away_asks_for_nothing() -> None:
    deleted = a_row(message_text="STOP", trace={"revoked_at": "x"})
    assert decide(deleted, situation(Conversation())) == NoReply("revoked")
    edited = a_row(message_text="STOP", trace={"edits": [{"text": "Habari", "at": "x"}]})
    decision = decide(edited, situation(Conversation()))
    assert isinstance(decision, Reply)
    assert decision.answer.rule == "greeting"


async def silent(shop: Shop) -> list[OptOut]:
    async with shop.database.connection() as connection:
        return await opt_outs.of_tenant(connection, shop.tenant_id, limit=9)


async def events(shop: Shop) -> list[tuple[str, str]]:
    async with shop.database.connection() as connection:
        rows = await connection.fetch(
            "select event_type, payload_json from portal_event_log where tenant_id = $1"
            " order by id",
            shop.tenant_id,
        )
    return [(row["event_type"], row["payload_json"]["by"]) for row in rows]


async def write(shop: Shop, *texts: str) -> None:
    """A customer writes, each time after the last message was seen to."""
    for text in texts:
        shop.hear(JUMA, text)
        await shop.answered(len(shop.page.heard(JUMA)))
        shop.clock.advance(1)


async def test_who_opts_out_is_told_so_once_and_left_alone_until_they_opt_in(
    database: Database,
) -> None:
    shop = await new_shop(database)
    async with shop.open():
        await write(shop, "Habari", "STOP", "bei gani?", "Acha", "ANZA.", "Habari")
        rows = await shop.log()
    assert await shop.outcomes() == [ANSWERED, ANSWERED, SILENT, SILENT, ANSWERED, ANSWERED]
    _, out, back, _ = shop.page.texts(JUMA)
    assert OUT_TEXT in out
    assert IN_TEXT in back
    assert await silent(shop) == []
    assert await events(shop) == [("opted_out", "customer"), ("opted_in", "customer")]
    told = {row.message_text: story(row) for row in rows if row.direction == "IN"}
    assert told["STOP"][-2].startswith("Answered by the rule opt_out of BOOKING in Swahili")
    assert told["STOP"][-1].startswith("By it the customer opted out")
    assert told["ANZA."][-1] == "By it the customer opted in again."
    assert told["Acha"][-1] == "Not answered: this customer opted out, or the owner wants it so."


async def test_who_is_listed_and_since_when(database: Database) -> None:
    shop = await new_shop(database)
    async with shop.open():
        await write(shop, "sitisha")
    [found] = await silent(shop)
    assert (found.name, found.number, found.opted_out_by) == ("Juma", "255700000001", "customer")


async def test_one_opts_out_of_a_paused_business_silently(database: Database) -> None:
    shop = await new_shop(database)
    async with database.transaction() as connection:
        change = StateChange("paused", tenant=TenantStatus.PAUSED)
        await states.apply(connection, shop.tenant_id, change, actor="admin")
    async with shop.open():
        await write(shop, "STOP")
        async with database.transaction() as connection:
            change = StateChange("active", tenant=TenantStatus.ACTIVE)
            await states.apply(connection, shop.tenant_id, change, actor="admin")
        await write(shop, "Habari")
        rows = await shop.log()
    assert await shop.outcomes() == [("UNANSWERED", "paused"), SILENT]
    assert shop.page.arrived == []
    assert story(rows[0])[-1].startswith("By it the customer opted out")


async def test_one_opts_out_of_a_closed_business(database: Database) -> None:
    shop = await new_shop(database)
    await shop.change(Change(hours_given=True, hours_json=CLOSED))
    async with shop.open():
        await write(shop, "Habari", "STOP", "Habari", "START")
    assert await shop.outcomes() == [ANSWERED, ANSWERED, SILENT, ANSWERED]
    assert OUT_TEXT in shop.page.texts(JUMA)[1]


async def test_one_opts_out_while_the_owner_writes(database: Database) -> None:
    shop = await new_shop(database)
    async with shop.open():
        shop.hear(JUMA, "Nikuletee leo?", from_me=True)
        await write(shop, "STOP", "Habari")
    assert await shop.outcomes() == [ANSWERED, SILENT]


async def test_what_the_owner_answered_in_a_gap_opts_out_all_the_same(database: Database) -> None:
    shop = await new_shop(database)
    shop.page.says(JUMA, "STOP")
    shop.page.says(JUMA, "Sawa", from_me=True)
    async with shop.open():
        await shop.answered(1)
        await write(shop, "Habari")
    assert await shop.outcomes() == [("UNANSWERED", "owner_answered"), SILENT]
    assert shop.page.arrived == []


async def test_what_comes_too_late_to_be_answered_opts_out(database: Database) -> None:
    shop = await new_shop(database)
    shop.page.says(JUMA, "STOP", at=shop.clock.now() - timedelta(minutes=11))
    async with shop.open():
        await shop.answered(1)
    assert await shop.outcomes() == [("UNANSWERED", "too_old")]
    assert len(await silent(shop)) == 1


async def test_the_confirmation_waits_for_the_window(database: Database) -> None:
    shop = await new_shop(database)
    shop.limits = shop.new_limits(rate=4)
    shop.limits.rate = NotedRefusals(shop.clock, 4, 60)
    async with shop.open():
        await write(shop, *["Habari"] * 4)
        shop.hear(JUMA, "STOP")
        await shop.limits.rate.refused.wait()
        assert await silent(shop) == []
    # The next session finds it, and room in the window.
    shop.clock.advance(60)
    async with shop.open():
        await shop.answered(5)
    assert await shop.outcomes() == [ANSWERED] * 5
    assert OUT_TEXT in shop.page.texts(JUMA)[-1]


async def test_one_opts_out_in_a_crowd_and_is_not_asked_to_wait(database: Database) -> None:
    shop = await new_shop(database, queue_size=2)
    shop.page.fates.append(Fate.SLOW)
    async with shop.open():
        shop.hear(JUMA, "Habari")
        await shop.until(lambda _: len(shop.page.taken) == 1)
        for text in ("Bei?", "Bei?", "STOP", "Bei?"):
            shop.hear(JUMA, text)
        await shop.until(lambda rows: len(rows) == 6)
        shop.page.release()
        await shop.answered(5)
    full = ("QUEUE_FULL", "queue_full")
    assert await shop.outcomes() == [ANSWERED, SILENT, SILENT, full, full]
    assert len(shop.page.arrived) == 1


async def test_what_is_found_late_does_not_undo_what_came_after_it(database: Database) -> None:
    shop = await new_shop(database)
    shop.page.closed_books.add(JUMA)
    shop.page.says(JUMA, "STOP")
    shop.clock.advance(60)
    async with shop.open():
        shop.hear(JUMA, "ANZA")
        await shop.answered(1)
        shop.page.closed_books.clear()
        shop.path.catch_up()
        rows = await shop.answered(2)
        await write(shop, "Habari")
    assert [row.message_text for row in rows if row.direction == "IN"] == ["ANZA", "STOP"]
    assert await shop.outcomes() == [ANSWERED, ("UNANSWERED", "overtaken"), ANSWERED]
    assert FALLBACK in shop.page.texts(JUMA)[0], "nothing was known that it could undo"
    assert await silent(shop) == []


async def test_whom_the_owner_wants_left_alone_cannot_change_that(database: Database) -> None:
    shop = await new_shop(database)
    async with database.transaction() as connection:
        contact = await contacts.resolve(connection, shop.tenant_id, [alias(JUMA)])
        await opt_outs.add(connection, shop.tenant_id, contact.id, user_id=None)
        await opt_outs.add(connection, shop.tenant_id, contact.id, user_id=None)
    async with shop.open():
        await write(shop, "Habari", "START", "STOP")
        async with database.transaction() as connection:
            await opt_outs.remove(connection, shop.tenant_id, contact.id, user_id=None)
            await opt_outs.remove(connection, shop.tenant_id, contact.id, user_id=None)
        await write(shop, "Habari")
    assert await shop.outcomes() == [SILENT, SILENT, SILENT, ANSWERED]
    assert await events(shop) == [("opted_out", "owner"), ("opted_in", "owner")]


@given(
    words=st.permutations(["STOP", "ANZA", "Acha", "start"]),
    order=st.permutations(range(4)),
)
def test_the_last_word_counts_in_whatever_order_it_is_found(
    words: list[str], order: list[int]
) -> None:
    """The pure part against a model: what the last word by WhatsApp's clock says."""
    conversation = Conversation()
    for place in order:
        row = a_row(message_text=words[place], wa_timestamp=NOON + timedelta(seconds=place))
        decision = decide(row, situation(conversation))
        is_older = conversation.opting_at is not None and row.wa_timestamp < conversation.opting_at
        if is_older:
            assert isinstance(decision, NoReply) or decision.answer.rule == "fallback"
            continue
        is_out = words[place] in ("STOP", "Acha")
        was_out = conversation.opted_out_at is not None
        if is_out is not was_out:
            assert isinstance(decision, Reply)
            assert decision.answer.rule == ("opt_out" if is_out else "opt_in")
        conversation = Conversation(
            opted_out_at=NOON if is_out else None,
            opted_out_by="customer" if is_out else None,
            opting_at=row.wa_timestamp,
        )
    assert (conversation.opted_out_at is not None) == (words[3] in ("STOP", "Acha"))


@pytest.mark.parametrize(
    ("older", "newer", "who"),
    [
        (["STOP"], [], "customer"),
        ([], ["STOP"], "customer"),
        (["STOP"], ["ANZA"], None),
        (["STOP", "ANZA"], ["STOP"], "customer"),
        (["owner"], ["ANZA"], "owner"),
        (["STOP"], ["owner"], "owner"),
    ],
)
async def test_of_two_contacts_that_are_one_the_last_word_counts(
    older: list[str], newer: list[str], who: str | None, database: Database
) -> None:
    shop = await new_shop(database)
    at = itertools.count()
    async with database.transaction() as connection:
        for address, words in ((JUMAS_LID, older), (JUMA, newer)):
            contact = await contacts.resolve(connection, shop.tenant_id, [alias(address)])
            for word in words:
                if word == "owner":
                    await opt_outs.add(connection, shop.tenant_id, contact.id, user_id=None)
                else:
                    moment = NOON + timedelta(seconds=next(at))
                    await opt_outs.said(connection, contact.id, opts_out=word == "STOP", at=moment)
        both = [alias(JUMAS_LID), alias(JUMA)]
        merged = await contacts.resolve(connection, shop.tenant_id, both)
        assert (await contacts.conversation(connection, merged.id)).opted_out_by == who
    assert merged.merged


async def test_whatever_step_a_daemon_dies_at_one_is_told_once_and_left_alone(
    database: Database,
) -> None:
    fatal = 0
    survived = False
    while not survived:
        fatal += 1
        mortal = Mortal(await new_shop(database))
        mortal.page.says(JUMA, "STOP")
        mortal.shop.clock.advance(1)
        mortal.page.says(JUMA, "Habari")
        survived = await mortal.live([], fatal=fatal)
        if not survived:
            assert await mortal.live([]), f"the next life does not end after step {fatal}"
        [text] = mortal.page.texts(JUMA)
        assert OUT_TEXT in text, f"step {fatal}"
        assert await mortal.shop.outcomes() == [ANSWERED, SILENT], f"step {fatal}"
        assert await events(mortal.shop) == [("opted_out", "customer")], f"step {fatal}"
    assert fatal > 20, "a life has more steps"
