"""Tenants: list, create, read, change, delete."""

from __future__ import annotations

from aiohttp import web

from flowhqd.http import tenants
from flowhqd.http.auth import ACTOR
from flowhqd.http.body import query_int, read_model
from flowhqd.http.models import Nothing, TenantCreate, TenantPatch
from flowhqd.http.responses import json_response
from flowhqd.http.services import services
from flowhqd.http.views import SetupRequestView
from flowhqd.store import setup_requests

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000
RECENT_LOGS = 50


async def list_(request: web.Request) -> web.Response:
    """Tenants in the order they were made, ``?limit=`` of them after the cursor ``?after=``."""
    limit = query_int(request, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT)
    shown, next_page = await tenants.page(
        services(request), after=request.query.get("after"), limit=limit
    )
    return json_response({"tenants": shown, "next": next_page})


async def create(request: web.Request) -> web.Response:
    """A new tenant, its worker stopped."""
    body = await read_model(request, TenantCreate)
    tenant = await tenants.create(services(request), body)
    return json_response(
        {"tenant": tenants.view(services(request), tenant)},
        status=201,
        headers={"Location": f"/admin/tenants/{tenant.id}"},
    )


async def read(request: web.Request) -> web.Response:
    """A tenant and its newest messages."""
    tenant = await tenants.find(request)
    logs, _ = await tenants.log(services(request), tenant.id, limit=RECENT_LOGS)
    return json_response({"tenant": tenants.view(services(request), tenant), "logs": logs})


async def edit(request: web.Request) -> web.Response:
    """Change what is given."""
    tenant = tenants.tenant_id(request)
    body = await read_model(request, TenantPatch)
    edited = await tenants.edit(services(request), tenant, body)
    return json_response({"tenant": tenants.view(services(request), edited)})


async def delete(request: web.Request) -> web.Response:
    """Log the device out and delete everything of the tenant."""
    tenant = tenants.tenant_id(request)
    await read_model(request, Nothing, optional=True)
    await services(request).control.remove(tenant, actor=ACTOR)
    return web.Response(status=204)


async def status(request: web.Request) -> web.Response:
    """A tenant, and the set-up request that led to it."""
    tenant = await tenants.find(request)
    async with services(request).database.connection() as connection:
        found = await setup_requests.latest_of_tenant(connection, tenant.id)
    return json_response(
        {
            "tenant": tenants.view(services(request), tenant),
            "setupRequest": None if found is None else SetupRequestView.of(found),
        }
    )
