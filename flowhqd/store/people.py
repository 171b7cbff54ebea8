"""People who use the portal.

A local user logs in here with a password; a trusted one is vouched for by another front end. The
two are never one person to us, even under one address: a front end could otherwise open the
account of somebody who never used it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Self
from uuid import UUID

from flowhqd.errors import Conflict, NotFound
from flowhqd.states import Language
from flowhqd.store.queries import sql

if TYPE_CHECKING:
    import asyncpg

    from flowhqd.store.pool import Connection


class AddressTaken(Conflict):
    """The address has a user of this origin."""

    code = "address_taken"


class Origin(StrEnum):
    """Who says that a user is who they are: a password of ours, or another front end."""

    LOCAL = "local"
    TRUSTED = "trusted"


@dataclass(frozen=True, slots=True)
class PortalUser:
    """``password_hash`` None: a local user has not used the invitation yet."""

    id: UUID
    email: str
    origin: Origin
    password_hash: str | None = field(repr=False)
    language: Language
    tenant_id: UUID | None
    email_verified_at: datetime | None
    disabled_at: datetime | None
    created_at: datetime

    @classmethod
    def from_row(cls, row: asyncpg.Record) -> Self:
        """A user of a row that has the columns of portal_user."""
        return cls(
            id=row["id"],
            email=row["email"],
            origin=Origin(row["origin"]),
            password_hash=row["password_hash"],
            language=Language(row["language"]),
            tenant_id=row["tenant_id"],
            email_verified_at=row["email_verified_at"],
            disabled_at=row["disabled_at"],
            created_at=row["created_at"],
        )

    @property
    def is_invited(self) -> bool:
        """Whether the user has still to choose a password."""
        return self.origin is Origin.LOCAL and self.password_hash is None


async def create(
    connection: Connection,
    *,
    email: str,
    origin: Origin,
    password_hash: str | None = None,
    language: Language = Language.SW,
    tenant_id: UUID | None = None,
    is_verified: bool = False,
) -> PortalUser:
    """Add a user; raises AddressTaken."""
    row = await connection.fetchrow(
        sql.portal_user_insert, email, origin, password_hash, language, tenant_id, is_verified
    )
    if row is None:
        raise AddressTaken(f"{email} has an account already")
    return PortalUser.from_row(row)


async def get(connection: Connection, user_id: UUID) -> PortalUser:
    """One user; raises NotFound."""
    return _found(await connection.fetchrow(sql.portal_user_by_id, user_id))


async def lock(connection: Connection, user_id: UUID) -> PortalUser:
    """One user, kept from other transactions until this one ends; raises NotFound."""
    return _found(await connection.fetchrow(sql.portal_user_lock, user_id))


async def by_email(connection: Connection, email: str, origin: Origin) -> PortalUser | None:
    """The user of an address, which is in lower case."""
    row = await connection.fetchrow(sql.portal_user_by_email, email, origin)
    return None if row is None else PortalUser.from_row(row)


async def page(
    connection: Connection,
    *,
    after: tuple[datetime, UUID] | None = None,
    search: str | None = None,
    limit: int,
) -> list[PortalUser]:
    """Users, newest first, after a cursor; ``search`` is a part of their addresses."""
    created_at, user_id = after or (None, None)
    rows = await connection.fetch(
        sql.portal_users_page, created_at, user_id, search and search.lower(), limit
    )
    return [PortalUser.from_row(row) for row in rows]


async def of_tenant(connection: Connection, tenant_id: UUID) -> list[PortalUser]:
    """The users who look after a tenant."""
    rows = await connection.fetch(sql.portal_users_of_tenant, tenant_id)
    return [PortalUser.from_row(row) for row in rows]


async def set_password(
    connection: Connection, user_id: UUID, password_hash: str, *, by_link: bool = False
) -> None:
    """A new password; ``by_link`` of the operator's also verifies the address."""
    await connection.execute(sql.portal_user_set_password, user_id, password_hash, by_link)


async def set_language(connection: Connection, user_id: UUID, language: Language) -> None:
    """The language the user reads."""
    await connection.execute(sql.portal_user_set_language, user_id, language)


async def set_tenant(connection: Connection, user_id: UUID, tenant_id: UUID) -> None:
    """The tenant the user looks after."""
    await connection.execute(sql.portal_user_set_tenant, user_id, tenant_id)


async def delete(connection: Connection, user_id: UUID) -> None:
    """Remove a user with their logins, links and requests."""
    await connection.execute(sql.portal_user_delete, user_id)


async def set_disabled(connection: Connection, user_id: UUID, *, disabled: bool) -> PortalUser:
    """Keep a user out, or let them in again; raises NotFound."""
    return _found(await connection.fetchrow(sql.portal_user_set_disabled, user_id, disabled))


def _found(row: asyncpg.Record | None) -> PortalUser:
    if row is None:
        raise NotFound("there is no such user")
    return PortalUser.from_row(row)
