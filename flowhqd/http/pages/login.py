"""The login form, and the way out."""

from __future__ import annotations

import re

from aiohttp import web

from flowhqd.http.auth import COOKIE, IDENTITY, LOGIN_PATH, check_password, log_in
from flowhqd.http.body import form
from flowhqd.http.errors import Unauthorized
from flowhqd.http.negotiation import wants_html
from flowhqd.http.origin import SAFE_METHODS
from flowhqd.http.pages.render import render
from flowhqd.http.services import services
from flowhqd.store import admin_sessions

HOME = "/admin/tenants"
# Only back to what a login is for, and to no other host.
_NEXT = re.compile(r"/(?:admin(?!/log(?:in|out))|docs|metrics|openapi\.json)(?:[/?][^\\\s]*)?")


async def show(request: web.Request) -> web.Response:
    """The form; ``?next=`` is where it leads."""
    return render(request, "login.html", next=_next(request.query.get("next", "")), error="")


async def submit(request: web.Request) -> web.Response:
    """Log in with the form's password."""
    fields = await form(request)
    target = _next(fields.get("next", ""))
    try:
        await check_password(request, fields.get("password", "").encode())
    except Unauthorized as error:
        if not wants_html(request):
            raise
        return render(request, "login.html", status=401, next=target, error=str(error))
    raise await log_in(request, target)


async def log_out(request: web.Request) -> web.Response:
    """End the browser's login."""
    session = request[IDENTITY].session
    if session is not None:
        async with services(request).database.connection() as connection:
            await admin_sessions.delete(connection, session.id)
    away = web.HTTPSeeOther(LOGIN_PATH)
    away.del_cookie(COOKIE, path="/")
    raise away


def refused(request: web.Request, detail: str) -> web.Response:
    """The form in place of a page that was asked for with a wrong password."""
    asked = str(request.rel_url.without_query_params("password"))
    target = asked if request.method in SAFE_METHODS else ""
    return render(request, "login.html", status=401, next=_next(target), error=detail)


def _next(target: str) -> str:
    return target if _NEXT.fullmatch(target) else HOME
