"""The messages of the owner's business."""

from __future__ import annotations

from aiohttp import web

from flowhqd.errors import Invalid
from flowhqd.http import log_view
from flowhqd.http.portal import outcomes, wording
from flowhqd.http.portal.i18n import N_
from flowhqd.http.portal.pages import own
from flowhqd.http.portal.pages.render import render
from flowhqd.http.services import services

MESSAGES_A_PAGE = "30"
FIELDS = ("q", "status")
TOO_SLOW = N_("This takes too long to look for. Look for something else.")


async def show(request: web.Request) -> web.Response:
    """Messages, newest first; ``?q=`` and the other fields of the form look for some of them."""
    tenant = await own.tenant(request)
    fields = {name: request.query.get(name, "") for name in FIELDS}
    asked = {**fields, "before": request.query.get("before", ""), "limit": MESSAGES_A_PAGE}
    errors: dict[str, str] = {}
    try:
        query = log_view.query_of_form(asked)
        logs, next_page = await log_view.page(services(request), tenant, query)
    except Invalid as error:
        logs, next_page = [], None
        errors = {
            name: TOO_SLOW if text.startswith("takes too long") else wording.of_field(text)
            for name, text in error.errors.items()
        }
    return render(
        request,
        "logs.html",
        tenant=tenant,
        status=422 if errors else 200,
        fields=fields,
        errors=errors,
        is_search=any(fields.values()),
        is_first=not asked["before"],
        logs=logs,
        next=next_page,
        outcomes=outcomes,
    )
