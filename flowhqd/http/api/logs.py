"""A tenant's messages and events."""

from __future__ import annotations

from aiohttp import web

from flowhqd.http import download, events, log_view, tenants
from flowhqd.http.body import read_query
from flowhqd.http.events import EventsPage
from flowhqd.http.log_view import TrafficView
from flowhqd.http.operation import Operation
from flowhqd.http.queries import EventsQuery, LogFilter, LogsQuery, TrafficQuery
from flowhqd.http.responses import json_response
from flowhqd.http.services import services
from flowhqd.http.views import LogPage
from flowhqd.store.api_keys import Scope
from flowhqd.store.tenants import Tenant


@Operation(Scope.READ, LogPage, query=LogsQuery)
async def list_(request: web.Request) -> web.Response:
    """A tenant's messages, newest first."""
    tenant = await tenants.find(request)
    query = read_query(request, LogsQuery)
    logs, next_page = await log_view.page(services(request), tenant, query)
    return json_response(LogPage(logs=logs, next=next_page))


@Operation(Scope.READ, None, query=LogFilter, media={"text/csv": "The messages, newest first"})
async def as_csv(request: web.Request) -> web.StreamResponse:
    """A tenant's messages for a spreadsheet.

    Cells that a spreadsheet would take for a formula begin with an apostrophe.
    """
    tenant = await tenants.find(request)
    return await send_csv(request, tenant, read_query(request, LogFilter))


async def send_csv(request: web.Request, tenant: Tenant, query: LogFilter) -> web.StreamResponse:
    """The messages that pass, as a file to keep."""
    chunks = log_view.as_csv(services(request), tenant, query)
    return await download.send(
        request, chunks, content_type="text/csv; charset=utf-8", filename="messages.csv"
    )


@Operation(Scope.READ, TrafficView, query=TrafficQuery)
async def traffic(request: web.Request) -> web.Response:
    """How many messages came in and went out in each hour."""
    tenant = await tenants.find(request)
    query = read_query(request, TrafficQuery)
    return json_response(await log_view.traffic(services(request), tenant, hours=query.hours))


@Operation(Scope.READ, EventsPage, query=EventsQuery)
async def list_events(request: web.Request) -> web.Response:
    """What was done to a tenant and happened to its users, newest first."""
    tenant = await tenants.find(request)
    query = read_query(request, EventsQuery)
    return json_response(await events.page(services(request), tenant, query))
