"""The texts that tenants wrote themselves, every save a new version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg

from flowhqd.errors import NotFound
from flowhqd.states import Language
from flowhqd.store.queries import sql

if TYPE_CHECKING:
    from flowhqd.store.pool import Connection

KEPT_VERSIONS = 50
"""Versions of one text that are kept; older ones go when a new one is saved."""


@dataclass(frozen=True, slots=True)
class OwnText:
    """A version of a text; an empty ``body`` means that the shipped text serves again."""

    key: str
    language: Language
    version: int
    body: str
    created_by: str
    created_at: datetime

    @classmethod
    def from_row(cls, row: asyncpg.Record) -> OwnText:
        """A version from a row of reply_template."""
        values = {name: row[name] for name in cls.__slots__}
        return cls(**{**values, "language": Language(row["language"])})


async def save(
    connection: Connection,
    tenant_id: UUID,
    *,
    key: str,
    language: Language,
    body: str,
    created_by: str,
) -> OwnText:
    """Write the next version of a text; within a transaction. Raises NotFound."""
    if await connection.fetchval(sql.reply_texts_lock, tenant_id) is None:
        raise NotFound(f"there is no tenant {tenant_id}")
    row = await connection.fetchrow(
        sql.reply_text_insert, tenant_id, key, language, body, created_by
    )
    assert row is not None  # noqa: S101 - an aggregate always has a row
    saved = OwnText.from_row(row)
    if saved.version > KEPT_VERSIONS:
        oldest = saved.version - KEPT_VERSIONS
        await connection.execute(sql.reply_text_versions_drop, tenant_id, key, language, oldest)
    return saved


async def newest(connection: Connection, tenant_id: UUID) -> list[OwnText]:
    """The newest version of each text that a tenant has written, by key and language."""
    return [
        OwnText.from_row(row) for row in await connection.fetch(sql.reply_texts_newest, tenant_id)
    ]


async def versions(
    connection: Connection, tenant_id: UUID, key: str, language: Language
) -> list[OwnText]:
    """All kept versions of one text, newest first."""
    rows = await connection.fetch(sql.reply_text_versions, tenant_id, key, language)
    return [OwnText.from_row(row) for row in rows]
