"""Messages that nobody answered and a person should see to."""

from __future__ import annotations

from aiohttp import web

from flowhqd.http import tenants, unanswered
from flowhqd.http.auth import actor
from flowhqd.http.body import read_model, read_query
from flowhqd.http.models import Nothing
from flowhqd.http.operation import Operation
from flowhqd.http.responses import json_response
from flowhqd.http.services import services
from flowhqd.http.unanswered import UnansweredPage, UnansweredQuery, UnansweredView
from flowhqd.store.api_keys import Scope


@Operation(Scope.READ, UnansweredPage, query=UnansweredQuery)
async def of_all(request: web.Request) -> web.Response:
    """What nobody answered, of all tenants, newest first."""
    query = read_query(request, UnansweredQuery)
    return json_response(await unanswered.of_all(services(request), query))


@Operation(Scope.READ, UnansweredPage, query=UnansweredQuery)
async def of_tenant(request: web.Request) -> web.Response:
    """What nobody answered of a tenant's messages, newest first.

    A message leaves the list when somebody says that it is done, when the owner writes to the
    customer on the phone, and when a message is sent to the customer from here.
    """
    tenant = tenants.tenant_id(request)
    query = read_query(request, UnansweredQuery)
    return json_response(await unanswered.of_tenant(services(request), tenant, query))


@Operation(Scope.CONTROL, UnansweredView, body=Nothing, errors=(409,))
async def done(request: web.Request) -> web.Response:
    """Say that a message was seen to; it leaves the list."""
    tenant = tenants.tenant_id(request)
    await read_model(request, Nothing)
    message = unanswered.message_id(request)
    shown = await unanswered.done(services(request), tenant, message, actor=actor(request))
    return json_response(shown)
