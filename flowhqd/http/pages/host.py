"""The host, and the messages that nobody answered."""

from __future__ import annotations

from urllib.parse import urlencode

from aiohttp import web

from flowhqd.http import host, tenants, unanswered
from flowhqd.http.auth import actor
from flowhqd.http.body import validate
from flowhqd.http.pages.render import render
from flowhqd.http.services import services
from flowhqd.http.unanswered import UnansweredQuery

NEWEST = 5


async def show(request: web.Request) -> web.Response:
    """The host as it is now."""
    newest = await unanswered.of_all(services(request), UnansweredQuery(limit=NEWEST))
    return render(request, "host.html", host=await host.view(request), unanswered=newest)


async def list_unanswered(request: web.Request) -> web.Response:
    """What nobody answered, of all tenants, newest first."""
    given = {"before": request.query["before"]} if request.query.get("before") else {}
    page = await unanswered.of_all(services(request), validate(UnansweredQuery, given))
    return render(
        request,
        "unanswered.html",
        unanswered=page.unanswered,
        next=urlencode({"before": page.next}) if page.next else None,
        here=urlencode(given),
    )


async def done(request: web.Request) -> web.Response:
    """Take a message off the list, and lead back to it."""
    tenant, message = tenants.tenant_id(request), unanswered.message_id(request)
    await unanswered.done(services(request), tenant, message, actor=actor(request))
    raise web.HTTPSeeOther("/admin/unanswered")
