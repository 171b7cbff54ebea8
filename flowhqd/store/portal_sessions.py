"""Logins of the portal's users, as browsers hold them in a cookie; stored as a hash."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from flowhqd.store.people import PortalUser
from flowhqd.store.queries import sql
from flowhqd.store.tickets import Ticket, new_secret

if TYPE_CHECKING:
    from flowhqd.store.pool import Connection

# A shop's owner looks in now and then, on a phone of their own.
LIFETIME = timedelta(days=180)
IDLE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class PortalSession:
    """A login and whose it is; ``csrf_token`` is known to its own pages only."""

    id: UUID
    csrf_token: str
    user: PortalUser


async def create(connection: Connection, user_id: UUID) -> str:
    """Make a login, forget those that are over, and return the cookie's value."""
    ticket = Ticket.new()
    await connection.execute(sql.portal_sessions_expire, IDLE)
    await connection.execute(
        sql.portal_session_insert, ticket.id, user_id, ticket.digest, new_secret(), LIFETIME
    )
    return str(ticket)


async def find(connection: Connection, cookie: str) -> PortalSession | None:
    """The login of a cookie; None when it is over or forged, or its user is kept out."""
    ticket = Ticket.parse(cookie)
    if ticket is None:
        return None
    row = await connection.fetchrow(sql.portal_session_by_id, ticket.id, IDLE)
    if row is None or not hmac.compare_digest(row["secret_hash"], ticket.digest):
        return None
    await connection.execute(sql.portal_session_touch, ticket.id)
    return PortalSession(ticket.id, row["csrf_token"], PortalUser.from_row(row))


async def delete(connection: Connection, session_id: UUID) -> None:
    """End a login."""
    await connection.execute(sql.portal_session_delete, session_id)


async def delete_all(connection: Connection, user_id: UUID, *, but: UUID | None = None) -> None:
    """End every login of a user, ``but`` one."""
    await connection.execute(sql.portal_sessions_delete_all, user_id, but)
