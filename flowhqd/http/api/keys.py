"""Keys of programs: list, make, revoke."""

from __future__ import annotations

from aiohttp import web

from flowhqd.http import keys
from flowhqd.http.auth import actor
from flowhqd.http.body import path_id, read_model
from flowhqd.http.keys import KeyAnswer, KeyCreate, KeyList, NewKeyAnswer
from flowhqd.http.models import Nothing
from flowhqd.http.operation import Operation
from flowhqd.http.responses import json_response
from flowhqd.http.services import services
from flowhqd.store.api_keys import Scope


@Operation(Scope.ADMIN, KeyList)
async def list_(request: web.Request) -> web.Response:
    """The keys of programs."""
    return json_response(KeyList(keys=await keys.list_(services(request))))


@Operation(Scope.ADMIN, NewKeyAnswer, 201, body=KeyCreate, errors=(409,))
async def create(request: web.Request) -> web.Response:
    """Make a key.

    Its secret is in this answer and nowhere else.
    """
    body = await read_model(request, KeyCreate)
    made = await keys.create(services(request), body, actor=actor(request))
    return json_response(made, status=201, headers={"Location": "/admin/keys"})


@Operation(Scope.ADMIN, KeyAnswer, body=Nothing)
async def revoke(request: web.Request) -> web.Response:
    """Revoke a key, from its next request on."""
    key = path_id(request, "key")
    await read_model(request, Nothing)
    shown = await keys.revoke(services(request), key, actor=actor(request))
    return json_response(KeyAnswer(key=shown))
