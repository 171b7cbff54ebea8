"""What can be asked of a tenant's worker; asking for what is already so does nothing."""

from __future__ import annotations

from uuid import UUID

from aiohttp import web

from flowhqd.http import tenants
from flowhqd.http.auth import ACTOR
from flowhqd.http.body import read_model
from flowhqd.http.models import ForceRestart, Nothing
from flowhqd.http.negotiation import Handler
from flowhqd.http.responses import json_response
from flowhqd.http.services import services
from flowhqd.http.tenants import Verb


def verb(act: Verb) -> Handler:
    """A handler that does ``act`` and answers 202 with the tenant as it is then."""

    async def handle(request: web.Request) -> web.Response:
        tenant = tenants.tenant_id(request)
        await read_model(request, Nothing, optional=True)
        await act(services(request).control, tenant)
        return await _accepted(request, tenant)

    return handle


async def force_restart(request: web.Request) -> web.Response:
    """Kill the tenant's page and open it anew, with ``forget_login`` without its login."""
    tenant = tenants.tenant_id(request)
    body = await read_model(request, ForceRestart, optional=True)
    await services(request).control.force_restart(
        tenant, actor=ACTOR, forget_login=body.forget_login
    )
    return await _accepted(request, tenant)


async def pairing_code(request: web.Request) -> web.Response:
    """A code to type on the phone where a QR code cannot be scanned."""
    tenant = tenants.tenant_id(request)
    await read_model(request, Nothing, optional=True)
    code = await services(request).control.pairing_code(tenant, actor=ACTOR)
    return json_response({"code": code.code, "expires_at": code.expires_at})


async def _accepted(request: web.Request, tenant: UUID) -> web.Response:
    daemon = services(request)
    found = await tenants.get(daemon, tenant)
    return json_response({"tenant": tenants.view(daemon, found)}, status=202)
