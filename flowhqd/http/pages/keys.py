"""Who can come in: programs by their keys, with the form for a new one, and browsers by their
logins."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from aiohttp import web

from flowhqd.errors import Conflict, Invalid
from flowhqd.http import keys
from flowhqd.http.auth import IDENTITY, actor
from flowhqd.http.body import form, path_id, validate
from flowhqd.http.keys import KeyCreate, NewKeyAnswer
from flowhqd.http.pages.render import render
from flowhqd.http.services import services
from flowhqd.store import admin_sessions
from flowhqd.store.api_keys import Scope

URL = "/admin/keys"
SCOPES: Mapping[Scope, str] = MappingProxyType(
    {
        Scope.READ: "See tenants, their states, codes and messages, and the metrics",
        Scope.SEND: "Send messages",
        Scope.CONTROL: "Start, stop, pause and link",
        Scope.ADMIN: "Everything, also make tenants and keys",
    }
)


async def list_(request: web.Request) -> web.Response:
    """The keys there are."""
    return await _show(request)


async def create(request: web.Request) -> web.Response:
    """Make a key and show it this once, or the form with what is wrong."""
    fields = await form(request)
    values = {"name": fields.get("name", ""), "scopes": [one for one in Scope if one in fields]}
    try:
        made = await keys.create(
            services(request), validate(KeyCreate, values), actor=actor(request)
        )
    except Invalid as error:
        return await _show(request, fields=fields, errors=error.errors)
    except Conflict as error:
        return await _show(request, fields=fields, errors={"name": str(error)})
    return await _show(request, made=made)


async def revoke(request: web.Request) -> web.Response:
    """Revoke a key and lead back to the list."""
    await keys.revoke(services(request), path_id(request, "key"), actor=actor(request))
    raise web.HTTPSeeOther(URL)


async def _show(
    request: web.Request,
    *,
    fields: Mapping[str, str] = MappingProxyType({}),
    errors: Mapping[str, str] = MappingProxyType({}),
    made: NewKeyAnswer | None = None,
) -> web.Response:
    daemon = services(request)
    async with daemon.database.connection() as connection:
        logins = await admin_sessions.all_(connection)
    session = request[IDENTITY].session
    return render(
        request,
        "keys.html",
        status=422 if errors else 200,
        keys=await keys.list_(daemon),
        logins=logins,
        own_login=session.id if session else None,
        scopes=SCOPES,
        fields={"name": "", **fields},
        errors=errors,
        made=made,
    )
