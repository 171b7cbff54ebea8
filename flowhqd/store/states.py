"""Writing the three states, heartbeats and the audit that goes with every change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flowhqd.states import SessionState, TenantStatus, WorkerStatus
from flowhqd.store import portal_events
from flowhqd.store.queries import sql

if TYPE_CHECKING:
    from flowhqd.store.pool import Connection


@dataclass(frozen=True, slots=True)
class StateChange:
    """New states and why; None leaves a state and its reason as they are."""

    reason: str
    detail: str = ""
    tenant: TenantStatus | None = None
    session: SessionState | None = None
    worker: WorkerStatus | None = None
    last_error: str | None = None
    clear_error: bool = False


@dataclass(frozen=True, slots=True)
class Qr:
    """A code to scan: its text, its picture as a data URL, its number and when it goes stale."""

    text: str
    picture: str
    seq: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Link:
    """The account a session is linked to, and what serves it."""

    account: str | None
    account_lid: str | None
    provider: str
    web_version: str | None
    capabilities: dict[str, bool]


async def apply(
    connection: Connection, tenant_id: UUID, change: StateChange, *, actor: str
) -> None:
    """Write a change of states, its audit row and what it means to the portal's users; within a
    transaction."""
    await connection.execute(sql.tenant_state_update, tenant_id, change.tenant)
    if change.session is not None:
        await portal_events.session_changes(connection, tenant_id, change.session, change.reason)
        await connection.execute(
            sql.session_state_update, tenant_id, change.session, change.reason, change.detail
        )
    if change.worker is not None:
        await connection.execute(
            sql.worker_state_update,
            tenant_id,
            change.worker,
            change.reason,
            change.detail,
            change.last_error,
            change.clear_error,
        )
    states = {
        name: str(value)
        for name, value in (
            ("tenant", change.tenant),
            ("session", change.session),
            ("worker", change.worker),
        )
        if value is not None
    }
    await audit(
        connection,
        tenant_id,
        actor=actor,
        action="state",
        detail={**states, "reason": change.reason, "detail": change.detail},
    )


async def audit(
    connection: Connection,
    tenant_id: UUID | None,
    *,
    actor: str,
    action: str,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Record that ``actor`` did ``action``."""
    await connection.execute(sql.audit_insert, tenant_id, actor, action, dict(detail or {}))


async def show_qr(connection: Connection, tenant_id: UUID, qr: Qr) -> None:
    """The code to scan now; the session must be QR_READY."""
    await connection.execute(
        sql.session_qr_update, tenant_id, qr.picture, qr.text, qr.seq, qr.expires_at
    )


async def hide_qr(connection: Connection, tenant_id: UUID) -> None:
    """There is no code to scan for now: one is typed instead."""
    await connection.execute(sql.session_qr_hide, tenant_id)


async def link(
    connection: Connection, tenant_id: UUID, found: Link, *, server_now: datetime
) -> None:
    """The account a ready session is linked to; a new one starts its history now."""
    await connection.execute(
        sql.session_link_update,
        tenant_id,
        found.account,
        found.account_lid,
        found.provider,
        server_now,
        found.web_version,
        found.capabilities,
    )


async def account_holder(connection: Connection, account: str) -> UUID | None:
    """The tenant this account is linked to."""
    holder: UUID | None = await connection.fetchval(sql.session_account_holder, account)
    return holder


async def unlink(connection: Connection, tenant_id: UUID) -> None:
    """Forget the linked account."""
    await connection.execute(sql.session_unlink, tenant_id)


async def worker_error(connection: Connection, tenant_id: UUID, error: str) -> None:
    """An error that does not change the worker's state."""
    await connection.execute(sql.worker_error_update, tenant_id, error)


async def heartbeats(
    connection: Connection, beats: Mapping[UUID, datetime], seen: Mapping[UUID, datetime]
) -> None:
    """Write the beats of all workers, and when connected sessions were seen, at once."""
    await connection.execute(sql.heartbeats_update, list(beats), list(beats.values()))
    await connection.execute(sql.last_seen_update, list(seen), list(seen.values()))


async def stale(connection: Connection, before: datetime) -> list[UUID]:
    """Running workers whose last beat is older than ``before``."""
    return [row["tenant_id"] for row in await connection.fetch(sql.workers_stale, before)]


async def left_running(connection: Connection) -> list[UUID]:
    """Workers that a dead daemon left as running."""
    return [row["tenant_id"] for row in await connection.fetch(sql.workers_of_dead_daemon)]
