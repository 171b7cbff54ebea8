"""Answering: one message's decision and its reply, fixed in one transaction and then sent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from flowhqd import metrics
from flowhqd.errors import BrowserError
from flowhqd.log import get_logger
from flowhqd.messages.decision import NoReply, Situation, decide
from flowhqd.messages.ids import reply_id
from flowhqd.messages.opting import change_by, heed
from flowhqd.messages.rate_limit import Refused
from flowhqd.messages.trace import Trace
from flowhqd.replies import Answer, Business, OpeningHours, slow_down_text, wait_text
from flowhqd.states import Direction, TenantStatus
from flowhqd.store import contacts, messages, tenants
from flowhqd.store.messages import InStatus, LoggedMessage, Outbound, OutStatus

if TYPE_CHECKING:
    from flowhqd.messages.context import PathContext
    from flowhqd.messages.sender import Sender
    from flowhqd.store.pool import Connection

log = get_logger(__name__)

MAX_NAP_SECONDS = 60.0

_LEFT = frozenset({OutStatus.SENT, OutStatus.DELIVERED, OutStatus.READ})


class Answering:
    """Brings rows of the log to their end, one at a time per contact.

    ``until_allowed`` waits until sending is allowed; nothing is decided or sent before it returns.
    """

    def __init__(
        self,
        context: PathContext,
        sender: Sender,
        until_allowed: Callable[[], Awaitable[None]],
    ) -> None:
        self._context = context
        self._sender = sender
        self._until_allowed = until_allowed
        self._leaving = 0
        self._landed = asyncio.Event()

    async def until_landed(self) -> None:
        """Wait until nothing is on its way that the page was given."""
        while self._leaving:
            self._landed.clear()
            await self._landed.wait()

    async def bring_to_end(self, message_id: UUID, *, is_last: Callable[[], bool]) -> None:
        """Answer a RECEIVED message, or send a QUEUED one; anything else is done already.

        ``is_last`` tells whether nothing else of this chat waits, so that the chat may be marked as
        read. Raises what the bridge raises when the page is lost, and StoreUnavailable: the row
        stays open then.
        """
        await self._until_allowed()
        async with self._context.database.connection() as connection:
            row = await messages.get(connection, message_id)
        if row is None:
            return
        if row.direction is Direction.OUT:
            if row.status == OutStatus.QUEUED and row.origin == "api":
                await self._send_manual(row)
            elif row.status == OutStatus.QUEUED:
                await self._deliver(row, is_last=is_last)
            return
        if row.status == InStatus.RECEIVED:
            await self._decide(message_id)
        async with self._context.database.connection() as connection:
            replies = await messages.replies_to(connection, message_id)
        for reply in replies:
            # A request to wait has its own place in the queue.
            if reply.status == OutStatus.QUEUED and reply.purpose != "wait":
                status = await self._deliver(reply, is_last=is_last)
                if status in _LEFT:
                    took = self._context.clock.now() - row.created_at
                    metrics.REPLY_SECONDS.observe(max(0.0, took.total_seconds()))

    async def refuse(self, message_id: UUID, *, waiting: int, ask_to_wait: bool) -> UUID | None:
        """A chat's queue is full: settle its message; returns the request to wait to be sent."""
        context = self._context
        asked = None
        async with context.database.transaction() as connection:
            row = await messages.get(connection, message_id)
            tenant = await tenants.get(connection, context.tenant_id)
            if row is None:
                return None
            conversation = await contacts.conversation(connection, row.contact_id)
            said = await heed(connection, row, conversation)
            is_left_alone = conversation.opted_out_at is not None or said
            if ask_to_wait and not is_left_alone and self._hold(tenant) is None:
                text = wait_text(business_of(tenant))
                asked = await self._plan(connection, row, tenant, text, "wait")
            await messages.settle_inbound(
                connection,
                message_id,
                InStatus.QUEUE_FULL,
                reason="queue_full",
                trace=said | Trace(waiting=waiting, asked_to_wait=asked is not None),
            )
        return None if asked is None else asked.id

    async def give_up(self, message_id: UUID, error: Exception) -> None:
        """A message that failed for a fault of ours is marked, so that its chat goes on.

        One that was decided already stays so: it is its reply that failed, or left unseen.
        """
        self._context.limits.rate.release(message_id)
        async with self._context.database.transaction() as connection:
            row = await messages.get(connection, message_id)
            if row is None:
                return
            if row.status == InStatus.RECEIVED:
                await messages.settle_inbound(
                    connection, row.id, InStatus.FAILED, reason="failed", error=repr(error)
                )
                return
            replies = [row]
            if row.direction is Direction.IN:
                replies = await messages.replies_to(connection, row.id)
            for reply in replies:
                await messages.settle_outbound(
                    connection,
                    reply.id,
                    OutStatus.UNKNOWN if reply.attempts else OutStatus.FAILED,
                    reason="failed",
                    error=repr(error),
                )

    async def _decide(self, message_id: UUID) -> None:
        began = self._context.clock.monotonic()
        waited = Trace()
        while True:
            window_turns_in = await self._decide_now(message_id, waited)
            if window_turns_in is None:
                return
            await _until_window_turns(window_turns_in)
            await self._until_allowed()
            waited = Trace(waited_seconds=int(self._context.clock.monotonic() - began))

    async def _decide_now(self, message_id: UUID, waited: Trace) -> float | None:
        """Fix what becomes of a message; seconds to wait when its reply's window is full."""
        limits = self._context.limits
        async with self._context.database.transaction() as connection:
            # Its contact may be another one by now, its text edited, and it may be gone.
            row = await messages.get(connection, message_id)
            if row is None or row.status != InStatus.RECEIVED:
                return None
            tenant = await tenants.get(connection, self._context.tenant_id)
            conversation = await contacts.conversation(connection, row.contact_id)
            decision = decide(row, self._situation(tenant, conversation, row))
            if isinstance(decision, NoReply):
                # An earlier turn may have taken a place, and then could not be stored.
                limits.rate.release(row.id)
                await messages.settle_inbound(
                    connection,
                    row.id,
                    InStatus.UNANSWERED,
                    reason=decision.reason,
                    trace=decision.trace | waited | await heed(connection, row, conversation),
                )
                return None
            # Who opts out or in is told so, however late.
            can_wait = row.origin != "live" or change_by(row, conversation) is not None
            limited = limits.rate.acquire(row.id, can_wait=can_wait)
            if isinstance(limited, Refused):
                if can_wait:
                    return limited.retry_after
                await self._suppress(connection, row, tenant, limited)
                await heed(connection, row, conversation)
                return None
            trace = decision.trace | waited | await heed(connection, row, conversation)
            await self._accept(connection, row, tenant, decision.answer, trace)
        limits.loops.count(row.contact_id)
        return None

    async def _suppress(
        self,
        connection: Connection,
        row: LoggedMessage,
        tenant: tenants.Tenant,
        limited: Refused,
    ) -> None:
        if limited.first:
            text = slow_down_text(business_of(tenant))
            await self._plan(connection, row, tenant, text, "warning")
        await messages.settle_inbound(
            connection,
            row.id,
            InStatus.SUPPRESSED,
            reason="rate_limit",
            trace=Trace(limit=self._context.limits.rate.limit, warned=limited.first),
        )

    def _situation(
        self, tenant: tenants.Tenant, conversation: contacts.Conversation, row: LoggedMessage
    ) -> Situation:
        context = self._context
        bounds = context.limits.apply(tenant.config.limits)
        return Situation(
            business=business_of(tenant),
            conversation=conversation,
            now=context.server_now(),
            hold=self._hold(tenant),
            max_age=timedelta(minutes=bounds.reply_max_age_minutes),
            is_looping=context.limits.loops.is_open(row.contact_id),
        )

    def _hold(self, tenant: tenants.Tenant) -> str | None:
        return "paused" if tenant.status is TenantStatus.PAUSED else self._context.hold

    async def _accept(
        self,
        connection: Connection,
        row: LoggedMessage,
        tenant: tenants.Tenant,
        answer: Answer,
        trace: Trace,
    ) -> None:
        purpose = "away" if answer.away_until else "reply"
        await self._plan(connection, row, tenant, answer.text, purpose, trace)
        await contacts.said(
            connection, row.contact_id, rule=answer.rule, away_until=answer.away_until
        )
        await messages.settle_inbound(connection, row.id, InStatus.ANSWERED, trace=trace)

    async def _plan(
        self,
        connection: Connection,
        row: LoggedMessage,
        tenant: tenants.Tenant,
        text: str,
        purpose: str,
        trace: Trace | None = None,
    ) -> LoggedMessage | None:
        """The OUT row of an answer; its id is fixed here, before anything leaves."""
        context = self._context
        message_id = reply_id(
            context.options.message_id_key,
            context.tenant_id,
            row.contact_id,
            row.wa_message_id,
            purpose,
        )
        return await messages.record_outbound(
            connection,
            context.tenant_id,
            Outbound(
                contact_id=row.contact_id,
                chat_id=row.chat_id,
                from_number=tenant.phone_number,
                to_number=row.from_number,
                text=text,
                wa_message_id=message_id,
                origin="reply",
                purpose=purpose,
                in_reply_to=row.id,
                quoted_id=row.trace.get("key"),
                wa_timestamp=context.server_now(),
                trace=trace,
            ),
        )

    async def _send_manual(self, row: LoggedMessage) -> None:
        """Send what was asked for; what this chat has to say stays unread."""
        if row.attempts == 0:
            if self._context.hold is not None:
                async with self._context.database.connection() as connection:
                    await messages.settle_outbound(
                        connection, row.id, OutStatus.FAILED, reason=self._context.hold
                    )
                return
            await self._take_place_in_window(row)
        await self._deliver(row, is_last=lambda: False)

    async def _take_place_in_window(self, row: LoggedMessage) -> None:
        """Wait until the rate limit has room, and use it."""
        rate = self._context.limits.rate
        began = self._context.clock.monotonic()
        has_waited = False
        while True:
            async with self._context.database.connection() as connection:
                tenant = await tenants.get(connection, self._context.tenant_id)
            self._context.limits.apply(tenant.config.limits)
            limited = rate.acquire(row.id, can_wait=True)
            if not isinstance(limited, Refused):
                break
            has_waited = True
            await _until_window_turns(limited.retry_after)
            await self._until_allowed()
        if has_waited:
            waited = int(self._context.clock.monotonic() - began)
            async with self._context.database.connection() as connection:
                await messages.note(connection, row.id, Trace(waited_seconds=waited))

    async def _deliver(
        self, row: LoggedMessage, *, is_last: Callable[[], bool]
    ) -> OutStatus | None:
        if self._context.options.reply_delay and row.attempts == 0:
            await self._show_typing(row.chat_id)
        await self._until_allowed()
        self._leaving += 1
        try:
            status = await self._sender.deliver(row)
            log.info(
                "message_out",
                chat_id=row.chat_id,
                wa_message_id=row.wa_message_id,
                status=status,
                body=row.message_text,
            )
            if status in _LEFT and is_last():
                await self._mark_read(row.chat_id)
            return status
        finally:
            self._leaving -= 1
            self._landed.set()

    async def _show_typing(self, chat_id: str) -> None:
        bridge = self._context.bridge
        try:
            await bridge.typing(chat_id, on=True)
            await asyncio.sleep(self._context.options.reply_delay.total_seconds())
            await bridge.typing(chat_id, on=False)
        except BrowserError as error:
            log.debug("typing_failed", error=str(error))

    async def _mark_read(self, chat_id: str) -> None:
        try:
            await self._context.bridge.mark_read(chat_id)
        except BrowserError as error:
            log.debug("mark_read_failed", error=str(error))


def business_of(tenant: tenants.Tenant) -> Business:
    """The side of a tenant that the replies know."""
    config = tenant.config
    return Business(
        name=config.business_name,
        template=config.template_type,
        language=config.language,
        hours=OpeningHours.parse(config.hours_json) if config.hours_json is not None else None,
        texts=config.texts,
    )


async def _until_window_turns(seconds: float) -> None:
    """Wait for the rate limit's window, and no longer than until an edit of it is to count."""
    await asyncio.sleep(min(seconds, MAX_NAP_SECONDS))
