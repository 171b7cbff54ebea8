"""The way in: what this is, and the choice of a language."""

from __future__ import annotations

from aiohttp import web

from flowhqd.http import csrf
from flowhqd.http.body import form
from flowhqd.http.portal import accounts, auth
from flowhqd.http.portal.pages.render import remember_language, render
from flowhqd.http.services import services
from flowhqd.settings import Signup
from flowhqd.states import Language

STATUS = "/app/status"


async def show(request: web.Request) -> web.Response:
    """What this is; whoever is logged in goes on to their status."""
    if await auth.current_session(request) is not None:
        raise web.HTTPSeeOther(STATUS)
    is_open = services(request).settings.signup is Signup.OPEN
    return render(request, "entrance.html", is_open=is_open)


async def choose_language(request: web.Request) -> web.Response:
    """Show the page in another language, and remember it."""
    fields = await form(request)
    session = await auth.current_session(request)
    if session is not None:
        await csrf.check(request, session.csrf_token)
        request[auth.PORTAL_SESSION] = session
    back = web.HTTPSeeOther(auth.own_path(fields.get("next", "")))
    wanted = fields.get("language", "").upper()
    if wanted in list(Language):
        language = Language(wanted)
        remember_language(request, back, language)
        if session is not None:
            await accounts.set_language(request, language)
    raise back
