from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import permutations, product
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from flowhqd.states import Direction
from flowhqd.store import contacts, messages
from flowhqd.store.database import Database
from flowhqd.store.messages import Inbound, InStatus, LoggedMessage, Outbound, OutStatus
from flowhqd.whatsapp.addresses import alias
from tests.tenants import new_tenant

if TYPE_CHECKING:
    from flowhqd.store.pool import Connection

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


class Log:
    """One tenant's log, with a contact to write and to be written to."""

    def __init__(self, connection: Connection, tenant_id: UUID, contact_id: UUID) -> None:
        self.connection = connection
        self.tenant_id = tenant_id
        self.contact_id = contact_id

    async def receive(self, wa_id: str, **given: Any) -> UUID | None:
        values: dict[str, Any] = {
            "contact_id": self.contact_id,
            "chat_id": "255700000001@c.us",
            "from_number": "+255700000001",
            "text": "Habari",
            "type": "chat",
            "wa_message_id": wa_id,
            "origin": "live",
            "wa_timestamp": NOON,
        }
        inbound = Inbound(**{**values, **given})
        return await messages.record_inbound(self.connection, self.tenant_id, inbound)

    async def send(
        self, wa_id: str, in_reply_to: UUID | None = None, purpose: str = "reply"
    ) -> LoggedMessage | None:
        outbound = Outbound(
            self.contact_id, "255700000001@c.us", None, "+255700000001", "Karibu", wa_id, "reply",
            purpose, in_reply_to, None, NOON,
        )  # fmt: skip
        return await messages.record_outbound(self.connection, self.tenant_id, outbound)

    async def sent(self, wa_id: str) -> LoggedMessage:
        row = await self.send(wa_id)
        assert row is not None
        return row

    async def get(self, row_id: UUID | None) -> LoggedMessage:
        assert row_id is not None
        row = await messages.get(self.connection, row_id)
        assert row is not None
        return row

    async def open_ids(self) -> list[str]:
        rows = await messages.open_work(self.connection, self.tenant_id)
        return [row.wa_message_id for row in rows]


async def new_log(connection: Connection) -> Log:
    tenant_id = await new_tenant(connection)
    found = await contacts.resolve(connection, tenant_id, [alias("255700000001@c.us")])
    return Log(connection, tenant_id, found.id)


@pytest.fixture
async def log(database: Database) -> AsyncIterator[Log]:
    async with database.connection() as connection:
        yield await new_log(connection)


async def test_a_row_holds_what_it_was_given(log: Log) -> None:
    row_id = await log.receive("A", text="Bei?\U0001f600", type="image", trace={"key": "false_A"})
    row = await log.get(row_id)
    assert (row.direction, row.status, row.reason) == (Direction.IN, InStatus.RECEIVED, None)
    assert (row.message_text, row.message_type) == ("Bei?\U0001f600", "image")
    assert (row.from_number, row.chat_id) == ("+255700000001", "255700000001@c.us")
    assert (row.wa_timestamp, row.origin, row.trace) == (NOON, "live", {"key": "false_A"})
    assert await messages.get(log.connection, uuid4()) is None


async def test_each_direction_has_its_own_outcomes(log: Log) -> None:
    """The database's check and the two enums agree."""
    allowed = {
        Direction.IN: {str(status) for status in InStatus},
        Direction.OUT: {str(status) for status in OutStatus},
    }
    every = [*allowed[Direction.IN], *allowed[Direction.OUT], "", "sent"]
    for number, (direction, status) in enumerate(product(Direction, every)):
        taken = True
        try:
            await log.connection.execute(
                "insert into message_log (tenant_id, contact_id, chat_id, direction, wa_message_id,"
                " status, origin, wa_timestamp) values ($1, $2, 'c', $3, $4, $5, 'live', now())",
                log.tenant_id, log.contact_id, direction, str(number), status,
            )  # fmt: skip
        except asyncpg.CheckViolationError:
            taken = False
        assert taken is (status in allowed[direction]), (direction, status)


