"""Health for machines: open, and without detail."""

from __future__ import annotations

import asyncio

from aiohttp import web

from flowhqd.http.errors import RETRY_AFTER_SECONDS
from flowhqd.http.operation import Door, Operation
from flowhqd.http.responses import json_response
from flowhqd.http.services import services
from flowhqd.http.views import Health, Readiness

READY_TIMEOUT_SECONDS = 5


@Operation(Door.OPEN, Health)
async def healthz(_: web.Request) -> web.Response:
    """The event loop is alive; nothing else is asked."""
    return json_response(Health())


@Operation(Door.OPEN, Readiness, also={503: Readiness})
async def readyz(request: web.Request) -> web.Response:
    """Whether tenants can be served; 503 names the part that cannot."""
    try:
        async with asyncio.timeout(READY_TIMEOUT_SECONDS):
            parts = dict(await services(request).ready())
    except TimeoutError:
        parts = {"answer": False}
    if all(parts.values()):
        return json_response(Readiness(status="ready", parts=parts))
    return json_response(
        Readiness(status="not ready", parts=parts),
        status=503,
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )
