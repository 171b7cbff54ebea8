"""The portal's JSON: for its own pages by the login, and for other front ends by their key."""

from __future__ import annotations

from aiohttp import web

from flowhqd.errors import NotFound
from flowhqd.http.body import MAX_BYTES, read_model, read_query
from flowhqd.http.operation import Door, Operation, Routes, Table
from flowhqd.http.portal import auth, setup, tenant
from flowhqd.http.portal.errors import AccountDisabled
from flowhqd.http.portal.models import SetupRequestCreate
from flowhqd.http.portal.views import OwnLog, OwnQr, OwnStatus, SetupRequestAnswer
from flowhqd.http.queries import LogsQuery
from flowhqd.http.responses import json_response
from flowhqd.http.services import services
from flowhqd.http.views import SetupRequestView
from flowhqd.log import get_logger
from flowhqd.store import people, portal_events
from flowhqd.store.people import Origin, PortalUser
from flowhqd.store.portal_events import PortalEvent

CURRENT = "/tenant/current"

_log = get_logger(__name__)


def own_api(table: Table) -> web.Application:
    """What lies below /api/portal."""
    app = web.Application(middlewares=[auth.middleware], client_max_size=MAX_BYTES)
    routes = Routes(app, table)
    routes.json("GET", f"{CURRENT}/status", own_status)
    routes.json("GET", f"{CURRENT}/qr", own_qr)
    routes.json("GET", f"{CURRENT}/logs", own_logs)
    return app


def front_end_api(table: Table) -> web.Application:
    """What lies below /portal."""
    app = web.Application(middlewares=[auth.key_middleware], client_max_size=MAX_BYTES)
    routes = Routes(app, table)
    routes.json("GET", f"{CURRENT}/status", status)
    routes.json("GET", f"{CURRENT}/qr", qr)
    routes.json("GET", f"{CURRENT}/logs", logs)
    routes.json("POST", "/setup-request", create_setup_request)
    return app


@Operation(Door.PORTAL_LOGIN, OwnStatus)
async def own_status(request: web.Request) -> web.Response:
    """The tenant and the set-up request of the user who is logged in."""
    return json_response(await tenant.status(services(request), auth.user(request)))


@Operation(Door.PORTAL_LOGIN, OwnQr, errors=(409,))
async def own_qr(request: web.Request) -> web.Response:
    """The code to scan, once the user agreed to what linking means."""
    user = auth.user(request)
    await tenant.check_consent(services(request), user)
    return json_response(await tenant.qr(services(request), user))


@Operation(Door.PORTAL_LOGIN, OwnLog, query=LogsQuery)
async def own_logs(request: web.Request) -> web.Response:
    """The messages of the user's tenant that pass, newest first."""
    query = read_query(request, LogsQuery)
    return json_response(await tenant.log(services(request), auth.user(request), query))


@Operation(Door.PORTAL_KEY, OwnStatus, errors=(404,))
async def status(request: web.Request) -> web.Response:
    """The tenant and the set-up request of a front end's user."""
    return json_response(await tenant.status(services(request), await _user(request)))


@Operation(Door.PORTAL_KEY, OwnQr, errors=(404,))
async def qr(request: web.Request) -> web.Response:
    """The code to scan; that its user was told what linking means is the front end's to see to."""
    return json_response(await tenant.qr(services(request), await _user(request)))


@Operation(Door.PORTAL_KEY, OwnLog, query=LogsQuery, errors=(404,))
async def logs(request: web.Request) -> web.Response:
    """The messages of the user's tenant that pass, newest first."""
    query = read_query(request, LogsQuery)
    return json_response(await tenant.log(services(request), await _user(request), query))


@Operation(Door.PORTAL_KEY, SetupRequestAnswer, 201, body=SetupRequestCreate, errors=(409,))
async def create_setup_request(request: web.Request) -> web.Response:
    """Ask for a tenant in the name of a user, who is introduced by it.

    A request that still waits is replaced; one that was refused is sent again.
    """
    body = await read_model(request, SetupRequestCreate)
    user = await _introduced(request)
    sent = await setup.submit(services(request), user, body)
    if body.consent:
        await setup.consent(services(request), user)
    return json_response(SetupRequestAnswer(setupRequest=SetupRequestView.of(sent)), status=201)


async def _user(request: web.Request) -> PortalUser:
    """The front end's user; raises NotFound, and AccountDisabled."""
    async with services(request).database.connection() as connection:
        found = await people.by_email(connection, request[auth.USER_EMAIL], Origin.TRUSTED)
    if found is None:
        raise NotFound("there is no such user; a set-up request introduces one")
    return _admitted(found)


async def _introduced(request: web.Request) -> PortalUser:
    """The front end's user, made when there is none; raises AccountDisabled."""
    try:
        return await _user(request)
    except NotFound:
        pass
    try:
        async with services(request).database.transaction() as connection:
            # The front end vouches for the address.
            made = await people.create(
                connection, email=request[auth.USER_EMAIL], origin=Origin.TRUSTED, is_verified=True
            )
            await portal_events.record(connection, PortalEvent.SIGNED_UP, user_id=made.id)
    except people.AddressTaken:
        # Two first requests at once.
        return await _user(request)
    _log.info("user_introduced", user_id=str(made.id))
    return made


def _admitted(user: PortalUser) -> PortalUser:
    if user.disabled_at is not None:
        raise AccountDisabled("this user is switched off; ask the operator")
    return user
