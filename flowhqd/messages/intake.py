"""Arrival: a page's message becomes a row of the log before anything else happens to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from flowhqd.log import get_logger
from flowhqd.messages.opting import heed
from flowhqd.messages.trace import Trace
from flowhqd.store import contacts, messages, tenants
from flowhqd.store.messages import Inbound, InStatus
from flowhqd.whatsapp.addresses import Alias, alias, phone_number
from flowhqd.whatsapp.events import CIPHERTEXT, REVOKED, Message

if TYPE_CHECKING:
    from flowhqd.messages.context import PathContext
    from flowhqd.store.pool import Connection

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Arrived:
    """What an arrival was: a new row to answer, contacts that turned out to be one, or neither."""

    contact_id: UUID | None = None
    row_id: UUID | None = None
    merged: tuple[UUID, ...] = ()
    is_new: bool = False


class Intake:
    """Logs messages one after another, so that the log has the order of arrival.

    Raises StoreUnavailable when the database is away: the message is then found by a sweep.
    """

    def __init__(self, context: PathContext) -> None:
        self._context = context

    async def receive(
        self, message: Message, origin: str, own_after: Sequence[str] = ()
    ) -> Arrived:
        """Log one message; ``own_after`` are ids of own messages that follow it in its chat."""
        context = self._context
        reason = message.skip_reason()
        if message.type == CIPHERTEXT and reason == "protocol":
            return await self._undecryptable(message, origin)
        if message.type == REVOKED and reason == "protocol":
            return await self._revoked(message)
        if reason == "own":
            return await self._own(message)
        if reason is not None:
            self._count_skipped(reason, message)
            return Arrived()
        if context.limits.dedup.seen(message.key):
            return await self._edited(message)
        async with context.database.transaction() as connection:
            contact = await self._resolve(connection, message)
            row_id = await messages.record_inbound(
                connection,
                context.tenant_id,
                self._inbound(message, contact.id, origin),
                raise_watermark=message.chat_id not in context.unread,
            )
            if row_id is None and message.edit is not None:
                await messages.edited(
                    connection, contact.id, message.id, message.text, at=context.server_now()
                )
            by_owner = (
                row_id is not None
                and bool(own_after)
                and not await messages.is_ours(connection, context.tenant_id, *own_after)
            )
            if row_id is not None and by_owner:
                await self._settle_answered(connection, row_id)
        context.limits.dedup.add(message.key)
        return Arrived(
            contact.id, None if by_owner else row_id, contact.merged, is_new=row_id is not None
        )

    async def _settle_answered(self, connection: Connection, row_id: UUID) -> None:
        """The owner answered a message; what it says about being answered counts all the same."""
        row = await messages.get(connection, row_id)
        if row is None:
            return
        said = await heed(connection, row, await contacts.conversation(connection, row.contact_id))
        await messages.settle_inbound(
            connection, row_id, InStatus.UNANSWERED, reason="owner_answered", trace=said
        )

    async def _edited(self, message: Message) -> Arrived:
        """A message that is in the log: nothing is new about it but what was edited."""
        mark = f"edit {message.edit} {message.key}"
        if message.edit is None or self._context.limits.dedup.seen(mark):
            return Arrived()
        arrived = await self._change(
            message,
            lambda connection, contact_id: messages.edited(
                connection, contact_id, message.id, message.text, at=self._context.server_now()
            ),
        )
        self._context.limits.dedup.add(mark)
        return arrived

    async def _revoked(self, message: Message) -> Arrived:
        """The customer deleted a message: what was logged of it stays."""
        mark = f"revoked {message.key}"
        if self._context.limits.dedup.seen(mark):
            return Arrived()
        arrived = await self._change(
            message,
            lambda connection, contact_id: messages.revoked(
                connection, contact_id, message.id, at=self._context.server_now()
            ),
        )
        self._context.limits.dedup.add(mark)
        return arrived

    async def _change(
        self, message: Message, note: Callable[[Connection, UUID], Awaitable[None]]
    ) -> Arrived:
        """Note something about a message, if its contact is known."""
        async with self._context.database.transaction() as connection:
            contact_id = await contacts.find(
                connection, self._context.tenant_id, self._aliases(message)
            )
            if contact_id is not None:
                await note(connection, contact_id)
        self._context.changed()
        return Arrived()

    def _count_skipped(self, reason: str, message: Message) -> None:
        """Count what is not logged, though each search after a gap finds it again."""
        # Not the message's own key: should it become readable, it must not count as seen.
        mark = f"{reason} {message.key}"
        if not self._context.limits.dedup.seen(mark):
            self._context.limits.skipped[reason] += 1
            self._context.limits.dedup.add(mark)

    async def _own(self, message: Message) -> Arrived:
        """The owner writes on the phone: what the customer wrote is seen to, and the bot keeps
        quiet in that chat for a while."""
        context = self._context
        if alias(message.chat_id).kind == "chat" or context.limits.dedup.seen(message.key):
            return Arrived()
        async with context.database.transaction() as connection:
            if await messages.is_ours(connection, context.tenant_id, message.id):
                context.limits.dedup.add(message.key)
                return Arrived()
            tenant = await tenants.get(connection, context.tenant_id)
            bounds = context.limits.apply(tenant.config.limits)
            until = message.at + timedelta(minutes=bounds.owner_pause_minutes)
            contact = await self._resolve(connection, message)
            await messages.done_by_answer(connection, contact.id, until=message.at, by="phone")
            if until > context.server_now():
                await contacts.pause(connection, contact.id, until)
        context.limits.dedup.add(message.key)
        self._count_skipped("own", message)
        log.info("owner_writes", until=until.isoformat())
        return Arrived(contact.id, merged=contact.merged)

    async def _undecryptable(self, message: Message, origin: str) -> Arrived:
        context = self._context
        async with context.database.transaction() as connection:
            contact = await self._resolve(connection, message)
            row_id = await messages.record_inbound(
                connection,
                context.tenant_id,
                self._inbound(message, contact.id, origin),
                raise_watermark=message.chat_id not in context.unread,
            )
            if row_id is not None:
                await messages.settle_inbound(
                    connection, row_id, InStatus.UNANSWERED, reason="undecryptable"
                )
        return Arrived(contact.id, merged=contact.merged, is_new=row_id is not None)

    async def _resolve(self, connection: Connection, message: Message) -> contacts.Resolved:
        return await contacts.resolve(
            connection,
            self._context.tenant_id,
            self._aliases(message),
            None if message.from_me else message.name,
        )

    def _aliases(self, message: Message) -> list[Alias]:
        addresses = [message.chat_id, *([message.other_address] if message.other_address else [])]
        return [alias(address) for address in addresses]

    def _inbound(self, message: Message, contact_id: UUID, origin: str) -> Inbound:
        sender = phone_number(message.chat_id) or phone_number(message.other_address)
        trace = Trace(key=message.key)
        if origin == "sweep":
            late = (self._context.server_now() - message.at).total_seconds()
            trace["late_seconds"] = max(int(late), 0)
        if message.edit is not None:
            trace["edited_before"] = True
        return Inbound(
            contact_id=contact_id,
            chat_id=message.chat_id,
            from_number=sender or message.chat_id,
            text=message.text,
            type=message.type,
            wa_message_id=message.id,
            origin=origin,
            wa_timestamp=message.at,
            trace=trace,
        )
