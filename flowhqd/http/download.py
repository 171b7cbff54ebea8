"""A file that is made while it is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress

from aiohttp import hdrs, web

from flowhqd.http import compression
from flowhqd.log import get_logger

_log = get_logger(__name__)


async def send(
    request: web.Request, chunks: AsyncIterator[bytes], *, content_type: str, filename: str
) -> web.StreamResponse:
    """``chunks`` as a file to keep; one that breaks off is seen to have done so.

    Raises what the first chunk raises, while there can be another answer.
    """
    first = await anext(chunks)
    response = web.StreamResponse(
        headers={
            hdrs.CONTENT_TYPE: content_type,
            hdrs.CONTENT_DISPOSITION: f'attachment; filename="{filename}"',
        }
    )
    # aiohttp would answer a HEAD with the end of a gzip file.
    if compression.accepts_gzip(request) and request.method != hdrs.METH_HEAD:
        response.enable_compression(web.ContentCoding.gzip)
    # A reader that went away is no error.
    with suppress(ConnectionError):
        await response.prepare(request)
        if request.method != hdrs.METH_HEAD:
            await response.write(first)
            await _send_rest(request, response, chunks)
    return response


async def _send_rest(
    request: web.Request, response: web.StreamResponse, chunks: AsyncIterator[bytes]
) -> None:
    try:
        async for chunk in chunks:
            await response.write(chunk)
    except ConnectionError:
        raise
    except Exception:
        # Too late for another answer: a connection that ends early is all that tells.
        _log.exception("download_broke_off", path=request.path)
        if request.transport is not None:
            request.transport.abort()
