"""One tenant's page with its code, log and buttons."""

from __future__ import annotations

from aiohttp import web

from flowhqd.http import tenants
from flowhqd.http.auth import actor
from flowhqd.http.body import form
from flowhqd.http.negotiation import Handler
from flowhqd.http.pages.render import render
from flowhqd.http.services import services
from flowhqd.http.tenants import Verb
from flowhqd.http.views import QrView
from flowhqd.store.tenants import Tenant
from flowhqd.supervisor.live import PairingCode

MESSAGES_A_PAGE = 50


async def show(request: web.Request) -> web.Response:
    """One tenant."""
    return await _show(request, await tenants.find(request))


async def logs(request: web.Request) -> web.Response:
    """One tenant's messages, a page at a time."""
    tenant = await tenants.find(request)
    shown, next_page = await tenants.log(
        services(request),
        tenant.id,
        before=request.query.get("before"),
        limit=MESSAGES_A_PAGE,
    )
    return render(request, "logs.html", tenant=tenant, logs=shown, next=next_page)


async def to_tenant(request: web.Request) -> web.Response:
    """For addresses that have JSON only: the tenant's page shows it."""
    raise web.HTTPSeeOther(_url(await tenants.find(request)))


def verb(act: Verb) -> Handler:
    """A handler that does ``act`` and leads back to the tenant's page."""

    async def handle(request: web.Request) -> web.Response:
        tenant = await tenants.find(request)
        await act.do(services(request).control, tenant.id, actor(request))
        raise web.HTTPSeeOther(_url(tenant))

    return handle


async def force_restart(request: web.Request) -> web.Response:
    """Open the tenant's page anew, with ``forget_login`` without its login."""
    tenant = await tenants.find(request)
    forget = (await form(request)).get("forget_login") == "true"
    await services(request).control.force_restart(
        tenant.id, actor=actor(request), forget_login=forget
    )
    raise web.HTTPSeeOther(_url(tenant))


async def pairing_code(request: web.Request) -> web.Response:
    """The tenant's page with a code to type on the phone; it is shown this once."""
    tenant = await tenants.find(request)
    code = await services(request).control.pairing_code(tenant.id, actor=actor(request))
    return await _show(request, await tenants.find(request), code)


async def confirm_delete(request: web.Request) -> web.Response:
    """What deleting means, and the button that does it."""
    return render(request, "tenant_delete.html", tenant=await tenants.find(request))


async def delete(request: web.Request) -> web.Response:
    """Delete the tenant and lead back to the list."""
    tenant = await tenants.find(request)
    await services(request).control.remove(tenant.id, actor=actor(request))
    raise web.HTTPSeeOther("/admin/tenants")


async def _show(
    request: web.Request, tenant: Tenant, code: PairingCode | None = None
) -> web.Response:
    daemon = services(request)
    shown, next_page = await tenants.log(daemon, tenant.id, limit=MESSAGES_A_PAGE)
    return render(
        request,
        "tenant.html",
        tenant=tenants.view(daemon, tenant),
        qr=QrView.of(tenant),
        pairing_code=code,
        logs=shown,
        next=next_page,
    )


def _url(tenant: Tenant) -> str:
    return f"/admin/tenants/{tenant.id}"
