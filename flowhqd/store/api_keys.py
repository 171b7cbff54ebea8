"""Keys by which programs come in: what each may do, and when it was used last.

A key is shown once, when it is made. The database has a hash of it, which lets nobody in.
"""

from __future__ import annotations

import enum
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self
from uuid import UUID

from flowhqd.errors import Conflict, NotFound
from flowhqd.store.queries import sql
from flowhqd.store.tickets import digest, new_secret

if TYPE_CHECKING:
    import asyncpg

    from flowhqd.store.pool import Connection

PREFIX = "fhq_"
"""What a key begins with, so that it is recognised where it should not be."""
MAX_KEYS = 500
REMEMBERED = timedelta(days=90)
"""How long a revoked key is still listed."""


class Scope(enum.StrEnum):
    """What a key is for; ``admin`` is for everything, as it can make keys itself."""

    READ = "read"
    SEND = "send"
    CONTROL = "control"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret."""

    id: UUID
    name: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def from_row(cls, row: asyncpg.Record) -> Self:
        """A row of ``api_key``."""
        return cls(**{**row, "scopes": tuple(map(Scope, row["scopes"]))})

    def allows(self, scope: Scope) -> bool:
        """Whether the key is good for ``scope``."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


async def create(
    connection: Connection, name: str, scopes: Collection[Scope]
) -> tuple[ApiKey, str]:
    """Make a key, in a transaction: what is known of it, and the key itself.

    Forgets those that were revoked long ago. Raises Conflict when there are too many.
    """
    await connection.execute(sql.api_key_lock)
    await connection.execute(sql.api_key_forget, REMEMBERED)
    if await connection.fetchval(sql.api_key_count) >= MAX_KEYS:
        raise Conflict(f"there are {MAX_KEYS} keys; revoke those that nobody uses")
    secret = PREFIX + new_secret()
    in_order = [scope.value for scope in Scope if scope in scopes]
    [row] = await connection.fetch(sql.api_key_insert, name, digest(secret), in_order)
    return ApiKey.from_row(row), secret


async def find(connection: Connection, secret: str) -> ApiKey | None:
    """The key that ``secret`` is; None when there is none, or it was revoked."""
    row = await connection.fetchrow(sql.api_key_by_hash, digest(secret))
    if row is None:
        return None
    await connection.execute(sql.api_key_touch, row["id"])
    return ApiKey.from_row(row)


async def all_(connection: Connection) -> list[ApiKey]:
    """Every key: those that are good first, then the newest."""
    rows = await connection.fetch(sql.api_key_list, 2 * MAX_KEYS)
    return [ApiKey.from_row(row) for row in rows]


async def revoke(connection: Connection, key: UUID) -> ApiKey:
    """Let a key be good no more; raises NotFound."""
    row = await connection.fetchrow(sql.api_key_revoke, key)
    if row is None:
        raise NotFound("there is no such key")
    return ApiKey.from_row(row)
