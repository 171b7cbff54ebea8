"""Who may use the admin's part: whoever knows ADMIN_PASSWORD, and programs that have a key.

The password comes by Basic authentication, whose user name is not looked at; as ``?password=`` on
what only reads; or once through the login form, from where on a cookie stands for it. A key comes
as ``X-Api-Key`` or ``Authorization: Bearer``.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
from dataclasses import dataclass
from typing import NoReturn

from aiohttp import web

from flowhqd.http import csrf
from flowhqd.http.client import client_address, is_secure
from flowhqd.http.errors import MissingScope, TooManyFailures, Unauthorized
from flowhqd.http.negotiation import Handler, wants_html
from flowhqd.http.operation import operation_of
from flowhqd.http.origin import SAFE_METHODS
from flowhqd.http.services import services
from flowhqd.http.throttle import Throttle
from flowhqd.log import get_logger
from flowhqd.store import admin_sessions, api_keys
from flowhqd.store.admin_sessions import AdminSession
from flowhqd.store.api_keys import ApiKey, Scope

COOKIE = "flowhqd_admin"
KEY_HEADER = "X-Api-Key"
LOGIN_PATH = "/admin/login"

THROTTLE = web.AppKey("THROTTLE", Throttle)

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Identity:
    """The admin, with the browser's login if that is how the request proved it; or a key."""

    session: AdminSession | None = None
    key: ApiKey | None = None

    @property
    def actor(self) -> str:
        """Who this is, for the audit."""
        return "admin" if self.key is None else f"key:{self.key.name}"


IDENTITY = web.RequestKey("IDENTITY", Identity)


def actor(request: web.Request) -> str:
    """The name under which the audit has what ``request`` does."""
    return request[IDENTITY].actor


@web.middleware
async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let only the admin through, and keys as far as their scopes go."""
    identity = await _identify(request)
    if identity.key is not None:
        _check_scope(request, identity.key)
    # Known before the token is checked: the page that says it is stale needs the right one.
    request[IDENTITY] = identity
    if identity.session is not None and request.method not in SAFE_METHODS:
        await csrf.check(request, identity.session.csrf_token)
    return await handler(request)


async def check_password(request: web.Request, given: bytes) -> None:
    """Pass at once for the right password; for a wrong one wait, then raise Unauthorized."""
    if hmac.compare_digest(given, services(request).admin_password.encode()):
        return
    await _refuse(request, "the password is wrong")


async def _refuse(request: web.Request, why: str) -> NoReturn:
    address, throttle = client_address(request), request.config_dict[THROTTLE]
    _log.warning("login_refused", why=why, address=str(address), path=request.path)
    delay = throttle.failed(address)
    if delay is None:
        raise TooManyFailures("too many wrong passwords at once; wait a few seconds")
    try:
        await asyncio.sleep(delay)
    finally:
        throttle.waited(address)
    raise Unauthorized(why)


async def log_in(request: web.Request, location: str) -> web.HTTPSeeOther:
    """A redirect to ``location`` that carries a new login's cookie."""
    redirect = web.HTTPSeeOther(location)
    set_cookie(request, redirect, await start_session(request))
    return redirect


async def start_session(request: web.Request) -> str:
    """Make a login, of which ``request`` is the first; returns its cookie's value.

    The browser's former one ends: who knew that one's cookie knows nothing of the new one.
    """
    store, former = services(request), await current_session(request)
    async with store.database.transaction() as connection:
        if former is not None:
            await admin_sessions.delete(connection, former.id)
        session, cookie = await admin_sessions.create(connection, store.admin_password)
    request[IDENTITY] = Identity(session)
    return cookie


def set_cookie(request: web.Request, response: web.StreamResponse, cookie: str) -> None:
    """Have the browser keep a login."""
    # Lax, so that a link from elsewhere opens the page; no other site's POST carries the cookie.
    response.set_cookie(
        COOKIE,
        cookie,
        path="/",
        max_age=int(admin_sessions.LIFETIME.total_seconds()),
        httponly=True,
        secure=is_secure(request),
        samesite="Lax",
    )


async def current_session(request: web.Request) -> AdminSession | None:
    """The login of the request's cookie."""
    cookie = request.cookies.get(COOKIE)
    if not cookie:
        return None
    store = services(request)
    async with store.database.connection() as connection:
        return await admin_sessions.find(connection, cookie, store.admin_password)


async def is_still_valid(request: web.Request) -> bool:
    """Whether the login or key that ``request`` was let in with is good yet."""
    identity = request[IDENTITY]
    if identity.session is not None:
        return await current_session(request) is not None
    if identity.key is not None:
        async with services(request).database.connection() as connection:
            return await api_keys.find(connection, _key(request)) is not None
    return True


async def _identify(request: web.Request) -> Identity:
    given = _key(request)
    if given:
        return Identity(key=await _find_key(request, given))
    if "Authorization" in request.headers:
        await check_password(request, _basic_password(request.headers["Authorization"]))
        return Identity()
    if "password" in request.query:
        await check_password(request, _encode(request.query["password"]))
        if wants_html(request):
            raise await log_in(request, str(request.rel_url.without_query_params("password")))
        return Identity()
    session = await current_session(request)
    if session is not None:
        return Identity(session)
    if wants_html(request) and request.method in SAFE_METHODS:
        login = request.rel_url.with_path(LOGIN_PATH).with_query(next=str(request.rel_url))
        raise web.HTTPSeeOther(login)
    raise Unauthorized(
        "send ADMIN_PASSWORD by Basic authentication: curl -u admin:…, or a key as X-Api-Key"
    )


async def _find_key(request: web.Request, secret: str) -> ApiKey:
    async with services(request).database.connection() as connection:
        key = await api_keys.find(connection, secret)
    if key is None:
        await _refuse(request, "there is no such key, or it was revoked")
    return key


def _check_scope(request: web.Request, key: ApiKey) -> None:
    """Raise MissingScope for a route that the key is not good for.

    What is not made for programs needs the scope ``admin``.
    """
    if request.match_info.http_exception is not None:
        return
    operation = operation_of(request)
    access = operation.access if operation else Scope.ADMIN
    needed = access if isinstance(access, Scope) else Scope.ADMIN
    if not key.allows(needed):
        raise MissingScope(f"the key {key.name!r} lacks the scope '{needed}'")


def _key(request: web.Request) -> str:
    """The key that a request came with; empty when it has none."""
    return request.headers.get(KEY_HEADER) or _bearer(request.headers.get("Authorization", ""))


def _bearer(header: str) -> str:
    """The key of an Authorization header; empty when it has none."""
    scheme, _, credentials = header.partition(" ")
    return credentials.strip() if scheme.lower() == "bearer" else ""


def _basic_password(header: str) -> bytes:
    """The password of an Authorization header; empty, so never right, when it has none."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        decoded = base64.b64decode(_encode(encoded.strip()), validate=True)
    except binascii.Error:
        return b""
    return decoded.partition(b":")[2]


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
