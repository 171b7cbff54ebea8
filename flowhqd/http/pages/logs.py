"""A tenant's message log as a page: search, filters, and a way to the next messages."""

from __future__ import annotations

from urllib.parse import urlencode

from aiohttp import web

from flowhqd.errors import Invalid
from flowhqd.http import log_view, tenants
from flowhqd.http.log_view import query_of_form
from flowhqd.http.pages.render import render
from flowhqd.http.queries import LogFilter
from flowhqd.http.services import services
from flowhqd.messages.answering import business_of
from flowhqd.store.messages import InStatus, OutStatus

FIELDS = tuple(LogFilter.model_fields)
STATUSES = tuple(dict.fromkeys([*InStatus, *OutStatus]))


async def list_(request: web.Request) -> web.Response:
    """The messages that pass, a page at a time; 422 with the form when it cannot be searched."""
    daemon, tenant = services(request), await tenants.find(request)
    fields = {name: request.query.get(name, "")[:1000] for name in FIELDS}
    errors: dict[str, str] = {}
    try:
        shown, next_page = await log_view.page(daemon, tenant, query_of_form(request.query))
    except Invalid as error:
        shown, next_page, errors = [], None, error.errors
    given = urlencode({name: value for name, value in fields.items() if value})
    return render(
        request,
        "logs.html",
        status=422 if errors else 200,
        tenant=tenant,
        logs=shown,
        next=next_page,
        fields=fields,
        given=given,
        errors=errors,
        statuses=STATUSES,
        zone=business_of(tenant).zone.key,
    )
