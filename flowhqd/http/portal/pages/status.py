"""Where the owner stands, and the switch."""

from __future__ import annotations

from datetime import datetime

from aiohttp import web

from flowhqd.http import log_view
from flowhqd.http.log_view import TrafficView
from flowhqd.http.portal import auth, setup, standing
from flowhqd.http.portal.pages import own
from flowhqd.http.portal.pages.entrance import STATUS
from flowhqd.http.portal.pages.render import render, zone_of
from flowhqd.http.portal.standing import Section, Since
from flowhqd.http.services import Services, services
from flowhqd.states import TenantStatus
from flowhqd.store import messages
from flowhqd.store.setup_requests import SetupRequest
from flowhqd.store.tenants import Tenant

MOST_WAITING = 100


async def show(request: web.Request) -> web.Response:
    """What is, since when, and what comes next."""
    daemon = services(request)
    tenant = await own.current(request)
    latest = await setup.latest(daemon, auth.user(request))
    said = _section(tenant, latest)
    return render(
        request,
        "status.html",
        tenant=tenant,
        latest=latest,
        said=said,
        since=_since(said.since, tenant, latest),
        today=await _today(daemon, tenant) if tenant else None,
        waiting=await _waiting(daemon, tenant) if tenant else 0,
        most_waiting=MOST_WAITING,
    )


async def switch_off(request: web.Request) -> web.Response:
    """Answer nobody."""
    tenant = await own.tenant(request)
    await services(request).control.pause(tenant.id, actor=own.actor(request))
    raise web.HTTPSeeOther(STATUS)


async def switch_on(request: web.Request) -> web.Response:
    """Answer again."""
    tenant = await own.tenant(request)
    await services(request).control.resume(tenant.id, actor=own.actor(request))
    raise web.HTTPSeeOther(STATUS)


def _section(tenant: Tenant | None, latest: SetupRequest | None) -> Section:
    request = latest.status if latest else None
    if tenant is None:
        return standing.section(None, request)
    session, worker = tenant.session, tenant.worker
    # A loss is the session's alone at first; the worker still tries.
    reason = session.reason if tenant.status is TenantStatus.ACTIVE else worker.reason
    return standing.section(tenant.status, request, session=session.state, reason=reason)


def _since(since: Since, tenant: Tenant | None, latest: SetupRequest | None) -> datetime | None:
    match since:
        case Since.SAVED:
            return None if latest is None else latest.updated_at
        case Since.SUBMITTED:
            return None if latest is None else latest.submitted_at
        case Since.DECIDED:
            return None if latest is None else latest.decided_at
        case Since.TENANT:
            return None if tenant is None else tenant.status_since
        case Since.SESSION:
            return None if tenant is None else tenant.session.since
        case Since.NEVER:
            return None


async def _waiting(daemon: Services, tenant: Tenant) -> int:
    """How many messages wait for the owner; more than MOST_WAITING are not counted."""
    async with daemon.database.connection() as connection:
        return len(await messages.unanswered(connection, tenant.id, limit=MOST_WAITING))


async def _today(daemon: Services, tenant: Tenant) -> TrafficView:
    """Messages since the business's midnight, to the hour."""
    hour = daemon.clock.now().astimezone(zone_of(tenant)).hour
    return await log_view.traffic(daemon, tenant, hours=hour + 1)
