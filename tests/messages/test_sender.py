from __future__ import annotations

from datetime import UTC, datetime

import pytest

from flowhqd.errors import BrowserError, PageLost, PageTimeout
from flowhqd.messages.sender import MAX_ATTEMPTS, Sender, status_of
from flowhqd.store import contacts, messages
from flowhqd.store.database import Database
from flowhqd.store.messages import LoggedMessage, Outbound, OutStatus
from flowhqd.whatsapp.addresses import alias
from tests.clock import ManualClock
from tests.messages.page import FakePage, Fate
from tests.tenants import new_tenant

CHAT = "255700000001@c.us"
ID = "3EB0AF11F65F183CA9661D"


class Desk:
    """A sender with one row to send, and the page it sends to."""

    def __init__(self, database: Database, row: LoggedMessage) -> None:
        self.database = database
        self.page = FakePage(ManualClock())
        self.row = row

    async def deliver(self, *fates: Fate, ack_seconds: float = 5) -> OutStatus | None:
        """One session's try; the row is read from the log first."""
        self.page.fates.extend(fates)
        self.page.calls.clear()
        sender = self.page.listener = Sender(
            self.database, self.page.bridge, ack_seconds=ack_seconds
        )
        return await sender.deliver(await self.logged())

    async def logged(self) -> LoggedMessage:
        async with self.database.connection() as connection:
            row = await messages.get(connection, self.row.id)
        assert row is not None
        return row

    @property
    def commands(self) -> list[str]:
        return [name for name, _ in self.page.calls]

    @property
    def copies(self) -> int:
        """How many copies the customer got."""
        return len(self.page.arrived)


@pytest.fixture
async def desk(database: Database) -> Desk:
    async with database.transaction() as connection:
        tenant_id = await new_tenant(connection)
        contact = await contacts.resolve(connection, tenant_id, [alias(CHAT)])
        row = await messages.record_outbound(
            connection,
            tenant_id,
            Outbound(
                contact.id, CHAT, None, "+255700000001", "Karibu", ID, "reply", "reply", None,
                f"false_{CHAT}_A", datetime(2026, 11, 2, tzinfo=UTC),
            ),
        )  # fmt: skip
    assert row is not None
    return Desk(database, row)


async def test_a_message_leaves_under_its_id_with_its_quote(desk: Desk) -> None:
    assert await desk.deliver() is OutStatus.SENT
    assert desk.commands == ["send_text"], "a first try needs no look-up"
    [sent] = desk.page.arrived
    assert (sent.chat, sent.id, sent.text, sent.quoted) == (CHAT, ID, "Karibu", f"false_{CHAT}_A")
    row = await desk.logged()
    assert (row.status, row.attempts, row.error) == (OutStatus.SENT, 1, None)


@pytest.mark.parametrize("first", [Fate.ERROR, Fate.REFUSED])
async def test_what_failed_once_is_tried_once_more(first: Fate, desk: Desk) -> None:
    assert await desk.deliver(first) is OutStatus.SENT
    assert desk.commands == ["send_text", "find_message", "send_text"]
    assert desk.copies == 1
    assert (await desk.logged()).attempts == 2


@pytest.mark.parametrize(
    ("fates", "error"),
    [
        ([Fate.ERROR, Fate.ERROR], "no chat"),
        ([Fate.ERROR, Fate.REFUSED], "ERROR_UNKNOWN"),
        ([Fate.REFUSED, Fate.REFUSED], "ERROR_UNKNOWN"),
    ],
)
async def test_what_failed_twice_is_failed_with_its_error(
    fates: list[Fate], error: str, desk: Desk
) -> None:
    assert await desk.deliver(*fates) is OutStatus.FAILED
    row = await desk.logged()
    assert (row.status, row.reason, row.attempts) == (OutStatus.FAILED, "send_failed", 2)
    assert error in (row.error or "")
    assert desk.copies == 0


async def test_an_ack_below_zero_is_a_failure(desk: Desk) -> None:
    async def refuse() -> None:
        if desk.page.taken:
            desk.page.acknowledge(ID, -1)

    desk.page.step = refuse
    assert await desk.deliver(Fate.SLOW, Fate.SLOW) is OutStatus.FAILED
    assert "ack -1" in ((await desk.logged()).error or "")


async def test_nobody_to_send_to_is_known_at_once(desk: Desk) -> None:
    assert await desk.deliver(Fate.NOBODY) is OutStatus.FAILED
    row = await desk.logged()
    assert (row.status, row.reason, row.attempts) == (OutStatus.FAILED, "recipient_unknown", 1)


