"""Tenants: list, create, read, change, delete."""

from __future__ import annotations

from aiohttp import web

from flowhqd.http import log_view, tenant_list, tenants
from flowhqd.http.auth import actor
from flowhqd.http.body import read_model, read_query
from flowhqd.http.models import Nothing, TenantCreate, TenantPatch
from flowhqd.http.operation import Operation
from flowhqd.http.queries import LogsQuery, TenantsQuery
from flowhqd.http.responses import json_response
from flowhqd.http.services import services
from flowhqd.http.views import (
    SetupRequestView,
    TenantAnswer,
    TenantPage,
    TenantStatusAnswer,
    TenantWithLogs,
)
from flowhqd.store import setup_requests
from flowhqd.store.api_keys import Scope

RECENT_LOGS = 50


@Operation(Scope.READ, TenantPage, query=TenantsQuery)
async def list_(request: web.Request) -> web.Response:
    """Tenants, searched and sorted."""
    query = read_query(request, TenantsQuery)
    shown, next_page = await tenant_list.page(services(request), query)
    return json_response(TenantPage(tenants=shown, next=next_page))


@Operation(Scope.ADMIN, TenantAnswer, 201, body=TenantCreate, errors=(409,))
async def create(request: web.Request) -> web.Response:
    """A new tenant, its worker stopped."""
    body = await read_model(request, TenantCreate)
    tenant = await tenants.create(services(request), body, actor=actor(request))
    return json_response(
        TenantAnswer(tenant=tenants.view(services(request), tenant)),
        status=201,
        headers={"Location": f"/admin/tenants/{tenant.id}"},
    )


@Operation(Scope.READ, TenantWithLogs)
async def read(request: web.Request) -> web.Response:
    """A tenant and its newest 50 messages."""
    tenant = await tenants.find(request)
    logs, _ = await log_view.page(services(request), tenant, LogsQuery(limit=RECENT_LOGS))
    shown = tenants.view(services(request), tenant)
    return json_response(TenantWithLogs(tenant=shown, logs=logs))


@Operation(Scope.ADMIN, TenantAnswer, body=TenantPatch, errors=(409,))
async def edit(request: web.Request) -> web.Response:
    """Change what is given, from the next message on."""
    tenant = tenants.tenant_id(request)
    body = await read_model(request, TenantPatch)
    edited = await tenants.edit(services(request), tenant, body, actor=actor(request))
    return json_response(TenantAnswer(tenant=tenants.view(services(request), edited)))


@Operation(Scope.ADMIN, None, 204, body=Nothing)
async def delete(request: web.Request) -> web.Response:
    """Log the device out and delete everything of the tenant."""
    tenant = tenants.tenant_id(request)
    await read_model(request, Nothing)
    await services(request).control.remove(tenant, actor=actor(request))
    return web.Response(status=204)


@Operation(Scope.READ, TenantStatusAnswer)
async def status(request: web.Request) -> web.Response:
    """A tenant, and the set-up request that led to it."""
    tenant = await tenants.find(request)
    async with services(request).database.connection() as connection:
        found = await setup_requests.latest_of_tenant(connection, tenant.id)
    return json_response(
        TenantStatusAnswer(
            tenant=tenants.view(services(request), tenant),
            setupRequest=None if found is None else SetupRequestView.of(found),
        )
    )
