"""A tenant's messages."""

from __future__ import annotations

from aiohttp import web

from flowhqd.http import tenants
from flowhqd.http.body import read_query
from flowhqd.http.operation import Operation
from flowhqd.http.queries import LogsQuery
from flowhqd.http.responses import json_response
from flowhqd.http.services import services
from flowhqd.http.views import LogPage
from flowhqd.store.api_keys import Scope


@Operation(Scope.READ, LogPage, query=LogsQuery)
async def list_(request: web.Request) -> web.Response:
    """A tenant's messages, newest first."""
    tenant = tenants.tenant_id(request)
    query = read_query(request, LogsQuery)
    logs, next_page = await tenants.log(
        services(request), tenant, before=query.before, limit=query.limit
    )
    return json_response(LogPage(logs=logs, next=next_page))
