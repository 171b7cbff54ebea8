"""Logins of the admin's, as browsers hold them in a cookie.

The cookie has the id and a secret. The database has a hash of the secret and a fingerprint of the
password under it: neither lets its reader log in or try passwords, and a changed ADMIN_PASSWORD
ends every login.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from flowhqd.store.queries import sql

if TYPE_CHECKING:
    from flowhqd.store.pool import Connection

LIFETIME = timedelta(days=7)
IDLE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class AdminSession:
    """A login; ``csrf_token`` is known to its own pages only."""

    id: UUID
    csrf_token: str


async def create(connection: Connection, password: str) -> str:
    """Make a login, forget those that are over, and return the cookie's value."""
    session_id, secret = uuid4(), secrets.token_urlsafe(32)
    await connection.execute(sql.admin_sessions_expire, IDLE)
    await connection.execute(
        sql.admin_session_insert,
        session_id,
        _hash(secret),
        secrets.token_urlsafe(32),
        _fingerprint(secret, password),
        LIFETIME,
    )
    return f"{session_id}.{secret}"


async def find(connection: Connection, cookie: str, password: str) -> AdminSession | None:
    """The login of a cookie; None when it is over, forged, or from before another password."""
    name, _, secret = cookie.partition(".")
    try:
        session_id = UUID(name)
    except ValueError:
        return None
    row = await connection.fetchrow(sql.admin_session_by_id, session_id, IDLE)
    if (
        row is None
        or not hmac.compare_digest(row["secret_hash"], _hash(secret))
        or not hmac.compare_digest(row["password_fingerprint"], _fingerprint(secret, password))
    ):
        return None
    await connection.execute(sql.admin_session_touch, session_id)
    return AdminSession(session_id, row["csrf_token"])


async def delete(connection: Connection, session_id: UUID) -> None:
    """End a login."""
    await connection.execute(sql.admin_session_delete, session_id)


def _hash(secret: str) -> bytes:
    # The secret has 256 random bits, so that a fast hash will do.
    return hashlib.sha256(_bytes(secret)).digest()


def _fingerprint(secret: str, password: str) -> bytes:
    return hmac.digest(_bytes(secret), password.encode(), "sha256")


def _bytes(secret: str) -> bytes:
    # aiohttp hands on what is not UTF-8 in a header as unpaired surrogates.
    return secret.encode("utf-8", "surrogateescape")
