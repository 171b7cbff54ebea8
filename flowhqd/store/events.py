"""What was done to a tenant, by whom, and what happened to the people who look after it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flowhqd.store.queries import sql

if TYPE_CHECKING:
    from flowhqd.store.pool import Connection


@dataclass(frozen=True, slots=True)
class Event:
    """A row of the audit or of the portal's log, as ``source`` says; ids count in each."""

    source: str
    id: int
    actor: str
    action: str
    detail: dict[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: what is older than these ids of the two logs."""

    audit: int | None = None
    portal: int | None = None

    def after(self, events: list[Event]) -> Place:
        """The place of the page that follows these."""
        lowest = {event.source: event.id for event in events}
        return Place(lowest.get("audit", self.audit), lowest.get("portal", self.portal))


async def page(
    connection: Connection, tenant_id: UUID, *, before: Place, limit: int
) -> list[Event]:
    """A tenant's events, newest first."""
    rows = await connection.fetch(sql.events_page, tenant_id, before.audit, before.portal, limit)
    return [Event(**row) for row in rows]