async def test_what_was_undecryptable_is_new_once_it_can_be_read(log: Log) -> None:
    first = await log.receive("A", text="", type="ciphertext")
    assert first is not None
    await messages.settle_inbound(
        log.connection, first, InStatus.UNANSWERED, reason="undecryptable"
    )
    assert await log.open_ids() == []

    assert await log.receive("A", text="Bei gani?") == first
    row = await log.get(first)
    assert (row.message_text, row.message_type) == ("Bei gani?", "chat")
    assert (row.status, row.reason) == (InStatus.RECEIVED, None)
    assert await log.open_ids() == ["A"]
    assert await log.receive("A", text="Bei gani?") is None, "it is readable once"


@pytest.mark.parametrize("reason", ["paused", "too_old", None])
async def test_only_what_was_undecryptable_becomes_new(reason: str | None, log: Log) -> None:
    first = await log.receive("A")
    assert first is not None
    await messages.settle_inbound(log.connection, first, InStatus.UNANSWERED, reason=reason)
    assert await log.receive("A", text="again") is None
    assert (await log.get(first)).message_text == "Habari"


async def test_a_watermark_is_the_newest_time_of_its_chat(log: Log) -> None:
    later, earlier = NOON + timedelta(minutes=1), NOON - timedelta(minutes=1)
    await log.receive("A")
    await log.receive("B", wa_timestamp=later)
    await log.receive("C", wa_timestamp=earlier)
    await log.receive("D", chat_id="1@lid", wa_timestamp=earlier)
    assert await messages.watermarks(log.connection, log.tenant_id) == {
        "255700000001@c.us": later,
        "1@lid": earlier,
    }
    neighbour = await new_log(log.connection)
    assert await messages.watermarks(log.connection, neighbour.tenant_id) == {}


async def test_a_message_is_planned_once(log: Log) -> None:
    first, second = await log.receive("A"), await log.receive("B")
    planned = await log.send("3EB01", first)
    assert planned is not None
    assert (planned.status, planned.attempts) == (OutStatus.QUEUED, 0)
    assert (planned.purpose, planned.in_reply_to) == ("reply", first)
    assert await log.send("3EB02", first) is None, "one reply to one message"
    assert await log.send("3EB01", second) is None, "an id is used once"
    assert await log.send("3EB03", first, "wait") is not None, "another purpose is another message"
    assert first is not None
    replies = await messages.replies_to(log.connection, first)
    assert [row.wa_message_id for row in replies] == ["3EB01", "3EB03"]


async def test_open_work_is_what_is_undecided_or_unsent_each_at_its_place(log: Log) -> None:
    first, second = await log.receive("A"), await log.receive("B")
    await log.receive("C")
    await log.send("3EB0B", second)
    await log.send("3EB0A", first)
    for row_id in (first, second):
        assert row_id is not None
        await messages.settle_inbound(log.connection, row_id, InStatus.ANSWERED)
    assert await log.open_ids() == ["3EB0A", "3EB0B", "C"]

    for outcome in set(OutStatus) - {OutStatus.QUEUED}:
        row = await log.sent(f"3EB0{outcome}")
        await messages.settle_outbound(log.connection, row.id, outcome)
    for settled in set(InStatus) - {InStatus.RECEIVED}:
        row_id = await log.receive(settled)
        assert row_id is not None
        await messages.settle_inbound(log.connection, row_id, settled)
    assert await log.open_ids() == ["3EB0A", "3EB0B", "C"]
    neighbour = await new_log(log.connection)
    assert await neighbour.open_ids() == []


async def test_acks_only_move_a_message_forward(log: Log) -> None:
    acks = [OutStatus.SENT, OutStatus.DELIVERED, OutStatus.READ]
    for number, order in enumerate(permutations(acks)):
        row = await log.sent(f"3EB0{number}")
        reached = []
        for ack in order:
            await messages.record_acks(log.connection, log.tenant_id, {row.wa_message_id: ack})
            reached.append((await log.get(row.id)).status)
        assert reached == [max(order[: count + 1], key=acks.index) for count in range(len(order))]


