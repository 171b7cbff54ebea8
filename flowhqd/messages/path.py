"""The message path of one connected session: from the page's event to the reply's ack."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from flowhqd.errors import BrowserError, StoreUnavailable
from flowhqd.log import get_logger
from flowhqd.messages import catch_up
from flowhqd.messages.acks import AckLog
from flowhqd.messages.answering import Answering
from flowhqd.messages.context import DATABASE_RETRY_SECONDS
from flowhqd.messages.intake import Intake
from flowhqd.messages.lanes import Lanes
from flowhqd.messages.sender import Sender, status_of
from flowhqd.store import messages

if TYPE_CHECKING:
    from flowhqd.messages.context import PathContext
    from flowhqd.store.messages import LoggedMessage
    from flowhqd.whatsapp.events import Message

log = get_logger(__name__)

INBOX_SIZE = 10_000
MAX_HANDLINGS = 2
UNREAD_RETRY_SECONDS = 60.0


class MessagePath:
    """Receives, decides and sends for one tenant while one page serves it.

    ``may_send`` are the events that must all be set before anything is sent: the session is
    connected, the daemon is the single owner. ``history_from`` is when the phone was linked.
    """

    def __init__(
        self,
        context: PathContext,
        *,
        may_send: Sequence[asyncio.Event],
        history_from: datetime,
    ) -> None:
        self.context = context
        self._may_begin = asyncio.Event()
        self._may_begin.set()
        self._may_send = (*may_send, self._may_begin)
        self._history_from = history_from
        self._sender = Sender(
            context.database, context.bridge, ack_seconds=context.options.ack_seconds
        )
        self._intake = Intake(context)
        self._answering = Answering(context, self._sender, self._until_allowed)
        self._acks = AckLog(context)
        self._inbox: asyncio.Queue[Message | None] = asyncio.Queue(INBOX_SIZE)
        self._lanes: Lanes | None = None
        self._must_catch_up = True

    @property
    def queue(self) -> tuple[int, int]:
        """How many messages wait for their answer, and in how many chats."""
        return (self._lanes.total, self._lanes.chats) if self._lanes else (0, 0)

    def put(self, message: Message) -> None:
        """A live message; what finds no room is found again by a sweep."""
        try:
            self._inbox.put_nowait(message)
        except asyncio.QueueFull:
            self._must_catch_up = True

    def on_ack(self, message_id: str, ack: int) -> None:
        """WhatsApp told how far one of our messages has come."""
        self._sender.on_ack(message_id, ack)
        status = status_of(ack)
        if status is not None:
            self._acks.put(message_id, status)

    def on_result(self, message_id: str, result: str) -> None:
        """The page told how one of our sends ended."""
        self._sender.on_result(message_id, result)

    def catch_up(self) -> None:
        """There was a gap: look for what it left behind before going on with live messages."""
        self._must_catch_up = True
        if self._inbox.empty():
            self._inbox.put_nowait(None)

    def enqueue(self, contact_id: UUID, message_id: UUID) -> None:
        """Bring a row of the log to its end, in its contact's order."""
        if self._lanes is not None and not self._lanes.holds(message_id):
            self._lanes.put(contact_id, message_id)

    async def drain(self) -> None:
        """Decide and send nothing more, and return once what the page was given has landed.

        What arrives is still logged; the next session finds it.
        """
        self._may_begin.clear()
        await self._answering.until_landed()

    async def run(self) -> None:
        """Work until cancelled; raises the BrowserError that ended the page."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._lanes = Lanes(tasks, self._handle, self.context.options.queue_size)
                tasks.create_task(self._acks.run(), name="acks")
                await self._receive_all()
        except ExceptionGroup as group:
            raise _first(group) from group

    async def _receive_all(self) -> None:
        while True:
            try:
                if self._must_catch_up:
                    self._must_catch_up = False
                    await self._catch_up()
                message = await self._inbox.get()
                if message is not None:
                    await self._receive(message, "live")
            except StoreUnavailable as error:
                log.warning("database_away", error=str(error))
                self._must_catch_up = True
                await asyncio.sleep(DATABASE_RETRY_SECONDS)

    async def _catch_up(self) -> None:
        """First what the ledger left open, then what the page knows and the log does not."""
        context = self.context
        async with context.database.connection() as connection:
            watermarks = await messages.watermarks(connection, context.tenant_id)
            work = await messages.open_work(connection, context.tenant_id)
        for row in work:
            self._take_up(row)
        found = 0
        sweep = catch_up.sweep(context.bridge, watermarks, self._history_from, context.unread)
        async for missed in sweep:
            found += await self._receive(missed.message, "sweep", missed.own_after)
        if context.unread:
            asyncio.get_running_loop().call_later(UNREAD_RETRY_SECONDS, self.catch_up)
        if work or found:
            log.info("caught_up", open=len(work), missed=found)

    def _take_up(self, row: LoggedMessage) -> None:
        """Bring a row that was left open to its end.

        The ledger knows best whose it is: a merge of contacts may have been stored although its
        COMMIT was never heard of.
        """
        assert self._lanes is not None  # noqa: S101 - only while running
        is_request_to_wait = row.purpose == "wait"
        owner = self._lanes.owner(row.id)
        if owner is None and row.in_reply_to is not None and not is_request_to_wait:
            # A message and its reply are brought to their end together.
            owner = self._lanes.owner(row.in_reply_to)
        if owner is None and is_request_to_wait:
            self._lanes.put_request_to_wait(row.contact_id, row.id)
        elif owner is None:
            self._lanes.put(row.contact_id, row.id)
        elif owner != row.contact_id:
            self._merge(row.contact_id, owner)

    def _merge(self, keep: UUID, gone: UUID) -> None:
        assert self._lanes is not None  # noqa: S101 - only while running
        self.context.limits.loops.merge(keep, gone)
        self._lanes.merge(keep, gone)

    async def _receive(self, message: Message, origin: str, own_after: Sequence[str] = ()) -> bool:
        """Log one message and queue it; False when there is nothing new about it.

        One that cannot be logged, though the database is there, holds up nobody: it is reported.
        """
        try:
            arrived = await self._intake.receive(message, origin, own_after)
        except StoreUnavailable:
            raise
        except Exception:
            log.exception("message_not_logged", chat_id=message.chat_id)
            self.context.limits.skipped["not_logged"] += 1
            return False
        if arrived.is_new:
            self.context.changed()
        if self._lanes is None or arrived.contact_id is None:
            return arrived.is_new
        for gone in arrived.merged:
            self._merge(arrived.contact_id, gone)
        if arrived.row_id is None:
            return arrived.is_new
        if origin == "live" and self._lanes.is_full(arrived.contact_id):
            asked = await self._answering.refuse(
                arrived.row_id,
                waiting=self._lanes.waiting(arrived.contact_id),
                ask_to_wait=not self._lanes.was_told_to_wait(arrived.contact_id),
            )
            if asked is not None:
                self._lanes.put_request_to_wait(arrived.contact_id, asked)
        else:
            self.enqueue(arrived.contact_id, arrived.row_id)
        return True

    async def _until_allowed(self) -> None:
        """Wait until every gate is open at once."""
        while not all(gate.is_set() for gate in self._may_send):
            for gate in self._may_send:
                await gate.wait()

    async def _handle(self, message_id: UUID, is_last: Callable[[], bool]) -> None:
        """Bring one row to its end, however often the database goes away meanwhile."""
        failed: list[Exception] = []
        while True:
            try:
                if len(failed) < MAX_HANDLINGS:
                    await self._answering.bring_to_end(message_id, is_last=is_last)
                else:
                    await self._answering.give_up(message_id, failed[-1])
            except StoreUnavailable as error:
                log.warning("database_away", error=str(error))
                await asyncio.sleep(DATABASE_RETRY_SECONDS)
            except BrowserError:
                raise
            except Exception as error:
                log.exception("message_failed", message_id=str(message_id))
                failed.append(error)
            else:
                self.context.changed()
                return


def _first(group: BaseExceptionGroup[Exception]) -> Exception:
    """The cause among what broke in its wake: the page's end, if it is there."""
    leaves = list(_leaves(group))
    return next((error for error in leaves if isinstance(error, BrowserError)), leaves[0])


def _leaves(group: BaseExceptionGroup[Exception]) -> Iterator[Exception]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
