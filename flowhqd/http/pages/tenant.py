"""One tenant's page with its code, states, figures and buttons; its events; and its end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from aiohttp import web

from flowhqd.http import events, log_view, tenants
from flowhqd.http.auth import actor
from flowhqd.http.body import form, read_query
from flowhqd.http.log_view import TrafficView
from flowhqd.http.negotiation import Handler
from flowhqd.http.pages.render import render
from flowhqd.http.queries import EventsQuery, LogsQuery
from flowhqd.http.services import services
from flowhqd.http.tenants import Verb
from flowhqd.http.views import QrView
from flowhqd.messages.answering import business_of
from flowhqd.store import tenants as store
from flowhqd.store.tenants import Tenant

RECENT_MESSAGES = 8
CHARTS: Mapping[str, int] = MappingProxyType({"48 hours": 48, "14 days": 14 * 24})
"""Of how many hours the chart can be, by what is said of it."""
DEFAULT_HOURS = 48


async def show(request: web.Request) -> web.Response:
    """One tenant; ``?hours=`` is how far back its chart goes."""
    daemon, tenant = services(request), await tenants.find(request)
    logs, _ = await log_view.page(daemon, tenant, LogsQuery(limit=RECENT_MESSAGES))
    asked = request.query.get("hours")
    hours = next((number for number in CHARTS.values() if str(number) == asked), DEFAULT_HOURS)
    traffic = await log_view.traffic(daemon, tenant, hours=hours)
    live, now = daemon.control.live(tenant.id), daemon.clock.now()
    code = live.pairing_code
    return render(
        request,
        "tenant.html",
        tenant=tenants.view(daemon, tenant),
        qr=QrView.of(tenant),
        qr_seconds=_left(tenant.session.qr_expires_at, now),
        pairing_code=code if code and _left(code.expires_at, now) else None,
        code_seconds=_left(code.expires_at, now) if code else 0,
        logs=logs,
        hours=hours,
        charts=CHARTS,
        traffic=traffic,
        busiest=_busiest(traffic),
        zone=business_of(tenant).zone.key,
    )


def verb(act: Verb) -> Handler:
    """A handler that does ``act`` and leads back to the tenant's page."""

    async def handle(request: web.Request) -> web.Response:
        tenant = await tenants.find(request)
        await act.do(services(request).control, tenant.id, actor(request))
        raise web.HTTPSeeOther(url(tenant))

    return handle


async def force_restart(request: web.Request) -> web.Response:
    """Open the tenant's page anew, with ``forget_login`` without its login."""
    tenant = await tenants.find(request)
    forget = (await form(request)).get("forget_login") == "true"
    await services(request).control.force_restart(
        tenant.id, actor=actor(request), forget_login=forget
    )
    raise web.HTTPSeeOther(url(tenant))


async def confirm_unlink(request: web.Request) -> web.Response:
    """What forgetting the login means, and the button that does it."""
    return render(request, "tenant_unlink.html", tenant=await tenants.find(request))


async def pairing_code(request: web.Request) -> web.Response:
    """Ask for a code to type on the phone; the tenant's page shows it while it is good."""
    tenant = await tenants.find(request)
    await services(request).control.pairing_code(tenant.id, actor=actor(request))
    raise web.HTTPSeeOther(url(tenant))


async def screen(request: web.Request) -> web.Response:
    """What the tenant's page of WhatsApp Web shows at the moment."""
    daemon, tenant = services(request), await tenants.find(request)
    # Whoever cannot be shown a picture is told why, in place of a broken one.
    await daemon.control.screenshot(tenant.id)
    return render(
        request,
        "tenant_screen.html",
        tenant=tenant,
        at=daemon.clock.now(),
        zone=business_of(tenant).zone.key,
    )


async def list_events(request: web.Request) -> web.Response:
    """What was done to the tenant and happened to its users."""
    daemon, tenant = services(request), await tenants.find(request)
    page = await events.page(daemon, tenant, read_query(request, EventsQuery))
    return render(
        request,
        "tenant_events.html",
        tenant=tenant,
        events=page.events,
        next=page.next,
        zone=business_of(tenant).zone.key,
    )


async def to_tenant(request: web.Request) -> web.Response:
    """For addresses that have JSON only: the tenant's page shows it."""
    raise web.HTTPSeeOther(url(await tenants.find(request)))


async def confirm_delete(request: web.Request) -> web.Response:
    """What deleting removes, and the form that does it once the name is typed."""
    return await _confirm_delete(request, await tenants.find(request))


async def delete(request: web.Request) -> web.Response:
    """Delete the tenant and say what went with it; 422 when the name is not the tenant's."""
    daemon, tenant = services(request), await tenants.find(request)
    typed = (await form(request)).get("name", "")
    if typed.strip() != tenant.name:
        return await _confirm_delete(request, tenant, typed, "That is not the tenant's name.")
    removed = await _belongings(request, tenant)
    await daemon.control.remove(tenant.id, actor=actor(request))
    return render(request, "tenant_deleted.html", tenant=tenant, removed=removed)


def url(tenant: Tenant) -> str:
    """The address of a tenant's page."""
    return f"/admin/tenants/{tenant.id}"


async def _confirm_delete(
    request: web.Request, tenant: Tenant, typed: str = "", error: str = ""
) -> web.Response:
    return render(
        request,
        "tenant_delete.html",
        status=422 if error else 200,
        tenant=tenant,
        removed=await _belongings(request, tenant),
        typed=typed[:1000],
        error=error,
    )


async def _belongings(request: web.Request, tenant: Tenant) -> dict[str, int]:
    async with services(request).database.connection() as connection:
        return await store.belongings(connection, tenant.id)


def _left(until: datetime | None, now: datetime) -> int:
    """Whole seconds until then, none when it is over."""
    return 0 if until is None else max(0, int((until - now).total_seconds()))


def _busiest(traffic: TrafficView) -> Any:
    return max(traffic.hours, key=lambda hour: (hour.inbound + hour.outbound, hour.at))
