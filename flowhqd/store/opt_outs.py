"""Customers who get no answers from the bot: they asked for it, or the owner wants it so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from flowhqd.errors import NotFound
from flowhqd.store import portal_events
from flowhqd.store.portal_events import PortalEvent
from flowhqd.store.queries import sql

if TYPE_CHECKING:
    from flowhqd.store.pool import Connection

CUSTOMER = "customer"
OWNER = "owner"


@dataclass(frozen=True, slots=True)
class OptOut:
    """A contact who is not answered; ``number`` is None where WhatsApp hides it.

    ``opted_out_by`` is CUSTOMER or OWNER.
    """

    contact_id: UUID
    name: str | None
    number: str | None
    opted_out_at: datetime
    opted_out_by: str


async def of_tenant(connection: Connection, tenant_id: UUID, *, limit: int) -> list[OptOut]:
    """Who is not answered, the latest first."""
    rows = await connection.fetch(sql.opt_outs_of_tenant, tenant_id, limit)
    return [OptOut(**row) for row in rows]


async def said(connection: Connection, contact_id: UUID, *, opts_out: bool, at: datetime) -> None:
    """A customer opts out or in at a moment of WhatsApp's clock, if nothing newer is known."""
    query = sql.opt_out_said if opts_out else sql.opt_in_said
    await connection.execute(query, contact_id, at)


async def add(
    connection: Connection, tenant_id: UUID, contact_id: UUID, *, user_id: UUID | None
) -> None:
    """The owner wants a contact not to be answered, whatever that contact writes."""
    if await connection.fetchval(sql.opt_out_add, contact_id) is not None:
        await record(connection, tenant_id, contact_id, is_out=True, by=OWNER, user_id=user_id)


async def remove(
    connection: Connection, tenant_id: UUID, contact_id: UUID, *, user_id: UUID | None
) -> None:
    """The owner wants a contact to be answered again; raises NotFound."""
    was_out = await connection.fetchval(sql.opt_out_remove, tenant_id, contact_id)
    if was_out is None:
        raise NotFound("there is no such contact")
    if was_out:
        await record(connection, tenant_id, contact_id, is_out=False, by=OWNER, user_id=user_id)


async def record(
    connection: Connection,
    tenant_id: UUID,
    contact_id: UUID,
    *,
    is_out: bool,
    by: str,
    user_id: UUID | None = None,
) -> None:
    """Write an event for the tenant's users."""
    await portal_events.record(
        connection,
        PortalEvent.OPTED_OUT if is_out else PortalEvent.OPTED_IN,
        user_id=user_id,
        tenant_id=tenant_id,
        payload={"contact": str(contact_id), "by": by},
    )
