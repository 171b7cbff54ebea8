"""The message log: every message in and out, and the ledger that makes a reply happen once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg

from flowhqd import metrics
from flowhqd.states import Direction
from flowhqd.store.queries import sql

if TYPE_CHECKING:
    from flowhqd.store.pool import Connection


class InStatus(StrEnum):
    """What became of a customer's message."""

    RECEIVED = "RECEIVED"
    ANSWERED = "ANSWERED"
    SUPPRESSED = "SUPPRESSED"
    QUEUE_FULL = "QUEUE_FULL"
    UNANSWERED = "UNANSWERED"
    FAILED = "FAILED"


class OutStatus(StrEnum):
    """How far a message of ours is known to have come."""

    QUEUED = "QUEUED"
    SENT = "SENT"
    DELIVERED = "DELIVERED"
    READ = "READ"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class LoggedMessage:
    """One row of the log."""

    seq: int
    id: UUID
    tenant_id: UUID
    contact_id: UUID
    chat_id: str
    direction: Direction
    from_number: str | None
    to_number: str | None
    message_text: str
    message_type: str
    wa_message_id: str
    status: str
    reason: str | None
    origin: str
    purpose: str | None
    in_reply_to: UUID | None
    quoted_id: str | None
    attempts: int
    error: str | None
    trace: dict[str, Any]
    wa_timestamp: datetime
    created_at: datetime
    settled_at: datetime | None
    settled_by: str | None

    @classmethod
    def from_row(cls, row: asyncpg.Record) -> LoggedMessage:
        """A message from a row of message_log."""
        values = {name: row[name] for name in cls.__slots__}
        return cls(**{**values, "direction": Direction(row["direction"])})


@dataclass(frozen=True, slots=True)
class Inbound:
    """A customer's message to log."""

    contact_id: UUID
    chat_id: str
    from_number: str | None
    text: str
    type: str
    wa_message_id: str
    origin: str
    wa_timestamp: datetime
    status: InStatus = InStatus.RECEIVED
    reason: str | None = None
    trace: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Outbound:
    """A message to send, its id fixed in advance."""

    contact_id: UUID
    chat_id: str
    from_number: str | None
    to_number: str | None
    text: str
    wa_message_id: str
    origin: str
    purpose: str
    in_reply_to: UUID | None
    quoted_id: str | None
    wa_timestamp: datetime
    trace: Mapping[str, Any] | None = None
    idempotency_key: str | None = None
    request_hash: bytes | None = None


async def record_inbound(
    connection: Connection, tenant_id: UUID, message: Inbound, *, raise_watermark: bool = True
) -> UUID | None:
    """Log a customer's message and raise its chat's watermark; within a transaction.

    Returns its id, or None when it is in the log already. One that was logged as undecryptable and
    can be read now counts as new.
    """
    if raise_watermark:
        await connection.execute(
            sql.chat_watermark_raise, tenant_id, message.chat_id, message.wa_timestamp
        )
    row = await connection.fetchrow(
        sql.message_insert_inbound,
        tenant_id,
        message.contact_id,
        message.chat_id,
        message.from_number,
        message.text,
        message.type,
        message.wa_message_id,
        message.status,
        message.reason,
        message.origin,
        message.wa_timestamp,
        dict(message.trace or {}),
    )
    if row is None and message.status is InStatus.RECEIVED:
        row = await connection.fetchrow(
            sql.message_became_readable,
            tenant_id,
            message.contact_id,
            message.wa_message_id,
            message.text,
            message.type,
        )
    if row is None:
        return None
    metrics.MESSAGES.labels(Direction.IN, message.status).inc()
    message_id: UUID = row["id"]
    return message_id


async def watermarks(connection: Connection, tenant_id: UUID) -> dict[str, datetime]:
    """WhatsApp's time of the newest logged message of each chat."""
    rows = await connection.fetch(sql.chat_watermarks, tenant_id)
    return {row["chat_id"]: row["watermark_at"] for row in rows}


