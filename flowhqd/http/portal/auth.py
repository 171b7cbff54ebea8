"""Who may use the portal: users by the cookie of their login, and front ends that vouch for
theirs."""

from __future__ import annotations

import asyncio
import hmac
import re
from urllib.parse import urlencode

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from flowhqd.http import csrf
from flowhqd.http.auth import THROTTLE
from flowhqd.http.client import client_address, is_secure
from flowhqd.http.errors import TooManyFailures
from flowhqd.http.negotiation import Handler, wants_html
from flowhqd.http.origin import SAFE_METHODS
from flowhqd.http.portal.errors import BadPortalKey, BadUserEmail, LoginNeeded
from flowhqd.http.portal.models import Email
from flowhqd.http.services import services
from flowhqd.log import get_logger
from flowhqd.store import portal_sessions
from flowhqd.store.people import PortalUser
from flowhqd.store.portal_sessions import PortalSession

COOKIE = "flowhqd_portal"
LOGIN_PATH = "/app/login"
HOME = "/app"
KEY_HEADER = "x-portal-key"
EMAIL_HEADER = "x-user-email"

# Only back into the portal, and to no other host; a browser goes up at a segment of dots.
_OWN = re.compile(r"/app(?:/(?!\.|%2[eE])[^\\\s/?]*)*(?:\?[^\\\s]*)?")

PORTAL_SESSION = web.RequestKey("PORTAL_SESSION", PortalSession)
USER_EMAIL = web.RequestKey("USER_EMAIL", str)

_EMAIL: TypeAdapter[str] = TypeAdapter(Email)

_log = get_logger(__name__)


@web.middleware
async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let only users through who are logged in; who opens a page is led to the login and back."""
    session = await current_session(request)
    if session is None:
        if wants_html(request) and request.method in SAFE_METHODS:
            target = urlencode({"next": str(request.rel_url)})
            raise web.HTTPSeeOther(f"{LOGIN_PATH}?{target}")
        raise LoginNeeded("log in first")
    # Known before the token is checked: the page that says it is stale needs the right one.
    request[PORTAL_SESSION] = session
    if request.method not in SAFE_METHODS:
        await csrf.check(request, session.csrf_token)
    return await handler(request)


@web.middleware
async def key_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let only front ends through that have the key and say for whom they ask."""
    given = request.headers.get(KEY_HEADER, "").encode("utf-8", "surrogateescape")
    if not hmac.compare_digest(given, services(request).portal_key.encode()):
        await _wait_for_wrong_key(request)
        raise BadPortalKey(f"send PORTAL_INTERNAL_KEY as {KEY_HEADER}")
    try:
        request[USER_EMAIL] = _EMAIL.validate_python(request.headers.get(EMAIL_HEADER, ""))
    except ValidationError:
        raise BadUserEmail(f"send the user's e-mail address as {EMAIL_HEADER}") from None
    return await handler(request)


async def current_session(request: web.Request) -> PortalSession | None:
    """The login of the request's cookie."""
    if PORTAL_SESSION in request:
        return request[PORTAL_SESSION]
    cookie = request.cookies.get(COOKIE)
    if not cookie:
        return None
    async with services(request).database.connection() as connection:
        return await portal_sessions.find(connection, cookie)


async def is_still_valid(request: web.Request) -> bool:
    """Whether the login that ``request`` was let in with is good yet, for the same tenant."""
    tenant_id = request[PORTAL_SESSION].user.tenant_id
    async with services(request).database.connection() as connection:
        session = await portal_sessions.find(connection, request.cookies.get(COOKIE, ""))
    return session is not None and session.user.tenant_id == tenant_id


def user(request: web.Request) -> PortalUser:
    """Whose login the request came with."""
    return request[PORTAL_SESSION].user


def actor(user: PortalUser) -> str:
    """The name under which the audit has what a user did."""
    return f"user:{user.id}"


async def log_in(request: web.Request, user: PortalUser, location: str) -> web.HTTPSeeOther:
    """A redirect to ``location`` that carries a new login's cookie."""
    redirect = web.HTTPSeeOther(location)
    set_cookie(request, redirect, await start_session(request, user))
    return redirect


async def start_session(request: web.Request, user: PortalUser) -> str:
    """Make a login, of which ``request`` is the first; returns its cookie's value.

    The browser's former one ends.
    """
    former = await current_session(request)
    async with services(request).database.transaction() as connection:
        if former is not None:
            await portal_sessions.delete(connection, former.id)
        cookie = await portal_sessions.create(connection, user.id)
        session = await portal_sessions.find(connection, cookie)
    if session is None:
        raise LoginNeeded("this account was switched off just now")
    request[PORTAL_SESSION] = session
    return cookie


def set_cookie(request: web.Request, response: web.StreamResponse, cookie: str) -> None:
    """Have the browser keep a login."""
    # Lax, so that a link from elsewhere opens the page; no other site's POST carries the cookie.
    response.set_cookie(
        COOKIE,
        cookie,
        path="/",
        max_age=int(portal_sessions.LIFETIME.total_seconds()),
        httponly=True,
        secure=is_secure(request),
        samesite="Lax",
    )


async def end_session(request: web.Request, *, everywhere: bool = False) -> web.HTTPSeeOther:
    """A redirect to the login that takes the cookie away; ``everywhere`` ends all of the user's."""
    session = request[PORTAL_SESSION]
    async with services(request).database.transaction() as connection:
        if everywhere:
            await portal_sessions.delete_all(connection, session.user.id)
        else:
            await portal_sessions.delete(connection, session.id)
    away = web.HTTPSeeOther(LOGIN_PATH)
    away.del_cookie(COOKIE, path="/")
    return away


def own_path(target: str, otherwise: str = HOME) -> str:
    """``target`` if it is a page of the portal, else ``otherwise``."""
    return target if _OWN.fullmatch(target) else otherwise


async def _wait_for_wrong_key(request: web.Request) -> None:
    address, throttle = client_address(request), request.config_dict[THROTTLE]
    _log.warning("wrong_portal_key", address=str(address), path=request.path)
    delay = throttle.failed(address)
    if delay is None:
        raise TooManyFailures("too many wrong keys at once; wait a few seconds")
    try:
        await asyncio.sleep(delay)
    finally:
        throttle.waited(address)
