"""What businesses ask for on the portal: a tenant of their own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from flowhqd.states import Language, SetupStatus
from flowhqd.store.queries import sql

if TYPE_CHECKING:
    from flowhqd.store.pool import Connection


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


async def latest_of_tenant(connection: Connection, tenant_id: UUID) -> SetupRequest | None:
    """The newest request that concerns a tenant."""
    row = await connection.fetchrow(sql.setup_request_latest_of_tenant, tenant_id)
    if row is None:
        return None
    values = dict(row)
    return SetupRequest(
        **{
            **values,
            "language": Language(values["language"]),
            "status": SetupStatus(values["status"]),
        }
    )