@pytest.mark.parametrize(("fate", "error"), [(Fate.HANG, PageTimeout), (Fate.LOST, PageLost)])
async def test_what_surely_did_not_leave_leaves_once_the_page_is_back(
    fate: Fate, error: type[BrowserError], desk: Desk
) -> None:
    with pytest.raises(error):
        await desk.deliver(fate)
    row = await desk.logged()
    assert (row.status, row.attempts) == (OutStatus.QUEUED, 1)
    assert await desk.deliver() is OutStatus.SENT
    assert desk.commands == ["find_message", "send_text"]
    assert desk.copies == 1


@pytest.mark.parametrize(
    ("fate", "error"), [(Fate.HANG_SENT, PageTimeout), (Fate.LOST_SENT, PageLost)]
)
async def test_what_left_before_the_page_was_lost_is_not_sent_again(
    fate: Fate, error: type[BrowserError], desk: Desk
) -> None:
    with pytest.raises(error):
        await desk.deliver(fate)
    assert (await desk.logged()).status == OutStatus.QUEUED
    assert await desk.deliver() is OutStatus.SENT
    assert desk.commands == ["find_message"]
    assert desk.copies == 1


async def test_a_message_outlives_the_loss_of_several_pages(desk: Desk) -> None:
    for _ in range(4):
        with pytest.raises(PageLost):
            await desk.deliver(Fate.LOST)
    assert await desk.deliver() is OutStatus.SENT
    assert desk.copies == 1


async def test_a_page_that_is_lost_each_time_fails_the_message_only(desk: Desk) -> None:
    for _ in range(MAX_ATTEMPTS):
        with pytest.raises(PageTimeout):
            await desk.deliver(Fate.HANG)
    assert await desk.deliver() is OutStatus.FAILED
    assert desk.commands == ["find_message"]
    assert (await desk.logged()).reason == "send_failed"


async def test_what_the_page_keeps_is_the_pages_to_send(desk: Desk) -> None:
    assert await desk.deliver(Fate.SLOW, ack_seconds=0.01) is OutStatus.QUEUED
    assert desk.commands == ["send_text", "find_message"]
    assert await desk.deliver() is OutStatus.QUEUED
    assert desk.commands == ["find_message"]
    row = await desk.logged()
    assert (row.status, row.attempts) == (OutStatus.QUEUED, 1)

    desk.page.release()
    assert await desk.deliver() is OutStatus.SENT
    assert desk.copies == 1


@pytest.mark.parametrize(
    ("ack", "status"),
    [(1, OutStatus.SENT), (2, OutStatus.DELIVERED), (3, OutStatus.READ), (4, OutStatus.READ)],
)
async def test_a_look_up_tells_how_far_a_message_came(
    ack: int, status: OutStatus, desk: Desk
) -> None:
    with pytest.raises(PageLost):
        await desk.deliver(Fate.LOST_SENT)
    desk.page.taken[ID].ack = ack
    assert await desk.deliver() is status
    assert (await desk.logged()).status == status


async def test_a_message_that_the_page_lost_is_handed_over_again(desk: Desk) -> None:
    assert await desk.deliver(Fate.SLOW, ack_seconds=0.01) is OutStatus.QUEUED
    desk.page.forget(ID)
    assert await desk.deliver() is OutStatus.SENT
    assert desk.commands == ["find_message", "send_text"]
    assert desk.copies == 1


@pytest.mark.parametrize("fate", [Fate.LOST, Fate.LOST_SENT])
async def test_what_the_page_cannot_tell_is_not_sent_again(fate: Fate, desk: Desk) -> None:
    with pytest.raises(PageLost):
        await desk.deliver(fate)
    desk.page.is_undecidable = True
    assert await desk.deliver() is OutStatus.UNKNOWN
    assert desk.commands == ["find_message"]
    row = await desk.logged()
    assert (row.status, row.reason) == (OutStatus.UNKNOWN, "undecidable")
    assert row.error == "the page offers no look-up of messages"


async def test_an_ack_that_came_first_is_not_taken_back(desk: Desk) -> None:
    with pytest.raises(PageLost):
        await desk.deliver(Fate.LOST_SENT)
    async with desk.database.connection() as connection:
        await messages.record_acks(connection, desk.row.tenant_id, {ID: OutStatus.READ})
    await desk.deliver()
    assert (await desk.logged()).status == OutStatus.READ


def test_an_ack_below_one_tells_nothing_of_leaving() -> None:
    acks = range(-2, 6)
    assert [status_of(ack) for ack in acks] == [
        None, None, None, OutStatus.SENT, OutStatus.DELIVERED, OutStatus.READ, OutStatus.READ,
        OutStatus.READ,
    ]  # fmt: skip


async def test_a_row_that_a_merge_dropped_does_not_leave(desk: Desk) -> None:
    row = await desk.logged()
    async with desk.database.connection() as connection:
        await connection.execute("delete from message_log where id = $1", row.id)
    sender = desk.page.listener = Sender(desk.database, desk.page.bridge, ack_seconds=5)
    assert await sender.deliver(row) is None
    assert desk.commands == []
