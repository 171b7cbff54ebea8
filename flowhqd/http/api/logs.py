"""A tenant's messages."""

from __future__ import annotations

from aiohttp import web

from flowhqd.http import tenants
from flowhqd.http.body import query_int
from flowhqd.http.responses import json_response
from flowhqd.http.services import services

DEFAULT_LIMIT = 50
MAX_LIMIT = 1000


async def list_(request: web.Request) -> web.Response:
    """Newest first, ``?limit=`` of them before the cursor ``?before=``."""
    logs, next_page = await tenants.log(
        services(request),
        tenants.tenant_id(request),
        before=request.query.get("before"),
        limit=query_int(request, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT),
    )
    return json_response({"logs": logs, "next": next_page})
