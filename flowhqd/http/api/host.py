"""The host."""

from __future__ import annotations

from aiohttp import web

from flowhqd.http import host
from flowhqd.http.host import HostView
from flowhqd.http.operation import Operation
from flowhqd.http.responses import json_response
from flowhqd.store.api_keys import Scope


@Operation(Scope.READ, HostView)
async def show(request: web.Request) -> web.Response:
    """Chromiums, memory, disk, database and versions, and what needs a person."""
    return json_response(await host.view(request))
