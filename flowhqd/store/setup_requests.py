"""What businesses ask for on the portal: a tenant of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Self
from uuid import UUID

from flowhqd.errors import Conflict, NotFound
from flowhqd.states import Language, SetupStatus
from flowhqd.store.people import Origin
from flowhqd.store.queries import sql

if TYPE_CHECKING:
    import asyncpg

    from flowhqd.store.pool import Connection

_DRAFT, _SENT, _YES = SetupStatus.DRAFT, SetupStatus.SUBMITTED, SetupStatus.APPROVED
_NO, _DONE = SetupStatus.REJECTED, SetupStatus.ACTIVE

MOVES: Mapping[SetupStatus, frozenset[SetupStatus]] = MappingProxyType(
    {
        _DRAFT: frozenset({_SENT}),
        _SENT: frozenset({_DRAFT, _YES, _NO}),
        _NO: frozenset({_SENT}),
        _YES: frozenset({_DONE}),
        _DONE: frozenset(),
    }
)
"""Which status may follow which."""
assert MOVES.keys() == set(SetupStatus)  # noqa: S101 - a table with a hole must not start

EDITABLE = frozenset({_DRAFT, _NO})
"""While nobody has it to decide upon, its user may change it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a user asks for; in a draft any text may be empty."""

    template_type: str
    business_name: str
    language: Language
    whatsapp_number: str
    notes: str


@dataclass(frozen=True, slots=True)
class SetupRequest:
    """One request and how far it has come."""

    id: UUID
    tenant_id: UUID | None
    user_id: UUID
    template_type: str
    business_name: str
    language: Language
    whatsapp_number: str
    status: SetupStatus
    notes: str
    reviewer_note: str
    submitted_at: datetime | None
    decided_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def from_row(cls, row: asyncpg.Record) -> Self:
        """A request of a row of setup_request."""
        values = {name: row[name] for name in cls.__slots__}
        return cls(
            **{
                **values,
                "language": Language(values["language"]),
                "status": SetupStatus(values["status"]),
            }
        )


@dataclass(frozen=True, slots=True)
class Review:
    """A request and what the operator should know of it: who asks, and who has its number."""

    request: SetupRequest
    email: str
    origin: Origin
    email_verified_at: datetime | None
    disabled_at: datetime | None
    holder_id: UUID | None
    holder_name: str | None
    is_shared: bool
    """Whether others than this user look after the tenant that has the number."""

    @classmethod
    def from_row(cls, row: asyncpg.Record) -> Self:
        """A review of a row of the query setup_request_reviews."""
        return cls(
            request=SetupRequest.from_row(row),
            email=row["email"],
            origin=Origin(row["origin"]),
            email_verified_at=row["email_verified_at"],
            disabled_at=row["disabled_at"],
            holder_id=row["holder_id"],
            holder_name=row["holder_name"],
            is_shared=row["is_shared"],
        )


async def get(connection: Connection, request_id: UUID) -> SetupRequest:
    """One request; raises NotFound."""
    return _found(await connection.fetchrow(sql.setup_request_by_id, request_id))


async def lock(connection: Connection, request_id: UUID) -> SetupRequest:
    """One request, kept from other transactions until this one ends; raises NotFound."""
    return _found(await connection.fetchrow(sql.setup_request_lock, request_id))


async def latest_of_tenant(connection: Connection, tenant_id: UUID) -> SetupRequest | None:
    """The newest request that concerns a tenant."""
    row = await connection.fetchrow(sql.setup_request_latest_of_tenant, tenant_id)
    return None if row is None else SetupRequest.from_row(row)


async def latest_of_user(connection: Connection, user_id: UUID) -> SetupRequest | None:
    """The newest request of a user."""
    row = await connection.fetchrow(sql.setup_request_latest_of_user, user_id)
    return None if row is None else SetupRequest.from_row(row)


async def reviews(
    connection: Connection,
    *,
    after: tuple[datetime, UUID] | None = None,
    status: SetupStatus | None = None,
    limit: int,
) -> list[Review]:
    """Requests as the operator sees them, newest first, after a cursor."""
    created_at, request_id = after or (None, None)
    rows = await connection.fetch(
        sql.setup_request_reviews, created_at, request_id, status, None, limit
    )
    return [Review.from_row(row) for row in rows]


async def review(connection: Connection, request_id: UUID) -> Review:
    """One request as the operator sees it; raises NotFound."""
    row = await connection.fetchrow(sql.setup_request_reviews, None, None, None, request_id, 1)
    return Review.from_row(_known(row))


async def holder(connection: Connection, phone_number: str) -> UUID | None:
    """The tenant that has a number, kept from other transactions until this one ends."""
    found: UUID | None = await connection.fetchval(sql.setup_request_holder, phone_number)
    return found


async def waiting(connection: Connection) -> int:
    """How many requests wait for the operator."""
    count: int = await connection.fetchval(sql.setup_requests_waiting)
    return count


async def save(connection: Connection, user_id: UUID, wish: Wish) -> SetupRequest:
    """Write what a user asks for, as a new draft or into the request that was not sent or refused.

    Within a transaction that has locked the user. Raises Conflict when the latest request is under
    way or done.
    """
    values = (
        wish.template_type,
        wish.business_name,
        wish.language,
        wish.whatsapp_number,
        wish.notes,
    )
    latest = await latest_of_user(connection, user_id)
    if latest is None:
        row = await connection.fetchrow(sql.setup_request_insert, user_id, *values)
    elif latest.status in EDITABLE:
        row = await connection.fetchrow(sql.setup_request_update, latest.id, *values)
    else:
        raise Conflict(f"the request is {latest.status} and cannot be changed now")
    return _found(row)


async def move(
    connection: Connection,
    request: SetupRequest,
    status: SetupStatus,
    *,
    tenant_id: UUID | None = None,
    reviewer_note: str | None = None,
) -> SetupRequest:
    """Give a locked request its next status; raises Conflict for one that may not follow."""
    if status not in MOVES[request.status]:
        raise Conflict(f"the request is {request.status}, so that it cannot become {status}")
    row = await connection.fetchrow(
        sql.setup_request_move, request.id, status, tenant_id, reviewer_note
    )
    return _found(row)


async def activate(connection: Connection, tenant_id: UUID) -> None:
    """The tenant's session is ready: what was approved is done."""
    await connection.execute(sql.setup_request_activate, tenant_id)


def _found(row: asyncpg.Record | None) -> SetupRequest:
    return SetupRequest.from_row(_known(row))


def _known(row: asyncpg.Record | None) -> asyncpg.Record:
    if row is None:
        raise NotFound("there is no such set-up request")
    return row
