"""What JSON and pages both do with messages that nobody answered and a person should see to."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from uuid import UUID

from aiohttp import web

from flowhqd.changes import Topic
from flowhqd.errors import Conflict, NotFound
from flowhqd.http import cursors
from flowhqd.http.errors import BadCursor
from flowhqd.http.queries import Cursor, Limit, Query
from flowhqd.http.services import Services
from flowhqd.http.views import LogView, View
from flowhqd.store import messages, states, tenants
from flowhqd.store.messages import LoggedMessage


class UnansweredQuery(Query):
    """Which of them: newest first, from the cursor on."""

    limit: Limit = 50
    before: Cursor | None = None


class UnansweredView(View):
    """A message that a person should see to, or has: ``settled_by`` is "phone" when the owner wrote
    to the customer there, "api" when a message was sent from here, else who said so."""

    tenant_id: UUID
    tenant_name: str
    message: LogView
    settled_at: datetime | None
    settled_by: str | None

    @classmethod
    def of(cls, tenant_name: str, row: LoggedMessage) -> Self:
        """The view of a row of the log."""
        return cls(
            tenant_id=row.tenant_id,
            tenant_name=tenant_name,
            message=LogView.of(row),
            settled_at=row.settled_at,
            settled_by=row.settled_by,
        )


class UnansweredPage(View):
    """Some of the list; ``next`` is the cursor of the next page, null on the last."""

    unanswered: list[UnansweredView]
    next: str | None


async def of_tenant(daemon: Services, tenant_id: UUID, query: UnansweredQuery) -> UnansweredPage:
    """A tenant's, newest first; raises NotFound and BadCursor."""
    scope = f"unanswered {tenant_id}"
    before = _position(scope, query.before)
    async with daemon.database.connection() as connection:
        tenant = await tenants.get(connection, tenant_id)
        rows = await messages.unanswered(
            connection, tenant_id, before=before, limit=query.limit + 1
        )
    return _page(scope, [(tenant.name, row) for row in rows], query.limit)


async def of_all(daemon: Services, query: UnansweredQuery) -> UnansweredPage:
    """All tenants', newest first; raises BadCursor."""
    scope = "unanswered"
    before = _position(scope, query.before)
    async with daemon.database.connection() as connection:
        found = await messages.unanswered_of_all(connection, before=before, limit=query.limit + 1)
    return _page(scope, [(one.tenant_name, one.message) for one in found], query.limit)


def message_id(request: web.Request) -> UUID:
    """The message of the path; raises NotFound for what is no UUID."""
    try:
        return UUID(request.match_info["message_id"])
    except ValueError:
        raise NotFound("there is no such message; its id is a UUID") from None


async def done(
    daemon: Services, tenant_id: UUID, message_id: UUID, *, actor: str
) -> UnansweredView:
    """Somebody has seen to a message; doing it twice is doing it once.

    Raises NotFound, and Conflict for a message that does not wait for anybody.
    """
    async with daemon.database.transaction() as connection:
        tenant = await tenants.get(connection, tenant_id)
        row = await messages.done(connection, tenant_id, message_id, by=actor)
        if row is not None:
            detail = {"message_id": str(message_id)}
            await states.audit(
                connection, tenant_id, actor=actor, action="message.done", detail=detail
            )
        else:
            row = await messages.get(connection, message_id)
    if row is None or row.tenant_id != tenant_id:
        raise NotFound(f"there is no message {message_id} of this tenant")
    if row.settled_at is None:
        raise Conflict(f"this message does not wait for a person: it is {row.status}")
    daemon.changes.publish(tenant_id, Topic.MESSAGES)
    return UnansweredView.of(tenant.name, row)


def _page(scope: str, rows: list[tuple[str, LoggedMessage]], limit: int) -> UnansweredPage:
    shown, more = rows[:limit], len(rows) > limit
    return UnansweredPage(
        unanswered=[UnansweredView.of(*row) for row in shown],
        next=cursors.encode(scope, shown[-1][1].seq) if more else None,
    )


def _position(scope: str, cursor: str | None) -> int | None:
    if cursor is None:
        return None
    match cursors.decode(scope, cursor, field="before"):
        case [int(seq)]:
            return seq
    raise BadCursor("before", "is from another version of flowhqd")
