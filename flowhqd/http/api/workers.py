"""What can be asked of a tenant's worker; asking for what is already so does nothing."""

from __future__ import annotations

from uuid import UUID

from aiohttp import web

from flowhqd.http import tenants
from flowhqd.http.auth import actor
from flowhqd.http.body import read_model, read_query
from flowhqd.http.models import ForceRestart, Nothing
from flowhqd.http.negotiation import Handler
from flowhqd.http.operation import Endpoint, Operation
from flowhqd.http.queries import ScreenshotQuery
from flowhqd.http.responses import json_response
from flowhqd.http.services import services
from flowhqd.http.tenants import Verb
from flowhqd.http.views import PairingCodeView, TenantAnswer
from flowhqd.store.api_keys import Scope

# What is asked of a page can fail, or find it connected already.
ERRORS = (409, 502, 504)


def verb(act: Verb) -> Endpoint:
    """Does ``act`` and answers 202 with the tenant as it is then."""

    @Operation(Scope.CONTROL, TenantAnswer, 202, body=Nothing, errors=ERRORS, summary=act.summary)
    async def handle(request: web.Request) -> web.Response:
        tenant = tenants.tenant_id(request)
        await read_model(request, Nothing)
        await act.do(services(request).control, tenant, actor(request))
        return await _accepted(request, tenant)

    return handle


@Operation(Scope.CONTROL, TenantAnswer, 202, body=ForceRestart, errors=ERRORS)
async def force_restart(request: web.Request) -> web.Response:
    """Kill the tenant's page and open it anew, with ``forget_login`` without its login."""
    tenant = tenants.tenant_id(request)
    body = await read_model(request, ForceRestart)
    await services(request).control.force_restart(
        tenant, actor=actor(request), forget_login=body.forget_login
    )
    return await _accepted(request, tenant)


@Operation(Scope.CONTROL, PairingCodeView, body=Nothing, errors=ERRORS)
async def pairing_code(request: web.Request) -> web.Response:
    """A code to type on the phone where a QR code cannot be scanned."""
    tenant = tenants.tenant_id(request)
    await read_model(request, Nothing)
    code = await services(request).control.pairing_code(tenant, actor=actor(request))
    return json_response(PairingCodeView.model_validate(code))


async def _accepted(request: web.Request, tenant: UUID) -> web.Response:
    daemon = services(request)
    found = await tenants.get(daemon, tenant)
    return json_response(TenantAnswer(tenant=tenants.view(daemon, found)), status=202)


@Operation(
    Scope.ADMIN,
    None,
    query=ScreenshotQuery,
    media={"image/png": "What the page shows"},
    errors=ERRORS,
)
async def screenshot(request: web.Request) -> web.Response:
    """What the tenant's page of WhatsApp Web shows; 409 while there is none."""
    read_query(request, ScreenshotQuery)
    tenant = tenants.tenant_id(request)
    picture = await services(request).control.screenshot(tenant)
    return web.Response(body=picture, content_type="image/png")


def screenshot_or(page: Handler) -> Handler:
    """A handler that gives the picture to whoever names its form, else ``page``."""

    async def choose(request: web.Request) -> web.StreamResponse:
        return await (screenshot.handler if "format" in request.query else page)(request)

    return choose
