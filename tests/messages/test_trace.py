"""Every message can tell why it was answered or was not, from facts that were stored with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowhqd.messages.manual import ManualMessage, record
from flowhqd.messages.trace import Trace, story
from flowhqd.states import Direction, TenantStatus
from flowhqd.store import contacts, states, tenants
from flowhqd.store.database import Database
from flowhqd.store.messages import InStatus, LoggedMessage, OutStatus
from flowhqd.store.states import StateChange
from flowhqd.whatsapp.addresses import alias
from tests.messages.page import Fate
from tests.messages.shop import NotedRefusals, Shop, new_shop

JUMA, ASHA = "255700000001@c.us", "255700000002@c.us"
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
CLOSED = {"tz": "UTC", "sun": [["08:00", "17:00"]]}
TEXT = st.text(max_size=30)
FACTS = {
    **dict.fromkeys(["key", "rule", "template", "language", "until", "revoked_at", "opting"], TEXT),
    **dict.fromkeys(
        ["late_seconds", "waited_seconds", "limit", "waiting", "age_seconds", "max_age_seconds"],
        st.integers(-5, 10**7),
    ),
    "unreadable_seconds": st.integers(0, 10**6),
    **dict.fromkeys(["warned", "asked_to_wait", "edited_before"], st.booleans()),
    "found": st.dictionaries(TEXT, TEXT, max_size=3),
    "edits": st.lists(st.fixed_dictionaries({"text": TEXT, "at": TEXT}), max_size=3),
    "look_ups": st.lists(TEXT, max_size=3),
}
REASONS = [
    None, "paused", "wrong_number", "opted_out", "owner_active", "owner_answered", "too_old",
    "overtaken", "loop", "hours", "undecryptable", "revoked", "rate_limit", "queue_full", "failed",
    "send_failed", "recipient_unknown", "undecidable", "{a reason} of tomorrow",
]  # fmt: skip


def a_row(**given: Any) -> LoggedMessage:
    """A message from a customer that waits, or as given."""
    values: dict[str, Any] = {
        "seq": 1, "id": UUID(int=1), "tenant_id": UUID(int=2), "contact_id": UUID(int=3),
        "chat_id": JUMA, "direction": Direction.IN, "from_number": None, "to_number": None,
        "message_text": "Habari", "message_type": "chat", "wa_message_id": "A",
        "status": InStatus.RECEIVED, "reason": None, "origin": "live", "purpose": None,
        "in_reply_to": None, "quoted_id": None, "attempts": 0, "error": None, "trace": {},
        "wa_timestamp": NOON, "created_at": NOON, "settled_at": None, "settled_by": None,
    }  # fmt: skip
    return LoggedMessage(**{**values, **given})


ANY: dict[str, Any] = {
    "reason": st.sampled_from(REASONS),
    "error": st.none() | TEXT,
    "created_at": st.timedeltas(timedelta(minutes=-5), timedelta(days=9)).map(NOON.__add__),
    "trace": st.fixed_dictionaries({}, optional=FACTS),
    "settled_at": st.none() | st.just(NOON),
    "settled_by": st.none() | st.sampled_from(["phone", "api", "admin"]),
}
ROWS = st.builds(
    a_row,
    status=st.sampled_from(InStatus),
    origin=st.sampled_from(["live", "sweep"]),
    **ANY,
) | st.builds(
    a_row,
    direction=st.just(Direction.OUT),
    status=st.sampled_from(OutStatus),
    origin=st.sampled_from(["reply", "api"]),
    purpose=st.sampled_from(["reply", "away", "wait", "warning", "manual", "test"]),
    attempts=st.integers(0, 3),
    **ANY,
)


@given(row=ROWS)
def test_every_message_has_a_story(row: LoggedMessage) -> None:
    told = story(row)
    assert len(told) >= 2
    assert all(sentence.strip() for sentence in told)


def test_every_fact_is_part_of_the_test_above() -> None:
    assert FACTS.keys() == Trace.__annotations__.keys()


Scene = Callable[[Shop], Awaitable[None]]


async def hears(shop: Shop) -> None:
    shop.hear(JUMA, "Nataka kuweka miadi kesho saa nne")


async def is_paused(shop: Shop) -> None:
    async with shop.database.transaction() as connection:
        change = StateChange("paused", tenant=TenantStatus.PAUSED)
        await states.apply(connection, shop.tenant_id, change, actor="admin")
    await hears(shop)


async def has_the_wrong_phone(shop: Shop) -> None:
    shop.path.context.hold = "wrong_number"
    await hears(shop)


async def has_lost_a_customer(shop: Shop) -> None:
    async with shop.database.transaction() as connection:
        contact = await contacts.resolve(connection, shop.tenant_id, [alias(JUMA)])
        await connection.execute(
            "update contact set opted_out_at = now(), opted_out_by = 'owner' where id = $1",
            contact.id,
        )
    await hears(shop)


async def has_a_busy_owner(shop: Shop) -> None:
    shop.hear(JUMA, "Nitakupigia", from_me=True)
    await hears(shop)


async def has_an_owner_who_answered(shop: Shop) -> None:
    shop.page.says(JUMA)
    shop.page.says(JUMA, "Ndiyo, karibu", from_me=True)
    shop.path.catch_up()


async def comes_late(shop: Shop) -> None:
    shop.hear(JUMA, at=shop.clock.now() - timedelta(minutes=11))


async def talks_to_a_machine(shop: Shop) -> None:
    for _ in range(10):
        shop.limits.loops.count((await contact_of(shop)).id)
    await hears(shop)


async def contact_of(shop: Shop) -> contacts.Resolved:
    async with shop.database.transaction() as connection:
        return await contacts.resolve(connection, shop.tenant_id, [alias(JUMA)])


async def is_closed(shop: Shop) -> None:
    await shop.change(tenants.Change(hours_given=True, hours_json=CLOSED))
    shop.hear(JUMA)
    await shop.answered(1)
    await hears(shop)


async def cannot_read(shop: Shop) -> None:
    shop.hear(JUMA, "", type="ciphertext")


async def is_busy(shop: Shop) -> None:
    for _ in range(4):
        shop.limits.rate.acquire(UUID(int=shop.limits.rate.used))
    await hears(shop)


async def is_full(shop: Shop) -> None:
    shop.page.fates.append(Fate.SLOW)
    await hears(shop)
    await shop.until(lambda _: len(shop.page.taken) == 1)
    for _ in range(3):
        shop.hear(JUMA)
    await shop.until(lambda rows: any(row.status == InStatus.QUEUE_FULL for row in rows))
    shop.page.release()


async def is_broken(shop: Shop) -> None:
    await shop.change(tenants.Change(hours_given=True, hours_json={"tz": "Nowhere"}))
    await hears(shop)


@pytest.mark.parametrize(
    ("scene", "facts", "last"),
    [
        (
            hears,
            {"rule", "template", "language", "found"},
            "Answered by the rule booking of BOOKING in Swahili, having found",
        ),
        (is_paused, set(), "Not answered: the tenant was paused."),
        (has_the_wrong_phone, set(), "Not answered: the phone linked was not the tenant's."),
        (
            has_lost_a_customer,
            set(),
            "Not answered: this customer opted out, or the owner wants it so.",
        ),
        (
            has_a_busy_owner,
            {"until"},
            "Not answered: the owner had written in this chat, until 20",
        ),
        (has_an_owner_who_answered, set(), "Not answered: the owner had answered on the phone."),
        (
            comes_late,
            {"age_seconds", "max_age_seconds"},
            "Not answered: it was 11 min old when its turn came; up to 10 min is answered.",
        ),
        (talks_to_a_machine, set(), "Not answered: after so many replies in ten minutes this may"),
        (
            is_closed,
            {"until"},
            "Not answered: the business was closed, and this customer had been told so, until 20",
        ),
        (cannot_read, set(), "Not answered: WhatsApp Web could not decrypt it; open it on the"),
        (
            is_busy,
            {"limit", "warned"},
            "Not answered: the tenant's limit of 4 replies in one window was reached, and this "
            "customer was asked to slow down.",
        ),
        (
            is_full,
            {"waiting", "asked_to_wait"},
            "Not answered: of this chat's messages 2 were waiting already, and the customer was "
            "asked to wait.",
        ),
        (is_broken, set(), "Not answered: flowhqd failed: "),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
async def test_the_log_says_why(
    scene: Scene, facts: set[str], last: str, database: Database
) -> None:
    shop = await new_shop(database, queue_size=2)
    shop.limits = shop.new_limits(rate=4, loops=10)
    async with shop.open():
        await scene(shop)
        rows = await shop.answered(len(shop.page.heard(JUMA)))
    row = next(row for row in reversed(rows) if row.direction == "IN")
    assert row.trace.keys() - {"key", "late_seconds"} == facts
    assert row.trace["key"].startswith("false_")
    told = story(row)
    found = "Was found after a gap, 0 s after WhatsApp took it."
    assert told[0] == (found if row.origin == "sweep" else "Came in live.")
    assert told[-1].startswith(last)


async def test_a_wait_for_the_window_is_told(database: Database) -> None:
    shop = await new_shop(database)
    shop.limits = shop.new_limits(rate=1, window=0.01)
    rate = shop.limits.rate = NotedRefusals(shop.clock, 1, window_seconds=0.01)
    shop.page.says(JUMA)
    shop.page.says(JUMA)
    async with shop.open() as path:
        async with database.transaction() as connection:
            tenant = await tenants.get(connection, shop.tenant_id)
            asked = await record(
                connection, tenant, ManualMessage(ASHA, "Karibu"), key=b"key", now=NOON
            )
        await rate.refused.wait()
        shop.clock.advance(40)
        await shop.until(lambda _: len(shop.page.arrived) == 2)
        rate.refused.clear()
        path.enqueue(asked.row.contact_id, asked.row.id)
        await rate.refused.wait()
        shop.clock.advance(50)
        rows = await shop.until(lambda rows: all(row.status != "QUEUED" for row in rows))
    second = [row for row in rows if row.direction == "IN"][1]
    assert second.trace["waited_seconds"] == 40
    assert story(second)[-1].endswith(", after 40 s of waiting for the rate limit.")
    [notice] = [row for row in rows if row.origin == "api"]
    assert story(notice)[1:] == ["Waited 50 s for the rate limit.", "WhatsApp has it."]


async def test_a_look_up_is_told(database: Database) -> None:
    shop = await new_shop(database)
    shop.page.fates.extend([Fate.ERROR, Fate.REFUSED])
    async with shop.open():
        shop.hear(JUMA)
        asked, reply = await shop.answered(1)
    assert (reply.status, reply.trace["look_ups"]) == ("FAILED", ["absent", "refused"])
    assert story(reply)[1:] == [
        "WhatsApp Web was asked for it before another try: it was not there; then WhatsApp had "
        "refused it.",
        f"Not sent: two tries failed: {reply.error}",
    ]
    assert story(asked)[-1].startswith("Answered by the rule")


async def test_what_became_readable_says_how_long_it_was_not(database: Database) -> None:
    shop = await new_shop(database)
    async with shop.open() as path:
        shop.hear(JUMA, "", id="A", type="ciphertext")
        await shop.answered(1)
        path.put(shop.page.says(JUMA, "Bei gani?", id="A"))
        await shop.until(lambda rows: len(rows) == 2)
        asked, _ = await shop.answered(1)
    assert asked.trace["unreadable_seconds"] >= 0
    assert story(asked)[1].startswith("Could not be decrypted for ")
