"""The portal's users: list, invite, hand out links, keep out and let in again."""

from __future__ import annotations

from aiohttp import web

from flowhqd.http import people
from flowhqd.http.auth import actor
from flowhqd.http.body import path_id, read_model, read_query
from flowhqd.http.models import Nothing
from flowhqd.http.operation import Endpoint, Operation
from flowhqd.http.people import UserAnswer, UserPage, UserWithLink
from flowhqd.http.portal.models import Invitation
from flowhqd.http.queries import UsersQuery
from flowhqd.http.responses import json_response
from flowhqd.http.services import services
from flowhqd.store.api_keys import Scope


@Operation(Scope.ADMIN, UserPage, query=UsersQuery)
async def list_(request: web.Request) -> web.Response:
    """Users of the portal, newest first."""
    query = read_query(request, UsersQuery)
    shown = await people.page(
        services(request), search=query.q, after=query.after, limit=query.limit
    )
    return json_response(shown)


@Operation(Scope.ADMIN, UserWithLink, 201, body=Invitation, errors=(409,))
async def invite(request: web.Request) -> web.Response:
    """Add a user, with a link by which they choose a password; it is shown this once."""
    body = await read_model(request, Invitation)
    return json_response(await people.invite(request, body, actor=actor(request)), status=201)


@Operation(Scope.ADMIN, UserWithLink, body=Nothing, errors=(409,))
async def reset_link(request: web.Request) -> web.Response:
    """A link by which a user chooses a new password; it is shown this once."""
    await read_model(request, Nothing)
    user_id = path_id(request, "user")
    return json_response(await people.new_link(request, user_id, actor=actor(request)))


def set_disabled(disabled: bool) -> Endpoint:
    """An endpoint that keeps a user out, or lets them in again."""
    summary = "Keep a user out." if disabled else "Let a user in again."

    @Operation(Scope.ADMIN, UserAnswer, body=Nothing, summary=summary)
    async def handle(request: web.Request) -> web.Response:
        await read_model(request, Nothing)
        user_id, who = path_id(request, "user"), actor(request)
        user = await people.set_disabled(services(request), user_id, disabled=disabled, actor=who)
        return json_response(UserAnswer(user=user))

    return handle
