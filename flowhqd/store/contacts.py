"""The people who write, whatever address they appear under."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from flowhqd.store.queries import sql

if TYPE_CHECKING:
    from flowhqd.store.pool import Connection
    from flowhqd.whatsapp.addresses import Alias


@dataclass(frozen=True, slots=True)
class Resolved:
    """A contact, and those that turned out to be the same person and are now part of it."""

    id: UUID
    merged: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Conversation:
    """What was last said to a contact, and what they want.

    ``opting_at`` is when they last opted out or in, by WhatsApp's clock.
    """

    last_rule: str | None = None
    last_rule_at: datetime | None = None
    away_until: datetime | None = None
    paused_until: datetime | None = None
    opted_out_at: datetime | None = None
    opted_out_by: str | None = None
    opting_at: datetime | None = None


async def resolve(
    connection: Connection, tenant_id: UUID, aliases: Sequence[Alias], name: str | None = None
) -> Resolved:
    """The contact behind ``aliases``, made or merged as needed; within a transaction.

    When the aliases lead to two contacts these are one person: addresses, messages and what was
    told move to the older one.
    """
    # Two who meet the same stranger at once, such as a customer's first message and a message to
    # that customer, would make two contacts of one person.
    await connection.execute(sql.contacts_lock, str(tenant_id))
    kinds, values = [alias.kind for alias in aliases], [alias.value for alias in aliases]
    rows = await connection.fetch(sql.contacts_by_alias, tenant_id, kinds, values)
    found = [row["id"] for row in rows]
    keep: UUID
    if not found:
        keep = await connection.fetchval(sql.contact_insert, tenant_id, name)
    else:
        keep = found[0]
        if name is not None:
            await connection.execute(sql.contact_name_update, keep, name)
    if found[1:]:
        await connection.execute(sql.contacts_merge_lock, found)
        await connection.execute(sql.contacts_unsent_lock, found)
    for gone in found[1:]:
        await _merge(connection, keep, gone)
    await connection.execute(sql.contact_aliases_insert, tenant_id, keep, kinds, values)
    return Resolved(keep, tuple(found[1:]))


async def find(connection: Connection, tenant_id: UUID, aliases: Sequence[Alias]) -> UUID | None:
    """The contact behind ``aliases``, the oldest of several; None for a stranger."""
    kinds, values = [alias.kind for alias in aliases], [alias.value for alias in aliases]
    row = await connection.fetchrow(sql.contacts_by_alias, tenant_id, kinds, values)
    return None if row is None else row["id"]


async def _merge(connection: Connection, keep: UUID, gone: UUID) -> None:
    await connection.execute(sql.contact_replies_drop, keep, gone)
    await connection.execute(sql.contact_duplicates_drop, keep, gone)
    await connection.execute(sql.contact_duplicates_rename, keep, gone)
    await connection.execute(sql.contact_messages_move, keep, gone)
    await connection.execute(sql.contact_aliases_move, keep, gone)
    await connection.execute(sql.contact_conversation_merge, keep, gone)
    await connection.execute(sql.contact_delete, gone)


async def conversation(connection: Connection, contact_id: UUID) -> Conversation:
    """What was last said to a contact."""
    row = await connection.fetchrow(sql.conversation, contact_id)
    return Conversation(**row) if row else Conversation()


async def said(
    connection: Connection, contact_id: UUID, *, rule: str, away_until: datetime | None
) -> None:
    """Remember the rule that answered, and the opening that was told."""
    await connection.execute(sql.conversation_update, contact_id, rule, away_until)


async def pause(connection: Connection, contact_id: UUID, until: datetime) -> None:
    """Keep quiet towards a contact until then: the owner writes."""
    await connection.execute(sql.conversation_pause, contact_id, until)
