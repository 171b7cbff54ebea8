"""The message path of one connected session: from the page's event to the reply's ack."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flowhqd.errors import BrowserError, StoreUnavailable
from flowhqd.log import get_logger
from flowhqd.messages import catch_up
from flowhqd.messages.decision import NoReply, Reply, Situation, decide
from flowhqd.messages.ids import reply_id
from flowhqd.messages.lanes import Lanes
from flowhqd.messages.rate_limit import Refused
from flowhqd.messages.sender import Sender, status_of
from flowhqd.replies import Business, OpeningHours, slow_down_text, wait_text
from flowhqd.states import Direction, TenantStatus
from flowhqd.store import contacts, messages, tenants
from flowhqd.store.messages import Inbound, InStatus, LoggedMessage, Outbound, OutStatus
from flowhqd.whatsapp.addresses import alias, phone_number
from flowhqd.whatsapp.events import Message

if TYPE_CHECKING:
    from flowhqd.clock import Clock
    from flowhqd.messages.dedup import DedupWindow
    from flowhqd.messages.loop_breaker import LoopBreaker
    from flowhqd.messages.rate_limit import RateLimit
    from flowhqd.store.database import Connection, Database
    from flowhqd.whatsapp.bridge import Bridge

log = get_logger(__name__)

INBOX_SIZE = 10_000
DATABASE_RETRY_SECONDS = 1.0
MAX_HANDLINGS = 2


@dataclass(slots=True)
class Limits:
    """What a worker keeps over all its sessions: windows that must not restart with a page."""

    dedup: DedupWindow
    rate: RateLimit
    loops: LoopBreaker
    skipped: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class PathOptions:
    """The settings of a tenant's path; zeros as in the README's table."""

    message_id_key: bytes
    queue_size: int
    reply_delay: timedelta
    owner_pause: timedelta
    max_age: timedelta | None
    ack_seconds: float


class MessagePath:
    """Receives, decides and sends for one tenant while one page serves it.

    ``may_send`` holds the events that must all be set before anything is sent: the session is
    connected, the daemon is the single owner. ``run`` ends only by cancellation or by raising what
    ended the page.
    """

    def __init__(
        self,
        tenant_id: UUID,
        database: Database,
        bridge: Bridge,
        limits: Limits,
        options: PathOptions,
        *,
        clock: Clock,
        may_send: Sequence[asyncio.Event],
        history_from: datetime,
    ) -> None:
        self._tenant_id = tenant_id
        self._database = database
        self._bridge = bridge
        self._limits = limits
        self._options = options
        self._clock = clock
        self._may_send = may_send
        self._history_from = history_from
        self._sender = Sender(database, bridge, ack_seconds=options.ack_seconds)
        self._inbox: asyncio.Queue[Message | None] = asyncio.Queue(INBOX_SIZE)
        self._acks: dict[str, OutStatus] = {}
        self._acked = asyncio.Event()
        self._lanes: Lanes | None = None
        self._must_catch_up = True
        self.caught_up = asyncio.Event()
        self.hold: str | None = None
        self.server_offset = timedelta()

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
            known = self._acks.get(message_id)
            order = list(OutStatus)
            if known is None or order.index(known) < order.index(status):
                self._acks[message_id] = status
            self._acked.set()

    def on_result(self, message_id: str, result: str) -> None:
        """The page told how one of our sends ended."""
        self._sender.on_result(message_id, result)

    def catch_up(self) -> None:
        """There was a gap: look for what it left behind before going on with live messages."""
        self._must_catch_up = True
        self.caught_up.clear()
        if self._inbox.empty():
            self._inbox.put_nowait(None)

    def enqueue(self, contact_id: UUID, message_id: UUID) -> None:
        """Send a row that was logged elsewhere, in its contact's order."""
        if self._lanes is not None and not self._lanes.holds(message_id):
            self._lanes.put(contact_id, message_id)

    async def run(self) -> None:
        """Work until cancelled; raises BrowserError when the page ends or hangs."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._lanes = Lanes(tasks, self._handle, self._options.queue_size)
                tasks.create_task(self._write_acks(), name=f"acks:{self._tenant_id}")
                await self._receive_all()
        except* Exception as group:
            raise _first(group) from group

    # Intake: one message after another, so that the log has the order of arrival.

    async def _receive_all(self) -> None:
        while True:
            try:
                if self._must_catch_up:
                    self._must_catch_up = False
                    await self._catch_up()
                    self.caught_up.set()
                message = await self._inbox.get()
                if message is not None:
                    await self._receive(message, "live")
            except StoreUnavailable as error:
                log.warning("database_away", error=str(error))
                self._must_catch_up = True
                await asyncio.sleep(DATABASE_RETRY_SECONDS)

    async def _catch_up(self) -> None:
        async with self._database.connection() as connection:
            watermarks = await messages.watermarks(connection, self._tenant_id)
            work = await messages.open_work(connection, self._tenant_id)
        for row in work:
            self.enqueue(row.contact_id, row.id)
        found = 0
        async for missed in catch_up.sweep(self._bridge, watermarks, self._history_from):
            found += await self._receive(missed.message, "sweep", missed.own_after)
        if work or found:
            log.info("caught_up", open=len(work), missed=found)

    async def _receive(self, message: Message, origin: str, own_after: Sequence[str] = ()) -> bool:
        """Log one message and queue it; False when there is nothing new about it."""
        reason = message.skip_reason()
        if reason == "own":
            await self._notice_own(message)
        elif reason == "protocol" and message.type == "ciphertext":
            return await self._log_undecryptable(message, origin)
        if reason is not None:
            self._limits.skipped[reason] += 1
            return False
        if self._limits.dedup.seen(message.key):
            return False
        async with self._database.transaction() as connection:
            contact = await self._resolve(connection, message)
            owner_answered = await self._owner_answered(connection, own_after)
            row_id = await messages.record_inbound(
                connection, self._tenant_id, self._inbound(message, contact.id, origin)
            )
            if row_id is not None and owner_answered:
                await messages.settle_inbound(
                    connection, row_id, InStatus.UNANSWERED, reason="owner_answered"
                )
        self._merge(contact)
        self._limits.dedup.add(message.key)
        if row_id is None or owner_answered:
            return row_id is not None
        if origin == "live" and self._lanes is not None and self._lanes.is_full(contact.id):
            await self._refuse(row_id, contact.id)
        else:
            self.enqueue(contact.id, row_id)
        return True

    async def _resolve(self, connection: Connection, message: Message) -> contacts.Resolved:
        addresses = [message.chat_id, *([message.other_address] if message.other_address else [])]
        return await contacts.resolve(
            connection, self._tenant_id, [alias(address) for address in addresses], message.name
        )

    def _inbound(self, message: Message, contact_id: UUID, origin: str) -> Inbound:
        sender = phone_number(message.chat_id) or phone_number(message.other_address)
        return Inbound(
            contact_id=contact_id,
            chat_id=message.chat_id,
            from_number=sender or message.chat_id,
            to_number=None,
            text=message.text,
            type=message.type,
            wa_message_id=message.id,
            origin=origin,
            wa_timestamp=message.at,
            trace={"key": message.key},
        )

    async def _owner_answered(self, connection: Connection, own_after: Sequence[str]) -> bool:
        for own in own_after:
            if not await messages.is_ours(connection, self._tenant_id, own):
                return True
        return False

    async def _notice_own(self, message: Message) -> None:
        """The owner writes on the phone: the bot keeps quiet in that chat for a while."""
        if not self._options.owner_pause or alias(message.chat_id).kind == "chat":
            return
        async with self._database.transaction() as connection:
            if await messages.is_ours(connection, self._tenant_id, message.id):
                return
            contact = await self._resolve(connection, message)
            until = self._server_now() + self._options.owner_pause
            await contacts.pause(connection, contact.id, until)
        self._merge(contact)
        log.info("owner_writes", until=until.isoformat())

    async def _log_undecryptable(self, message: Message, origin: str) -> bool:
        async with self._database.transaction() as connection:
            contact = await self._resolve(connection, message)
            inbound = self._inbound(message, contact.id, origin)
            row_id = await messages.record_inbound(connection, self._tenant_id, inbound)
            if row_id is not None:
                await messages.settle_inbound(
                    connection, row_id, InStatus.UNANSWERED, reason="undecryptable"
                )
        self._merge(contact)
        return row_id is not None

    def _merge(self, contact: contacts.Resolved) -> None:
        for gone in contact.merged:
            self._limits.loops.merge(contact.id, gone)
            if self._lanes is not None:
                self._lanes.merge(contact.id, gone)

    async def _refuse(self, row_id: UUID, contact_id: UUID) -> None:
        """A chat's queue is full: its message is logged, and the crowd is asked once to wait."""
        assert self._lanes is not None  # noqa: S101 - only called while running
        async with self._database.transaction() as connection:
            await messages.settle_inbound(
                connection, row_id, InStatus.QUEUE_FULL, reason="queue_full"
            )
            if self.hold is None and self._lanes.first_to_wait(contact_id):
                row = await messages.get(connection, row_id)
                tenant = await tenants.get(connection, self._tenant_id)
                if row is not None and tenant.status is not TenantStatus.PAUSED:
                    text = wait_text(_business(tenant))
                    asked = await self._plan(connection, row, tenant, text, "wait", {})
                    if asked is not None:
                        self._lanes.put(contact_id, asked.id)

    # Answering: one message of a contact at a time.

    async def _handle(self, message_id: UUID) -> None:
        handlings = 0
        while True:
            try:
                await self._answer(message_id)
            except StoreUnavailable as error:
                log.warning("database_away", error=str(error))
                await asyncio.sleep(DATABASE_RETRY_SECONDS)
            except BrowserError:
                raise
            except Exception as error:
                handlings += 1
                log.exception("message_failed", message_id=str(message_id))
                if handlings < MAX_HANDLINGS:
                    continue
                if await self._give_up(message_id, error):
                    return
            else:
                return

    async def _answer(self, message_id: UUID) -> None:
        for gate in self._may_send:
            await gate.wait()
        async with self._database.connection() as connection:
            row = await messages.get(connection, message_id)
        if row is None:
            return
        if row.direction is Direction.OUT:
            if row.status == OutStatus.QUEUED:
                await self._deliver(row)
            return
        if row.status == InStatus.RECEIVED:
            await self._decide(row)
        async with self._database.connection() as connection:
            replies = await messages.replies_to(connection, message_id)
        for reply in replies:
            if reply.status == OutStatus.QUEUED and reply.purpose != "wait":
                await self._deliver(reply)

    async def _decide(self, row: LoggedMessage) -> None:
        """Fix in one transaction what becomes of a message, and what is sent."""
        while True:
            wait = 0.0
            async with self._database.transaction() as connection:
                tenant = await tenants.get(connection, self._tenant_id)
                conversation = await contacts.conversation(connection, row.contact_id)
                decision = decide(row, self._situation(tenant, conversation, row))
                if isinstance(decision, NoReply):
                    await messages.settle_inbound(
                        connection, row.id, InStatus.UNANSWERED, reason=decision.reason
                    )
                    return
                self._limits.rate.resize(self._rate_limit(tenant))
                limited = self._limits.rate.acquire()
                if not isinstance(limited, Refused):
                    await self._accept(connection, row, tenant, decision)
                    self._limits.loops.count(row.contact_id)
                    return
                if row.origin == "sweep":
                    wait = limited.retry_after
                else:
                    await self._suppress(connection, row, tenant, first=limited.first)
                    return
            await asyncio.sleep(max(wait, 0.0))

    def _situation(
        self, tenant: tenants.Tenant, conversation: contacts.Conversation, row: LoggedMessage
    ) -> Situation:
        return Situation(
            business=_business(tenant),
            conversation=conversation,
            now=self._server_now(),
            hold="paused" if tenant.status is TenantStatus.PAUSED else self.hold,
            max_age=self._options.max_age,
            is_looping=self._limits.loops.is_open(row.contact_id),
        )

    def _rate_limit(self, tenant: tenants.Tenant) -> int:
        own = tenant.config.limits.get("rate_limit_max_per_minute")
        return own if isinstance(own, int) else self._limits.rate.default_limit

    async def _accept(
        self, connection: Connection, row: LoggedMessage, tenant: tenants.Tenant, reply: Reply
    ) -> None:
        answer = reply.answer
        purpose = "away" if answer.away_until else "reply"
        await self._plan(connection, row, tenant, answer.text, purpose, reply.trace)
        await contacts.said(
            connection, row.contact_id, rule=answer.rule, away_until=answer.away_until
        )
        await messages.settle_inbound(connection, row.id, InStatus.ANSWERED, trace=reply.trace)

    async def _suppress(
        self, connection: Connection, row: LoggedMessage, tenant: tenants.Tenant, *, first: bool
    ) -> None:
        if first:
            text = slow_down_text(_business(tenant))
            await self._plan(connection, row, tenant, text, "warning", {})
        await messages.settle_inbound(connection, row.id, InStatus.SUPPRESSED, reason="rate_limit")

    async def _plan(
        self,
        connection: Connection,
        row: LoggedMessage,
        tenant: tenants.Tenant,
        text: str,
        purpose: str,
        trace: dict[str, Any],
    ) -> LoggedMessage | None:
        """The OUT row of an answer; its id is fixed here, before anything leaves."""
        return await messages.record_outbound(
            connection,
            self._tenant_id,
            Outbound(
                contact_id=row.contact_id,
                chat_id=row.chat_id,
                from_number=tenant.phone_number,
                to_number=row.from_number,
                text=text,
                wa_message_id=reply_id(
                    self._options.message_id_key,
                    self._tenant_id,
                    row.contact_id,
                    row.wa_message_id,
                    purpose,
                ),
                origin="reply",
                purpose=purpose,
                in_reply_to=row.id,
                quoted_id=row.trace.get("key"),
                wa_timestamp=self._server_now(),
                trace=trace,
            ),
        )

    async def _deliver(self, row: LoggedMessage) -> None:
        if self._options.reply_delay and row.attempts == 0:
            await self._show_typing(row.chat_id)
        status = await self._sender.deliver(row)
        log.info("message_out", chat_id=row.chat_id, wa_message_id=row.wa_message_id, status=status)
        # Reading is for the whole chat: only once nothing in it waits for an answer.
        if status_is_sent(status) and not (self._lanes and self._lanes.waiting(row.contact_id)):
            await self._mark_read(row.chat_id)

    async def _show_typing(self, chat_id: str) -> None:
        try:
            await self._bridge.typing(chat_id, on=True)
            await asyncio.sleep(self._options.reply_delay.total_seconds())
            await self._bridge.typing(chat_id, on=False)
        except BrowserError as error:
            log.debug("typing_failed", error=str(error))

    async def _mark_read(self, chat_id: str) -> None:
        try:
            await self._bridge.mark_read(chat_id)
        except BrowserError as error:
            log.debug("mark_read_failed", error=str(error))

    async def _give_up(self, message_id: UUID, error: Exception) -> bool:
        """Mark a message that failed twice, so that its chat goes on; False to try once more."""
        try:
            async with self._database.transaction() as connection:
                row = await messages.get(connection, message_id)
                if row is not None and row.direction is Direction.IN:
                    await messages.settle_inbound(
                        connection, row.id, InStatus.FAILED, reason="failed", error=repr(error)
                    )
                elif row is not None:
                    await messages.settle_outbound(
                        connection, row.id, OutStatus.FAILED, reason="failed", error=repr(error)
                    )
        except StoreUnavailable:
            await asyncio.sleep(DATABASE_RETRY_SECONDS)
            return False
        return True

    async def _write_acks(self) -> None:
        while True:
            await self._acked.wait()
            self._acked.clear()
            acks, self._acks = self._acks, {}
            try:
                async with self._database.connection() as connection:
                    await messages.record_acks(connection, self._tenant_id, acks)
            except StoreUnavailable:
                self._acks = {**acks, **self._acks}
                self._acked.set()
                await asyncio.sleep(DATABASE_RETRY_SECONDS)

    def _server_now(self) -> datetime:
        return self._clock.now() + self.server_offset


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


def status_is_sent(status: OutStatus) -> bool:
    """Whether WhatsApp's server has a message."""
    return status in (OutStatus.SENT, OutStatus.DELIVERED, OutStatus.READ)


def _business(tenant: tenants.Tenant) -> Business:
    config = tenant.config
    return Business(
        name=config.business_name,
        template=config.template_type,
        language=config.language,
        hours=OpeningHours.parse(config.hours_json) if config.hours_json is not None else None,
    )
