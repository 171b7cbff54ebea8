"""Tenants with their configuration, session and worker rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg

from flowhqd.errors import Conflict, NotFound
from flowhqd.states import Language, SessionState, TenantStatus, Wanted, WorkerStatus
from flowhqd.store.queries import sql

if TYPE_CHECKING:
    from flowhqd.store.pool import Connection


@dataclass(frozen=True, slots=True)
class Config:
    """What a tenant's replies are made from; ``hours_json`` None means always open.

    ``texts`` are the tenant's own by key and language, such as ``prices@SW``; a list of tenants
    goes without them.
    """

    template_type: str
    business_name: str
    language: Language
    hours_json: dict[str, Any] | None
    limits: dict[str, Any]
    texts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SessionRow:
    state: SessionState
    reason: str
    detail: str
    since: datetime
    last_qr: str | None
    qr_text: str | None
    qr_seq: int
    qr_expires_at: datetime | None
    last_seen_at: datetime | None
    account: str | None
    account_lid: str | None
    linked_at: datetime | None
    history_from: datetime | None
    provider: str | None
    web_version: str | None
    capabilities: dict[str, bool]


@dataclass(frozen=True, slots=True)
class WorkerRow:
    worker_name: str
    status: WorkerStatus
    reason: str
    detail: str
    since: datetime
    last_error: str | None
    last_error_at: datetime | None
    heartbeat_at: datetime | None


@dataclass(frozen=True, slots=True)
class Tenant:
    """A business that is answered for."""

    id: UUID
    name: str
    phone_number: str
    status: TenantStatus
    wanted: Wanted
    status_since: datetime
    created_at: datetime
    updated_at: datetime
    config: Config
    session: SessionRow
    worker: WorkerRow

    @classmethod
    def from_row(cls, row: asyncpg.Record) -> Tenant:
        """A tenant from a row of the view tenant_whole."""
        return cls(
            id=row["id"],
            name=row["name"],
            phone_number=row["phone_number"],
            status=TenantStatus(row["status"]),
            wanted=Wanted(row["wanted"]),
            status_since=row["status_since"],
            created_at=row["created_at"],
            updated_at=row["updated_at"],
            config=Config(
                row["template_type"],
                row["business_name"],
                Language(row["language"]),
                row["hours_json"],
                row["limits"],
                row.get("texts") or {},
            ),
            session=SessionRow(
                state=SessionState(row["session_state"]),
                reason=row["session_reason"],
                detail=row["session_detail"],
                since=row["session_since"],
                last_qr=row["last_qr"],
                qr_text=row["qr_text"],
                qr_seq=row["qr_seq"],
                qr_expires_at=row["qr_expires_at"],
                last_seen_at=row["last_seen_at"],
                account=row["account"],
                account_lid=row["account_lid"],
                linked_at=row["linked_at"],
                history_from=row["history_from"],
                provider=row["provider"],
                web_version=row["web_version"],
                capabilities=row["capabilities"],
            ),
            worker=WorkerRow(
                worker_name=row["worker_name"],
                status=WorkerStatus(row["worker_status"]),
                reason=row["worker_reason"],
                detail=row["worker_detail"],
                since=row["worker_since"],
                last_error=row["last_error"],
                last_error_at=row["last_error_at"],
                heartbeat_at=row["heartbeat_at"],
            ),
        )


@dataclass(frozen=True, slots=True)
class Change:
    """New values of a tenant; None leaves what is there."""

    name: str | None = None
    phone_number: str | None = None
    template_type: str | None = None
    business_name: str | None = None
    language: Language | None = None
    hours_given: bool = False
    hours_json: dict[str, Any] | None = None
    limits: dict[str, Any] | None = None


async def create(
    connection: Connection,
    *,
    name: str,
    phone_number: str,
    template_type: str,
    business_name: str,
    language: Language,
    hours_json: dict[str, Any] | None = None,
    limits: dict[str, Any] | None = None,
) -> UUID:
    """Make all rows of a tenant; within a transaction. Raises Conflict for a taken number."""
    try:
        tenant_id: UUID = await connection.fetchval(sql.tenant_insert, name, phone_number)
    except asyncpg.UniqueViolationError:
        raise Conflict(f"{phone_number} belongs to another tenant") from None
    await connection.execute(
        sql.tenant_config_insert,
        tenant_id,
        template_type,
        business_name,
        language,
        hours_json,
        limits or {},
    )
    await connection.execute(sql.tenant_session_insert, tenant_id)
    await connection.execute(sql.tenant_worker_insert, tenant_id)
    return tenant_id


async def get(connection: Connection, tenant_id: UUID) -> Tenant:
    """One tenant; raises NotFound."""
    row = await connection.fetchrow(sql.tenant_by_id, tenant_id)
    if row is None:
        raise NotFound(f"there is no tenant {tenant_id}")
    return Tenant.from_row(row)


@dataclass(frozen=True, slots=True)
class StateCounts:
    """How many tenants are in which state, by the state's name."""

    tenants: Counter[str] = field(default_factory=Counter)
    sessions: Counter[str] = field(default_factory=Counter)
    workers: Counter[str] = field(default_factory=Counter)


async def count_states(connection: Connection) -> StateCounts:
    """How many tenants there are in each of the three states."""
    counts = StateCounts()
    for row in await connection.fetch(sql.tenant_state_counts):
        counts.tenants[row["status"]] += row["n"]
        counts.sessions[row["state"]] += row["n"]
        counts.workers[row["worker"]] += row["n"]
    return counts


async def page(
    connection: Connection, *, after: tuple[datetime, UUID] | None = None, limit: int
) -> list[Tenant]:
    """Tenants in the order they were made, after a cursor."""
    created_at, tenant_id = after or (None, None)
    rows = await connection.fetch(sql.tenants_page, created_at, tenant_id, limit)
    return [Tenant.from_row(row) for row in rows]


async def wanted(connection: Connection) -> list[UUID]:
    """The tenants whose worker is to run."""
    return [row["id"] for row in await connection.fetch(sql.tenants_wanted)]


async def want(connection: Connection, tenant_id: UUID, value: Wanted) -> None:
    """Record what the operator wants of the worker."""
    await connection.execute(sql.tenant_want, tenant_id, value)


async def update(connection: Connection, tenant_id: UUID, change: Change) -> None:
    """Change a tenant; within a transaction. Raises Conflict for a taken number."""
    try:
        await connection.execute(sql.tenant_update, tenant_id, change.name, change.phone_number)
    except asyncpg.UniqueViolationError:
        raise Conflict(f"{change.phone_number} belongs to another tenant") from None
    await connection.execute(
        sql.tenant_config_update,
        tenant_id,
        change.template_type,
        change.business_name,
        change.language,
        change.hours_given,
        change.hours_json,
        change.limits,
    )


async def belongings(connection: Connection, tenant_id: UUID) -> dict[str, int]:
    """How many messages, contacts, own texts and events of users go when a tenant is deleted."""
    row = await connection.fetchrow(sql.tenant_belongings, tenant_id)
    return {} if row is None else dict(row)


async def delete(connection: Connection, tenant_id: UUID) -> None:
    """Remove a tenant and all its rows but the audit."""
    await connection.execute(sql.tenant_delete, tenant_id)
