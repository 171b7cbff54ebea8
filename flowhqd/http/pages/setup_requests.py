"""Set-up requests, each with what the operator should know, and the buttons that decide."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from uuid import UUID

from aiohttp import web

from flowhqd.errors import Conflict, Invalid, NotFound
from flowhqd.http import setup_requests
from flowhqd.http.auth import actor
from flowhqd.http.body import form, path_id, validate
from flowhqd.http.pages.render import render
from flowhqd.http.portal.models import Approval, Rejection
from flowhqd.http.services import services
from flowhqd.http.setup_requests import ReviewPage
from flowhqd.states import SetupStatus

URL = "/admin/setup-requests"
REQUESTS_A_PAGE = 25
FIELDS = ("name", "business_name", "share", "note")
ALL = "ALL"
TABS: Mapping[str, str] = MappingProxyType(
    {
        SetupStatus.SUBMITTED: "Waiting",
        SetupStatus.APPROVED: "Approved",
        SetupStatus.ACTIVE: "Active",
        SetupStatus.REJECTED: "Rejected",
        SetupStatus.DRAFT: "Drafts",
        ALL: "All",
    }
)
"""What ``?status=`` shows; without it the requests that wait."""


async def list_(request: web.Request) -> web.Response:
    """Requests of one status, newest first."""
    wanted = request.query.get("status", SetupStatus.SUBMITTED)
    if wanted not in TABS:
        raise NotFound("there are no requests of such a status")
    shown = await setup_requests.page(
        services(request),
        status=None if wanted == ALL else SetupStatus(wanted),
        after=request.query.get("after"),
        limit=REQUESTS_A_PAGE,
    )
    return _show(request, shown, wanted)


async def approve(request: web.Request) -> web.Response:
    """Approve and lead to the tenant, or show the request with what is in the way."""
    request_id, fields = path_id(request, "set-up request"), await form(request)
    values: dict[str, object] = {
        name: fields[name] for name in ("name", "business_name", "updated_at") if fields.get(name)
    }
    try:
        body = validate(Approval, {**values, "share": fields.get("share") == "on"})
        tenant = await setup_requests.approve(
            services(request), request_id, body, actor=actor(request)
        )
    except Invalid as error:
        return await _again(request, request_id, fields, error.errors)
    except Conflict as error:
        return await _again(request, request_id, fields, {"": str(error)})
    raise web.HTTPSeeOther(f"/admin/tenants/{tenant.id}")


async def reject(request: web.Request) -> web.Response:
    """Reject and lead back to the requests, or show the request with what is in the way."""
    request_id, fields = path_id(request, "set-up request"), await form(request)
    try:
        body = validate(Rejection, {"note": fields.get("note", "")})
        await setup_requests.reject(services(request), request_id, body.note, actor=actor(request))
    except Invalid as error:
        return await _again(request, request_id, fields, error.errors)
    except Conflict as error:
        return await _again(request, request_id, fields, {"": str(error)})
    raise web.HTTPSeeOther(URL)


async def _again(
    request: web.Request,
    request_id: UUID,
    fields: Mapping[str, str],
    errors: Mapping[str, str],
) -> web.Response:
    """The one request that could not be decided, with what was typed."""
    review = await setup_requests.get(services(request), request_id)
    one = ReviewPage(setupRequests=[review], next=None)
    return _show(request, one, review.status, fields, errors)


def _show(
    request: web.Request,
    shown: ReviewPage,
    tab: str,
    fields: Mapping[str, str] = MappingProxyType({}),
    errors: Mapping[str, str] = MappingProxyType({}),
) -> web.Response:
    return render(
        request,
        "requests.html",
        status=(409 if "" in errors else 422) if errors else 200,
        requests=shown.setupRequests,
        next=shown.next,
        tab=tab,
        tabs=TABS,
        fields={name: fields.get(name, "") for name in FIELDS},
        errors=errors,
    )
