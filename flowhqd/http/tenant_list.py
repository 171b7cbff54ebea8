"""The list of tenants: which, in what order, and how they are shown."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from uuid import UUID

from flowhqd.http import cursors
from flowhqd.http.errors import BadCursor
from flowhqd.http.queries import TenantsQuery
from flowhqd.http.services import Services
from flowhqd.http.views import ListedTenant, TenantView, TodayView
from flowhqd.replies.business import DEFAULT_ZONE
from flowhqd.store import tenant_list
from flowhqd.store.tenant_list import Listed, Place, Tally, Wanted


async def page(daemon: Services, query: TenantsQuery) -> tuple[list[ListedTenant], str | None]:
    """The tenants that ``query`` asks for, and the cursor of the next page."""
    # A cursor leads on in the order that it was given for, and in no other.
    scope = f"tenants {query.sort}"
    after = None if query.after is None else _place(scope, query.after)
    async with daemon.database.connection() as connection:
        rows = await tenant_list.page(
            connection,
            _wanted(daemon, query),
            zone=DEFAULT_ZONE.key,
            sort=query.sort,
            after=after,
            limit=query.limit + 1,
        )
    shown, more = rows[: query.limit], len(rows) > query.limit
    return [_view(daemon, row) for row in shown], _cursor(scope, shown[-1]) if more else None


async def tally(daemon: Services) -> Tally:
    """How all tenants do."""
    async with daemon.database.connection() as connection:
        return await tenant_list.tally(connection)


def _wanted(daemon: Services, query: TenantsQuery) -> Wanted:
    derived = daemon.control.derived() if query.worker is not None else {}
    return Wanted(
        search=query.q,
        status=query.status,
        session=query.session,
        worker=query.worker,
        in_it=[tenant for tenant, state in derived.items() if state == query.worker],
        running=list(derived),
    )


def _view(daemon: Services, row: Listed) -> ListedTenant:
    shown = TenantView.of(row.tenant, daemon.control.live(row.tenant.id))
    today = TodayView(inbound=row.inbound, outbound=row.outbound)
    return ListedTenant(**dict(shown), messages_today=today)


def _cursor(scope: str, row: Listed) -> str:
    place = row.place
    return cursors.encode(scope, place.text, str(place.number), str(place.tenant_id))


def _place(scope: str, cursor: str) -> Place:
    position = cursors.decode(scope, cursor, field="after")
    try:
        text, number, tenant = position
        return Place(str(text), Decimal(str(number)), UUID(str(tenant)))
    except (ValueError, InvalidOperation):
        raise BadCursor("after", "is from another version of flowhqd") from None