async def get(connection: Connection, message_id: UUID) -> LoggedMessage | None:
    """One row of the log."""
    row = await connection.fetchrow(sql.message_by_id, message_id)
    return None if row is None else LoggedMessage.from_row(row)


async def is_ours(connection: Connection, tenant_id: UUID, *wa_message_ids: str) -> bool:
    """Whether outbound WhatsApp ids are all in the log: sent by us, not by the owner's phone."""
    wanted = set(wa_message_ids)
    ours = await connection.fetchval(sql.message_ids_of_ours, tenant_id, list(wanted))
    return bool(ours == len(wanted))


async def open_work(connection: Connection, tenant_id: UUID) -> list[LoggedMessage]:
    """Messages not decided and sends not known to have left, oldest first."""
    rows = await connection.fetch(sql.messages_open, tenant_id)
    return [LoggedMessage.from_row(row) for row in rows]


async def settle_inbound(
    connection: Connection,
    message_id: UUID,
    status: InStatus,
    *,
    reason: str | None = None,
    error: str | None = None,
    trace: Mapping[str, Any] | None = None,
) -> None:
    """What became of a customer's message, and why."""
    await connection.execute(
        sql.message_settle_inbound, message_id, status, reason, error, dict(trace or {})
    )
    metrics.MESSAGES.labels(Direction.IN, status).inc()


async def record_outbound(
    connection: Connection, tenant_id: UUID, message: Outbound
) -> LoggedMessage | None:
    """Log a message to send; None when it was decided already."""
    row = await connection.fetchrow(
        sql.message_insert_outbound,
        tenant_id,
        message.contact_id,
        message.chat_id,
        message.from_number,
        message.to_number,
        message.text,
        message.wa_message_id,
        message.origin,
        message.purpose,
        message.in_reply_to,
        message.quoted_id,
        dict(message.trace or {}),
        message.wa_timestamp,
        message.idempotency_key,
        message.request_hash,
    )
    if row is None:
        return None
    metrics.MESSAGES.labels(Direction.OUT, OutStatus.QUEUED).inc()
    return LoggedMessage.from_row(row)


async def asked_before(
    connection: Connection, tenant_id: UUID, idempotency_key: str
) -> tuple[LoggedMessage, bytes] | None:
    """The message that was asked for with this key, and the hash of what was asked."""
    row = await connection.fetchrow(sql.message_asked_before, tenant_id, idempotency_key)
    return None if row is None else (LoggedMessage.from_row(row), row["request_hash"])


async def waiting_to_be_sent(connection: Connection, tenant_id: UUID) -> int:
    """How many messages that were asked for have not left yet."""
    waiting: int = await connection.fetchval(sql.messages_waiting_to_be_sent, tenant_id)
    return waiting


async def last_inbound(connection: Connection, contact_id: UUID) -> LoggedMessage | None:
    """What a contact wrote last."""
    row = await connection.fetchrow(sql.message_last_inbound, contact_id)
    return None if row is None else LoggedMessage.from_row(row)


async def of_contact(
    connection: Connection, contact_id: UUID, message_id: str
) -> LoggedMessage | None:
    """A contact's message by its id in the log or by WhatsApp's; the newest of several."""
    row = await connection.fetchrow(sql.message_of_contact, contact_id, message_id)
    return None if row is None else LoggedMessage.from_row(row)


async def replies_to(connection: Connection, message_id: UUID) -> list[LoggedMessage]:
    """What was decided to answer a message with."""
    rows = await connection.fetch(sql.message_replies_to, message_id)
    return [LoggedMessage.from_row(row) for row in rows]


async def begin_attempt(connection: Connection, message_id: UUID) -> int | None:
    """Note, before it leaves, that a send may have happened; returns how many there were.

    None when the row is gone: what it answers turned out to be answered already.
    """
    attempts: int | None = await connection.fetchval(sql.message_begin_attempt, message_id)
    return attempts


