"""The tenant that a page is about: that of the user who is logged in, and no other."""

from __future__ import annotations

from aiohttp import web

from flowhqd.http.live import stream
from flowhqd.http.portal import auth
from flowhqd.http.portal import tenant as own
from flowhqd.http.portal.pages.entrance import STATUS
from flowhqd.http.services import services
from flowhqd.store.tenants import Tenant


async def current(request: web.Request) -> Tenant | None:
    """The user's tenant, if there is one."""
    return await own.current(services(request), auth.user(request))


async def tenant(request: web.Request) -> Tenant:
    """The user's tenant; without one the status page says what comes first."""
    found = await current(request)
    if found is None:
        raise web.HTTPSeeOther(STATUS)
    return found


async def events(request: web.Request) -> web.StreamResponse:
    """Tells that something of the user's tenant changed, until the login ends."""
    tenant_id = auth.user(request).tenant_id
    if tenant_id is None:
        raise web.HTTPNotFound
    return await stream(request, tenant_id, lambda: auth.is_still_valid(request))


def actor(request: web.Request) -> str:
    """The name under which the audit has what the user does."""
    return auth.actor(auth.user(request))
