"""What the database tells about the host: itself, and what is seen through it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from flowhqd.store.queries import sql

if TYPE_CHECKING:
    from flowhqd.store.pool import Connection


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """PostgreSQL's version, and the bytes that the database takes."""

    version: str
    bytes: int


@dataclass(frozen=True, slots=True)
class WebVersion:
    """A version of WhatsApp Web, and how many connected tenants have it."""

    version: str
    tenants: int


async def database_facts(connection: Connection) -> DatabaseFacts:
    """Which PostgreSQL this is."""
    [row] = await connection.fetch(sql.database_facts)
    return DatabaseFacts(**row)


async def web_versions(connection: Connection) -> list[WebVersion]:
    """Which WhatsApp Web is served at present, the commonest first."""
    return [WebVersion(**row) for row in await connection.fetch(sql.web_versions)]


async def tenant_names(connection: Connection, tenants: Collection[UUID]) -> dict[UUID, str]:
    """What tenants are called; those that are gone are left out."""
    rows = await connection.fetch(sql.tenant_names, list(tenants))
    return {row["id"]: row["name"] for row in rows}
