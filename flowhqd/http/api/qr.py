"""The code to scan, as JSON, as a picture or as text."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import MappingProxyType

from aiohttp import web

from flowhqd import qr
from flowhqd.errors import Conflict, NotFound
from flowhqd.http import tenants
from flowhqd.http.body import read_query
from flowhqd.http.negotiation import Handler
from flowhqd.http.operation import Operation
from flowhqd.http.queries import QrQuery
from flowhqd.http.responses import json_response
from flowhqd.http.views import QrView
from flowhqd.states import SessionState
from flowhqd.store.api_keys import Scope

FORMATS: Mapping[str, tuple[str, Callable[[str], bytes]]] = MappingProxyType(
    {
        "png": ("image/png", qr.png),
        "svg": ("image/svg+xml", qr.svg),
        "raw": ("text/plain", str.encode),
        "text": ("text/plain", lambda text: qr.terminal(text).encode()),
    }
)
"""The values of ``?format=``: the media type, and what makes it of the code's text."""


@Operation(
    Scope.READ,
    QrView,
    query=QrQuery,
    media={
        "image/png": "The code as a picture",
        "image/svg+xml": "The code as a drawing",
        "text/plain": "The text of the code, or the code drawn with characters",
    },
    errors=(409,),
)
async def show(request: web.Request) -> web.Response:
    """The code to scan.

    As JSON it is null when there is none; in another form that is 404, or 409 when the phone is
    linked already.
    """
    tenant = await tenants.find(request)
    name = read_query(request, QrQuery).format
    if name is None:
        return json_response(QrView.of(tenant))
    session = tenant.session
    if session.state is SessionState.CONNECTED:
        raise Conflict("the phone is linked already: the session is CONNECTED")
    if session.qr_text is None and session.state is SessionState.QR_READY:
        raise NotFound(
            "there is no code to scan while a pairing code is being typed; POST …/qr for one"
        )
    if session.qr_text is None:
        raise NotFound(
            f"there is no code to scan: the session is {session.state}, "
            f"the worker {tenant.worker.status}"
        )
    media_type, draw = FORMATS[name]
    return web.Response(
        # A code takes some 50 ms to draw, which others should not wait for.
        body=await asyncio.to_thread(draw, session.qr_text),
        content_type=media_type,
        charset="utf-8" if media_type == "text/plain" else None,
    )


def show_or(page: Handler) -> Handler:
    """A handler that gives the picture to whoever names its form, else ``page``."""

    async def choose(request: web.Request) -> web.StreamResponse:
        return await (show.handler if "format" in request.query else page)(request)

    return choose