@pytest.mark.parametrize("before", [OutStatus.UNKNOWN, OutStatus.FAILED])
async def test_an_ack_knows_better_than_a_guess(before: OutStatus, log: Log) -> None:
    row = await log.sent("3EB0A")
    await messages.settle_outbound(log.connection, row.id, before, reason="undecidable")
    await messages.record_acks(log.connection, log.tenant_id, {"3EB0A": OutStatus.SENT})
    found = await log.get(row.id)
    assert (found.status, found.reason) == (OutStatus.SENT, None)


async def test_what_an_ack_told_is_not_taken_back(log: Log) -> None:
    row = await log.sent("3EB0A")
    await messages.record_acks(log.connection, log.tenant_id, {"3EB0A": OutStatus.DELIVERED})
    for status in (OutStatus.SENT, OutStatus.UNKNOWN, OutStatus.FAILED):
        await messages.settle_outbound(log.connection, row.id, status, error="late")
    found = await log.get(row.id)
    assert (found.status, found.error) == (OutStatus.DELIVERED, None)


async def test_acks_are_written_together_and_only_where_they_belong(log: Log) -> None:
    neighbour = await new_log(log.connection)
    mine, other, theirs = await log.sent("1"), await log.sent("2"), await neighbour.sent("1")
    inbound = await log.receive("2")
    await messages.record_acks(
        log.connection,
        log.tenant_id,
        {"1": OutStatus.READ, "2": OutStatus.SENT, "nobody's": OutStatus.READ},
    )
    assert (await log.get(mine.id)).status == OutStatus.READ
    assert (await log.get(other.id)).status == OutStatus.SENT
    assert (await log.get(theirs.id)).status == OutStatus.QUEUED
    assert (await log.get(inbound)).status == InStatus.RECEIVED


async def test_an_attempt_is_counted_before_it_leaves(log: Log) -> None:
    row = await log.sent("3EB0A")
    assert [await messages.begin_attempt(log.connection, row.id) for _ in range(2)] == [1, 2]
    assert (await log.get(row.id)).attempts == 2


async def test_own_messages_are_told_from_the_owners(log: Log) -> None:
    await log.sent("3EB0A")
    await log.receive("B")
    ours = [await messages.is_ours(log.connection, log.tenant_id, wa) for wa in ("3EB0A", "B", "C")]
    assert ours == [True, False, False]
    await log.sent("3EB0D")
    for ids, all_ours in ((("3EB0A", "3EB0D"), True), (("3EB0A", "C"), False)):
        assert await messages.is_ours(log.connection, log.tenant_id, *ids) is all_ours
    neighbour = await new_log(log.connection)
    assert not await messages.is_ours(log.connection, neighbour.tenant_id, "3EB0A")


async def test_the_log_is_paged_newest_first_without_gaps(log: Log) -> None:
    for number in range(7):
        await log.receive(str(number))
    seen: list[str] = []
    before: int | None = None
    while page := await messages.page(log.connection, log.tenant_id, before=before, limit=3):
        await log.receive(f"late {before}")
        seen += [row.wa_message_id for row in page]
        before = page[-1].seq
    assert seen == ["6", "5", "4", "3", "2", "1", "0"]


async def test_outcomes_are_counted_by_direction(log: Log) -> None:
    await log.receive("A")
    await log.receive("B")
    row = await log.sent("3EB0A")
    await messages.settle_outbound(log.connection, row.id, OutStatus.FAILED)
    counts = await messages.counts(log.connection, log.tenant_id)
    assert counts == {"IN": {"RECEIVED": 2}, "OUT": {"FAILED": 1}}


async def test_settling_adds_to_the_trace(log: Log) -> None:
    row_id = await log.receive("A", trace={"key": "false_A"})
    assert row_id is not None
    await messages.settle_inbound(
        log.connection, row_id, InStatus.FAILED, reason="failed", error="E", trace={"rule": "x"}
    )
    row = await log.get(row_id)
    assert (row.reason, row.error, row.trace) == ("failed", "E", {"key": "false_A", "rule": "x"})
