from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

import pytest

from flowhqd.store import contacts, messages
from flowhqd.store.contacts import Conversation, Resolved
from flowhqd.store.database import Database
from flowhqd.store.messages import Inbound, InStatus, LoggedMessage, Outbound, OutStatus
from flowhqd.whatsapp.addresses import Alias, alias
from tests.tenants import new_tenant

if TYPE_CHECKING:
    from flowhqd.store.pool import Connection

T = TypeVar("T")

NUMBER, LID = alias("255700000001@c.us"), alias("111222333444555@lid")
OTHER = alias("255700000002@c.us")
NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


class Book:
    """One tenant's contacts and log; every call is a transaction of its own, as in the daemon."""

    def __init__(self, database: Database, tenant_id: UUID) -> None:
        self.database = database
        self.tenant_id = tenant_id

    async def do(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        async with self.database.transaction() as connection:
            return await work(connection)

    async def resolve(self, *aliases: Alias, name: str | None = None) -> Resolved:
        return await self.do(lambda c: contacts.resolve(c, self.tenant_id, aliases, name))

    async def receive(
        self, contact_id: UUID, wa_id: str, text: str = "Habari", *, readable: bool = True
    ) -> UUID | None:
        inbound = Inbound(contact_id, "x@c.us", None, text, "chat", wa_id, "live", NOON)

        async def work(connection: Connection) -> UUID | None:
            row_id = await messages.record_inbound(connection, self.tenant_id, inbound)
            if row_id is not None and not readable:
                await messages.settle_inbound(
                    connection, row_id, InStatus.UNANSWERED, reason="undecryptable"
                )
            return row_id

        return await self.do(work)

    async def answer(self, contact_id: UUID, row_id: UUID | None) -> LoggedMessage:
        assert row_id is not None
        return await self.do(lambda connection: self._answer(connection, contact_id, row_id))

    async def _answer(
        self, connection: Connection, contact_id: UUID, row_id: UUID
    ) -> LoggedMessage:
        reply = await messages.record_outbound(
            connection,
            self.tenant_id,
            Outbound(
                contact_id, "x@c.us", None, None, "Karibu", f"3EB0{row_id}"[:22], "reply", "reply",
                row_id, None, NOON,
            ),
        )  # fmt: skip
        assert reply is not None
        await contacts.said(connection, contact_id, rule="greeting", away_until=None)
        await messages.settle_inbound(connection, row_id, InStatus.ANSWERED)
        return reply

    async def log(self) -> list[LoggedMessage]:
        """Oldest first."""
        rows = await self.do(lambda c: messages.page(c, self.tenant_id, limit=100))
        return rows[::-1]

    async def conversation(self, contact_id: UUID) -> Conversation:
        return await self.do(lambda c: contacts.conversation(c, contact_id))


@pytest.fixture
async def book(database: Database) -> Book:
    async with database.transaction() as connection:
        return Book(database, await new_tenant(connection))


async def two(book: Book, first: Alias, second: Alias) -> tuple[UUID, UUID]:
    """A person that is still known as two, under one address each."""
    return (await book.resolve(first)).id, (await book.resolve(second)).id


@pytest.mark.parametrize(("first", "second"), [(LID, NUMBER), (NUMBER, LID)])
async def test_addresses_that_come_together_are_one_contact(
    first: Alias, second: Alias, book: Book
) -> None:
    found = await book.resolve(first, second)
    assert found.merged == ()
    assert await book.resolve(second) == await book.resolve(first) == found
    assert (await book.resolve(OTHER)).id != found.id


@pytest.mark.parametrize(("first", "second"), [(LID, NUMBER), (NUMBER, LID)])
async def test_an_address_learned_later_joins_its_contact(
    first: Alias, second: Alias, book: Book
) -> None:
    known = await book.resolve(first)
    assert await book.resolve(second, first) == known
    assert await book.resolve(second) == known


@pytest.mark.parametrize(("first", "second"), [(LID, NUMBER), (NUMBER, LID)])
async def test_two_contacts_that_turn_out_to_be_one_become_the_older(
    first: Alias, second: Alias, book: Book
) -> None:
    older, newer = await two(book, first, second)
    assert await book.resolve(second, first) == Resolved(older, (newer,))
    assert await book.resolve(first) == await book.resolve(second) == Resolved(older)
    async with book.database.connection() as connection:
        count = "select count(*) from contact where tenant_id = $1"
        assert await connection.fetchval(count, book.tenant_id) == 1


async def test_three_contacts_become_one(book: Book) -> None:
    oldest, middle = await two(book, LID, NUMBER)
    newest = (await book.resolve(OTHER)).id
    await book.receive(middle, "A")
    await book.receive(newest, "B")
    found = await book.resolve(OTHER, NUMBER, LID)
    assert found == Resolved(oldest, (middle, newest))
    assert [(row.contact_id, row.wa_message_id) for row in await book.log()] == [
        (oldest, "A"),
        (oldest, "B"),
    ]


async def test_tenants_do_not_share_contacts(book: Book) -> None:
    async with book.database.transaction() as connection:
        neighbour = Book(book.database, await new_tenant(connection))
    assert await book.resolve(NUMBER) != await neighbour.resolve(NUMBER)
    assert (await neighbour.resolve(NUMBER, LID)).merged == ()


async def test_the_name_is_the_last_one_given(book: Book) -> None:
    async def name() -> str | None:
        async with book.database.connection() as connection:
            found: str | None = await connection.fetchval(
                "select name from contact where tenant_id = $1", book.tenant_id
            )
            return found

    await book.resolve(NUMBER)
    assert await name() is None
    for given, shown in [("Asha", "Asha"), (None, "Asha"), ("Asha J.", "Asha J.")]:
        await book.resolve(NUMBER, name=given)
        assert await name() == shown


async def test_two_customers_may_use_the_same_message_id(book: Book) -> None:
    one, other = await two(book, NUMBER, OTHER)
    assert await book.receive(one, "A") is not None
    assert await book.receive(other, "A") is not None
    assert len(await book.log()) == 2


async def test_the_same_id_of_one_customer_is_one_message(book: Book) -> None:
    one = (await book.resolve(NUMBER)).id
    first = await book.receive(one, "A")
    assert first is not None
    assert await book.receive(one, "A", "another text") is None
    assert [(row.id, row.message_text) for row in await book.log()] == [(first, "Habari")]


async def test_a_merge_keeps_both_histories(book: Book) -> None:
    older, newer = await two(book, LID, NUMBER)
    ids = [
        await book.receive(older, "A"),
        await book.receive(newer, "B"),
        await book.receive(older, "C"),
    ]
    await book.resolve(LID, NUMBER)
    assert [(row.id, row.contact_id) for row in await book.log()] == [(id, older) for id in ids]


async def test_a_message_under_both_addresses_becomes_one(book: Book) -> None:
    older, newer = await two(book, LID, NUMBER)
    first = await book.receive(older, "A")
    await book.receive(newer, "A")
    await book.resolve(LID, NUMBER)
    assert [row.id for row in await book.log()] == [first]
    assert await book.receive(older, "A") is None


@pytest.mark.parametrize("answered", ["older", "newer"])
async def test_of_a_message_under_both_addresses_the_answered_copy_stays(
    answered: str, book: Book
) -> None:
    older, newer = await two(book, LID, NUMBER)
    rows = {"older": await book.receive(older, "A"), "newer": await book.receive(newer, "A")}
    reply = await book.answer(older if answered == "older" else newer, rows[answered])
    await book.resolve(LID, NUMBER)
    assert [(row.id, row.contact_id) for row in await book.log()] == [
        (rows[answered], older),
        (reply.id, older),
    ]
    assert await book.receive(older, "A") is None


@pytest.mark.parametrize("left", ["neither", "older", "newer"])
async def test_a_message_decided_under_both_addresses_is_answered_once(
    left: str, book: Book
) -> None:
    """Regression: both replies left, one under each address."""
    older, newer = await two(book, LID, NUMBER)
    first, second = await book.receive(older, "A"), await book.receive(newer, "A")
    to_first, to_second = await book.answer(older, first), await book.answer(newer, second)
    begun = {"older": to_first, "newer": to_second}.get(left)
    if begun is not None:
        await book.do(lambda connection: messages.begin_attempt(connection, begun.id))
    await book.resolve(LID, NUMBER)
    kept = (second, to_second) if left == "newer" else (first, to_first)
    assert [row.id for row in await book.log()] == [kept[0], kept[1].id]
    dropped = to_first if left == "newer" else to_second
    assert await book.do(lambda c: messages.begin_attempt(c, dropped.id)) is None
    assert await book.receive(older, "A") is None


@pytest.mark.parametrize("outcome", [OutStatus.SENT, OutStatus.FAILED])
async def test_replies_under_both_addresses_that_may_have_left_are_kept(
    outcome: OutStatus, book: Book
) -> None:
    older, newer = await two(book, LID, NUMBER)
    first, second = await book.receive(older, "A"), await book.receive(newer, "A")
    replies = [await book.answer(older, first), await book.answer(newer, second)]

    async def settle(connection: Connection) -> None:
        await messages.begin_attempt(connection, replies[0].id)
        await messages.settle_outbound(connection, replies[0].id, outcome)
        if outcome is OutStatus.SENT:
            await messages.begin_attempt(connection, replies[1].id)

    await book.do(settle)
    await book.resolve(LID, NUMBER)
    log = await book.log()
    assert [row.id for row in log] == [first, second, *(reply.id for reply in replies)]
    assert {row.contact_id for row in log} == {older}
    assert [row.in_reply_to for row in log[2:]] == [first, second]
    assert await book.receive(older, "A") is None


async def test_a_reply_that_begins_to_leave_during_a_merge_has_left(book: Book) -> None:
    """The merge waits for the attempt, sees it, and drops the other reply."""
    older, newer = await two(book, LID, NUMBER)
    first, second = await book.receive(older, "A"), await book.receive(newer, "A")
    await book.answer(older, first)
    leaves = await book.answer(newer, second)
    async with book.database.transaction() as connection:
        await messages.begin_attempt(connection, leaves.id)
        merge = asyncio.create_task(book.resolve(LID, NUMBER))
        await waits_for_a_lock(book.database)
    await merge
    assert [row.id for row in await book.log()] == [second, leaves.id]


@pytest.mark.parametrize("readable_first", [True, False])
async def test_of_a_message_under_both_addresses_the_readable_copy_stays(
    readable_first: bool, book: Book
) -> None:
    """Regression: the earlier copy stayed, although only the later one could be answered."""
    older, newer = await two(book, LID, NUMBER)
    rows = []
    for contact, readable in [(older, readable_first), (newer, not readable_first)]:
        text = "Bei gani?" if readable else ""
        rows.append(await book.receive(contact, "A", text, readable=readable))
    await book.resolve(LID, NUMBER)
    assert [(row.id, row.message_text, row.status) for row in await book.log()] == [
        (rows[0 if readable_first else 1], "Bei gani?", InStatus.RECEIVED)
    ]


async def test_a_merge_remembers_what_was_last_said_to_either(book: Book) -> None:
    older, newer = await two(book, LID, NUMBER)
    later = NOON + timedelta(hours=1)

    async def say(connection: Connection) -> None:
        await contacts.said(connection, newer, rule="booking", away_until=later)
        await contacts.pause(connection, older, later)
        await contacts.pause(connection, newer, NOON)

    await book.do(
        lambda connection: contacts.said(connection, older, rule="greeting", away_until=NOON)
    )
    await book.do(say)
    told = await book.conversation(newer)
    await book.resolve(LID, NUMBER)
    assert await book.conversation(older) == Conversation(
        last_rule="booking",
        last_rule_at=told.last_rule_at,
        away_until=later,
        paused_until=later,
        opted_out_at=None,
    )


@asynccontextmanager
async def answering(book: Book, contact_id: UUID, row_id: UUID) -> AsyncIterator[None]:
    """A decision that is fixed when the block ends."""
    async with book.database.transaction() as connection:
        await book._answer(connection, contact_id, row_id)
        yield


async def test_a_reply_that_is_decided_during_a_merge_is_not_lost(book: Book) -> None:
    """Regression: the merge moved the log before the reply was in it, then deleted its contact."""
    older, newer = await two(book, LID, NUMBER)
    row_id = await book.receive(newer, "A")
    assert row_id is not None
    async with answering(book, newer, row_id):
        merge = asyncio.create_task(book.resolve(LID, NUMBER))
        await waits_for_a_lock(book.database)
    assert await merge == Resolved(older, (newer,))
    log = await book.log()
    assert [(row.direction, row.contact_id) for row in log] == [("IN", older), ("OUT", older)]
    assert log[1].in_reply_to == row_id


async def waits_for_a_lock(database: Database) -> None:
    """Wait until some connection waits for another's lock."""
    async with asyncio.timeout(60):
        while True:
            async with database.connection() as connection:
                if await connection.fetchval(
                    "select exists (select from pg_stat_activity where datname = current_database()"
                    " and wait_event_type = 'Lock')"
                ):
                    return
            await asyncio.sleep(0.01)


async def test_what_nobody_was_told_is_empty(book: Book) -> None:
    contact = (await book.resolve(NUMBER)).id
    assert await book.conversation(contact) == Conversation()
