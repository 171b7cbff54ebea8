"""Messages that nobody answered, until the owner has seen to them."""

from __future__ import annotations

from aiohttp import web

from flowhqd.http import unanswered
from flowhqd.http.body import path_id
from flowhqd.http.portal import outcomes
from flowhqd.http.portal.pages import own
from flowhqd.http.portal.pages.render import render
from flowhqd.http.services import services
from flowhqd.http.unanswered import UnansweredQuery

PATH = "/app/unanswered"
MESSAGES_A_PAGE = 30


async def show(request: web.Request) -> web.Response:
    """What waits for the owner, newest first."""
    tenant = await own.tenant(request)
    query = UnansweredQuery(limit=MESSAGES_A_PAGE, before=request.query.get("before"))
    page = await unanswered.of_tenant(services(request), tenant.id, query)
    return render(
        request,
        "unanswered.html",
        tenant=tenant,
        waiting=page.unanswered,
        next=page.next,
        is_first=query.before is None,
        outcomes=outcomes,
    )


async def done(request: web.Request) -> web.Response:
    """The owner has seen to a message."""
    tenant = await own.tenant(request)
    message = path_id(request, "message")
    await unanswered.done(services(request), tenant.id, message, actor=own.actor(request))
    raise web.HTTPSeeOther(PATH)