async def settle_outbound(
    connection: Connection,
    message_id: UUID,
    status: OutStatus,
    *,
    reason: str | None = None,
    error: str | None = None,
    trace: Mapping[str, Any] | None = None,
) -> None:
    """What became of a send, unless an ack has told more already."""
    is_news = await connection.fetchval(
        sql.message_settle_outbound, message_id, status, reason, error, dict(trace or {})
    )
    if is_news:
        metrics.MESSAGES.labels(Direction.OUT, status).inc()


async def edited(
    connection: Connection, contact_id: UUID, wa_message_id: str, text: str, *, at: datetime
) -> None:
    """A customer edited a message; its first text stays. Of very many edits the first are kept."""
    await connection.execute(sql.message_edited, contact_id, wa_message_id, text, at.isoformat())


async def revoked(
    connection: Connection, contact_id: UUID, wa_message_id: str, *, at: datetime
) -> None:
    """A customer deleted a message: it stays in the log, and waits for nobody."""
    await connection.execute(sql.message_revoked, contact_id, wa_message_id, at.isoformat())


async def note(connection: Connection, message_id: UUID, trace: Mapping[str, Any]) -> None:
    """Add to a message's trace."""
    await connection.execute(sql.message_note, message_id, dict(trace))


async def record_acks(
    connection: Connection, tenant_id: UUID, acks: Mapping[str, OutStatus]
) -> None:
    """Move messages forward by WhatsApp's acks."""
    for row in await connection.fetch(sql.message_acks, tenant_id, list(acks), list(acks.values())):
        metrics.MESSAGES.labels(Direction.OUT, row["status"]).inc()


async def page(
    connection: Connection, tenant_id: UUID, *, before: int | None = None, limit: int
) -> list[LoggedMessage]:
    """A tenant's log, newest first."""
    rows = await connection.fetch(sql.messages_page, tenant_id, before, limit)
    return [LoggedMessage.from_row(row) for row in rows]


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A message that waits for a person, and whose tenant it is."""

    tenant_name: str
    message: LoggedMessage


async def unanswered(
    connection: Connection, tenant_id: UUID, *, before: int | None = None, limit: int
) -> list[LoggedMessage]:
    """What of a tenant's waits for a person, newest first."""
    rows = await connection.fetch(sql.messages_unanswered, tenant_id, before, limit)
    return [LoggedMessage.from_row(row) for row in rows]


async def unanswered_of_all(
    connection: Connection, *, before: int | None = None, limit: int
) -> list[Unanswered]:
    """What of all tenants' waits for a person, newest first."""
    rows = await connection.fetch(sql.messages_unanswered_of_all, before, limit)
    return [Unanswered(row["tenant_name"], LoggedMessage.from_row(row)) for row in rows]


async def done(
    connection: Connection, tenant_id: UUID, message_id: UUID, *, by: str
) -> LoggedMessage | None:
    """Somebody saw to a message; None when it did not wait for that."""
    row = await connection.fetchrow(sql.message_done, tenant_id, message_id, by)
    return None if row is None else LoggedMessage.from_row(row)


async def done_by_answer(
    connection: Connection, contact_id: UUID, *, until: datetime | None = None, by: str
) -> None:
    """A person wrote to a contact: what came until then, by WhatsApp's clock, is seen to."""
    await connection.execute(sql.messages_done_by_answer, contact_id, until, by)


async def counts(connection: Connection, tenant_id: UUID) -> dict[str, dict[str, int]]:
    """How many messages there are, by direction and outcome."""
    result: dict[str, dict[str, int]] = {"IN": {}, "OUT": {}}
    for row in await connection.fetch(sql.message_counts, tenant_id):
        result[row["direction"]][row["status"]] = row["n"]
    return result


async def forget_before(connection: Connection, before: datetime) -> int:
    """Delete settled messages that were logged before then; how many there were."""
    gone: int = await connection.fetchval(sql.messages_forget, before)
    return gone
