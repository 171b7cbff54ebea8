"""The login form, and the way out."""

from __future__ import annotations

import re

from aiohttp import web

from flowhqd.http.again import FIELD, Typed, page_of_form
from flowhqd.http.auth import (
    COOKIE,
    IDENTITY,
    LOGIN_PATH,
    actor,
    check_password,
    log_in,
    set_cookie,
    start_session,
)
from flowhqd.http.body import form, path_id
from flowhqd.http.errors import Unauthorized
from flowhqd.http.negotiation import wants_html
from flowhqd.http.origin import SAFE_METHODS
from flowhqd.http.pages import again
from flowhqd.http.pages.render import render
from flowhqd.http.services import services
from flowhqd.store import admin_sessions, states

HOME = "/admin/tenants"
# Only back to what a login is for, and to no other host.
_NEXT = re.compile(r"/(?:admin(?!/log(?:in|out))|docs|metrics|openapi\.json)(?:[/?][^\\\s]*)?")


async def show(request: web.Request) -> web.Response:
    """The form; ``?next=`` is where it leads."""
    return _form(request, request.query.get("next", ""))


async def submit(request: web.Request) -> web.Response:
    """Log in with the form's password, and show what was typed when the last login ended."""
    fields = await form(request)
    target = _next(fields.get("next", ""))
    typed = Typed.read(fields.get(FIELD, ""), again.FORMS)
    try:
        await check_password(request, fields.get("password", "").encode())
    except Unauthorized as error:
        if not wants_html(request):
            raise
        return _form(request, target, error=str(error), typed=typed, status=401)
    if typed is None or not wants_html(request):
        raise await log_in(request, target)
    cookie = await start_session(request)
    response = again.show(request, typed, status=200)
    set_cookie(request, response, cookie)
    return response


async def log_out(request: web.Request) -> web.Response:
    """End the browser's login."""
    session = request[IDENTITY].session
    if session is not None:
        async with services(request).database.connection() as connection:
            await admin_sessions.delete(connection, session.id)
    raise _away()


async def log_out_everywhere(request: web.Request) -> web.Response:
    """End every login of the admin's."""
    async with services(request).database.transaction() as connection:
        await admin_sessions.delete_all(connection)
        await states.audit(connection, None, actor=actor(request), action="logged_out_everywhere")
    raise _away()


async def end(request: web.Request) -> web.Response:
    """End one login; that of another browser, as a rule."""
    login = path_id(request, "login")
    async with services(request).database.transaction() as connection:
        await admin_sessions.delete(connection, login)
        detail = {"id": str(login)}
        await states.audit(
            connection, None, actor=actor(request), action="login_ended", detail=detail
        )
    raise web.HTTPSeeOther("/admin/keys#logins")


async def refused(request: web.Request, detail: str) -> web.Response:
    """The form in place of a page that was asked for without the right password.

    What a form sent is kept for after the login, else it leads back to where it was sent from.
    Whatever the browser says of another host does not matter there, see _next.
    """
    if request.method in SAFE_METHODS:
        return _form(
            request,
            str(request.rel_url.without_query_params("password")),
            error=detail,
            status=401,
        )
    typed = await Typed.of(request, again.FORMS)
    if not request.headers.get("Authorization"):
        detail = "the login is over; log in again, what you typed is kept" if typed else ""
    return _form(request, page_of_form(request), error=detail, typed=typed, status=401)


def _form(
    request: web.Request,
    target: str,
    *,
    error: str = "",
    typed: Typed | None = None,
    status: int = 200,
) -> web.Response:
    return render(
        request,
        "login.html",
        status=status,
        next=_next(target),
        error=error,
        again_field=FIELD,
        again="" if typed is None else str(typed),
    )


def _away() -> web.HTTPSeeOther:
    away = web.HTTPSeeOther(LOGIN_PATH)
    away.del_cookie(COOKIE, path="/")
    return away


def _next(target: str) -> str:
    return target if _NEXT.fullmatch(target) else HOME
