"""Text goes compressed to those who take it so: many owners are on slow lines."""

from __future__ import annotations

import asyncio
import gzip

from aiohttp import hdrs, web

from flowhqd.http.negotiation import Handler, quality

# Less than this is one packet either way.
FLOOR_BYTES = 1400
# About what takes a millisecond; more is for a thread, so that no tenant waits for it.
MAX_SYNC_BYTES = 32_768
LEVEL = 6


@web.middleware
async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Compress a page or JSON; pictures are as small as they get, and streams see to themselves."""
    response = await handler(request)
    if (
        isinstance(response, web.Response)
        and isinstance(response.body, bytes)
        and len(response.body) >= FLOOR_BYTES
        and response.content_type.startswith(("text/", "application/"))
        and hdrs.CONTENT_ENCODING not in response.headers
        and accepts_gzip(request)
    ):
        if len(response.body) <= MAX_SYNC_BYTES:
            response.body = compress(response.body)
        else:
            response.body = await asyncio.to_thread(compress, response.body)
        response.headers[hdrs.CONTENT_ENCODING] = "gzip"
    return response


def accepts_gzip(request: web.Request) -> bool:
    """Whether the client names gzip, and not to refuse it."""
    return quality(request, hdrs.ACCEPT_ENCODING, "gzip") > 0


def compress(body: bytes) -> bytes:
    """As gzip, the same for the same body."""
    return gzip.compress(body, LEVEL, mtime=0)
