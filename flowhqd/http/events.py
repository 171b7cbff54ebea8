"""What was done to a tenant and by whom, and what happened to its users, for people."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flowhqd.http import cursors
from flowhqd.http.errors import BadCursor
from flowhqd.http.queries import EventsQuery
from flowhqd.http.services import Services
from flowhqd.http.views import View
from flowhqd.store import events
from flowhqd.store.events import Place
from flowhqd.store.tenants import Tenant


class EventView(View):
    """``source`` is ``audit`` for what was done, ``portal`` for what happened to a user."""

    source: str
    actor: str
    action: str
    detail: dict[str, Any]
    created_at: datetime


class EventsPage(View):
    """Some of a tenant's events; ``next`` is the cursor of the next page, null on the last."""

    events: list[EventView]
    next: str | None


async def page(daemon: Services, tenant: Tenant, query: EventsQuery) -> EventsPage:
    """Events, newest first; raises BadCursor."""
    scope = f"events {tenant.id}"
    before = Place() if query.before is None else _place(scope, query.before)
    async with daemon.database.connection() as connection:
        found = await events.page(connection, tenant.id, before=before, limit=query.limit + 1)
    shown, more = found[: query.limit], len(found) > query.limit
    place = before.after(shown)
    return EventsPage(
        events=[EventView.model_validate(event) for event in shown],
        # Ids begin with 1: 0 stands for a log of which nothing was shown yet.
        next=cursors.encode(scope, place.audit or 0, place.portal or 0) if more else None,
    )


def _place(scope: str, cursor: str) -> Place:
    match cursors.decode(scope, cursor, field="before"):
        case [int(audit), int(portal)]:
            return Place(audit or None, portal or None)
    raise BadCursor("before", "is from another version of flowhqd")
