"""What happened to the portal's users, for them and for whoever helps them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flowhqd.store.queries import sql

if TYPE_CHECKING:
    from flowhqd.states import SessionState
    from flowhqd.store.pool import Connection


class PortalEvent(StrEnum):
    """The values of event_type."""

    SIGNED_UP = "signed_up"
    SUBMITTED = "submitted"
    WITHDRAWN = "withdrawn"
    APPROVED = "approved"
    REJECTED = "rejected"
    CONSENTED = "consented"
    QR_SHOWN = "qr_shown"
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    TEXT_CHANGED = "text_changed"
    OPTED_OUT = "opted_out"
    OPTED_IN = "opted_in"


async def record(
    connection: Connection,
    event: PortalEvent,
    *,
    user_id: UUID | None,
    tenant_id: UUID | None = None,
    payload: Mapping[str, Any] | None = None,
) -> None:
    """Write an event."""
    await connection.execute(
        sql.portal_event_insert, tenant_id, user_id, event, dict(payload or {})
    )


async def session_changes(
    connection: Connection, tenant_id: UUID, state: SessionState, reason: str
) -> None:
    """Write what a session's coming state means to its tenant's users; before it is written.

    A code that is shown, a connection and its loss are events; what stays as it is is none, nor is
    anything of a tenant that no user looks after.
    """
    await connection.execute(sql.portal_event_of_session, tenant_id, state, reason)


async def has(
    connection: Connection, event: PortalEvent, user_id: UUID, payload: Mapping[str, Any]
) -> bool:
    """Whether an event of a user's with this payload, or more in it, was written."""
    found: bool = await connection.fetchval(sql.portal_event_exists, user_id, event, dict(payload))
    return found
