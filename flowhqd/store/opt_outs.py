"""Customers who want no answers from the bot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from flowhqd.errors import NotFound
from flowhqd.store.queries import sql

if TYPE_CHECKING:
    from flowhqd.store.pool import Connection


@dataclass(frozen=True, slots=True)
class OptOut:
    """A contact who is not answered; ``number`` is None where WhatsApp hides it."""

    contact_id: UUID
    name: str | None
    number: str | None
    opted_out_at: datetime


async def of_tenant(connection: Connection, tenant_id: UUID, *, limit: int) -> list[OptOut]:
    """Who is not answered, the latest first."""
    rows = await connection.fetch(sql.opt_outs_of_tenant, tenant_id, limit)
    return [OptOut(**row) for row in rows]


async def add(connection: Connection, contact_id: UUID) -> None:
    """Do not answer a contact any more."""
    await connection.execute(sql.opt_out_add, contact_id)


async def remove(connection: Connection, tenant_id: UUID, contact_id: UUID) -> None:
    """Answer a tenant's contact again; raises NotFound."""
    if await connection.fetchval(sql.opt_out_remove, tenant_id, contact_id) is None:
        raise NotFound("there is no such contact")
