"""Set-up requests: list, approve, reject."""

from __future__ import annotations

from aiohttp import web

from flowhqd.http import setup_requests, tenants
from flowhqd.http.auth import actor
from flowhqd.http.body import path_id, read_model, read_query
from flowhqd.http.operation import Operation
from flowhqd.http.portal.models import Approval, Rejection
from flowhqd.http.queries import SetupRequestsQuery
from flowhqd.http.responses import json_response
from flowhqd.http.services import services
from flowhqd.http.setup_requests import ApprovedAnswer, ReviewAnswer, ReviewPage
from flowhqd.store.api_keys import Scope


@Operation(Scope.READ, ReviewPage, query=SetupRequestsQuery)
async def list_(request: web.Request) -> web.Response:
    """Set-up requests, newest first, with who asks and the tenant that has the number already."""
    query = read_query(request, SetupRequestsQuery)
    shown = await setup_requests.page(
        services(request), status=query.status, after=query.after, limit=query.limit
    )
    return json_response(shown)


@Operation(Scope.ADMIN, ApprovedAnswer, body=Approval, errors=(409,))
async def approve(request: web.Request) -> web.Response:
    """Give a request its tenant, a new one or the one that has its number, and start its worker.

    Approving again changes nothing.
    """
    request_id = path_id(request, "set-up request")
    body = await read_model(request, Approval)
    daemon = services(request)
    tenant = await setup_requests.approve(daemon, request_id, body, actor=actor(request))
    return json_response(
        ApprovedAnswer(
            setupRequest=await setup_requests.get(daemon, request_id),
            tenant=tenants.view(daemon, tenant),
        )
    )


@Operation(Scope.ADMIN, ReviewAnswer, body=Rejection, errors=(409,))
async def reject(request: web.Request) -> web.Response:
    """Refuse a request; its user reads the note, and may change the request and send it again."""
    request_id = path_id(request, "set-up request")
    body = await read_model(request, Rejection)
    daemon = services(request)
    await setup_requests.reject(daemon, request_id, body.note, actor=actor(request))
    return json_response(ReviewAnswer(setupRequest=await setup_requests.get(daemon, request_id)))
