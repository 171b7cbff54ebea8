"""Logins of the admin's, as browsers hold them in a cookie.

The cookie has the id and a secret. The database has a hash of the secret and a fingerprint of the
password under it: neither lets its reader log in or try passwords, and a changed ADMIN_PASSWORD
ends every login.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from flowhqd.store.queries import sql
from flowhqd.store.tickets import Ticket, encoded, new_secret

if TYPE_CHECKING:
    from flowhqd.store.pool import Connection

LIFETIME = timedelta(days=7)
IDLE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class AdminSession:
    """A login; ``csrf_token`` is known to its own pages only."""

    id: UUID
    csrf_token: str


@dataclass(frozen=True, slots=True)
class Login:
    """A login as it is listed."""

    id: UUID
    created_at: datetime
    last_used_at: datetime


async def create(connection: Connection, password: str) -> tuple[AdminSession, str]:
    """Make a login and forget those that are over; the cookie's value comes second."""
    ticket, csrf_token = Ticket.new(), new_secret()
    await connection.execute(sql.admin_sessions_expire, IDLE)
    await connection.execute(
        sql.admin_session_insert,
        ticket.id,
        ticket.digest,
        csrf_token,
        _fingerprint(ticket, password),
        LIFETIME,
    )
    return AdminSession(ticket.id, csrf_token), str(ticket)


async def find(connection: Connection, cookie: str, password: str) -> AdminSession | None:
    """The login of a cookie; None when it is over, forged, or from before another password."""
    ticket = Ticket.parse(cookie)
    if ticket is None:
        return None
    row = await connection.fetchrow(sql.admin_session_by_id, ticket.id, IDLE)
    if (
        row is None
        or not hmac.compare_digest(row["secret_hash"], ticket.digest)
        or not hmac.compare_digest(row["password_fingerprint"], _fingerprint(ticket, password))
    ):
        return None
    await connection.execute(sql.admin_session_touch, ticket.id)
    return AdminSession(ticket.id, row["csrf_token"])


async def delete(connection: Connection, session_id: UUID) -> None:
    """End a login."""
    await connection.execute(sql.admin_session_delete, session_id)


async def delete_all(connection: Connection) -> None:
    """End every login."""
    await connection.execute(sql.admin_session_delete_all)


async def all_(connection: Connection) -> list[Login]:
    """Logins that are good, the newest first; a hundred at most."""
    rows = await connection.fetch(sql.admin_session_list, IDLE)
    return [Login(**row) for row in rows]


def _fingerprint(ticket: Ticket, password: str) -> bytes:
    return hmac.digest(encoded(ticket.secret), password.encode(), "sha256")
