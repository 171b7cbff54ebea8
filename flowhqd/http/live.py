"""Server-sent events: a browser that listens is told that something changed, and asks again.

An event holds no state of a tenant, only ids and topics, so that a page is made in one place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from uuid import UUID

import orjson
from aiohttp import hdrs, web

from flowhqd.changes import Report, Topic, Watcher
from flowhqd.errors import StoreUnavailable
from flowhqd.http import auth
from flowhqd.http.body import read_query
from flowhqd.http.errors import TooManyStreams
from flowhqd.http.operation import Operation
from flowhqd.http.queries import WatchQuery
from flowhqd.http.services import services
from flowhqd.store.api_keys import Scope

MEDIA_TYPE = "text/event-stream"
HEARTBEAT_SECONDS = 15.0
"""How often a silent stream shows that it lives; whoever reads it is checked as often."""
RETRY_MS = 3000
WRITE_SECONDS = 10.0
MAX_STREAMS = 256

Check = Callable[[], Awaitable[bool]]


class Streams:
    """How many streams are open."""

    def __init__(self) -> None:
        self.open = 0


STREAMS = web.AppKey("STREAMS", Streams)


@Operation(
    Scope.READ,
    None,
    query=WatchQuery,
    media={MEDIA_TYPE: "Events; each names tenants and what of them changed"},
    errors=(503,),
)
async def admin_events(request: web.Request) -> web.StreamResponse:
    """Hear of changes, of every tenant or one, as long as the login is good."""
    query = read_query(request, WatchQuery)
    return await stream(request, query.tenant, lambda: auth.is_still_valid(request))


async def stream(request: web.Request, tenant_id: UUID | None, check: Check) -> web.StreamResponse:
    """The changes of one tenant, or of all when None, as long as ``check`` says so.

    It ends with the daemon, and when the reader takes longer than WRITE_SECONDS for what was
    written. Raises TooManyStreams.
    """
    streams = request.config_dict[STREAMS]
    if streams.open >= MAX_STREAMS:
        raise TooManyStreams("too many pages listen for changes; this one asks again by itself")
    response = web.StreamResponse(
        headers={
            hdrs.CONTENT_TYPE: f"{MEDIA_TYPE}; charset=utf-8",
            hdrs.CACHE_CONTROL: "no-store",
            # nginx would keep events back until its buffer is full.
            "X-Accel-Buffering": "no",
        }
    )
    streams.open += 1
    try:
        # A reader that went away is no error.
        with (
            services(request).changes.watch(tenant_id) as watcher,
            suppress(ConnectionError, TimeoutError),
        ):
            await response.prepare(request)
            if request.method == hdrs.METH_GET:
                await _tell(response, watcher, check)
    finally:
        streams.open -= 1
    return response


async def _tell(response: web.StreamResponse, watcher: Watcher, check: Check) -> None:
    await _write(response, f"retry: {RETRY_MS}\n\n")
    loop = asyncio.get_running_loop()
    check_at = loop.time() + HEARTBEAT_SECONDS
    while not watcher.is_closed:
        text = ": alive\n\n"
        with suppress(TimeoutError):
            async with asyncio.timeout_at(check_at):
                text = _event(await watcher.next())
        if loop.time() >= check_at:
            check_at += HEARTBEAT_SECONDS
            with suppress(StoreUnavailable):
                if not await check():
                    return
        if not watcher.is_closed:
            await _write(response, text)


async def _write(response: web.StreamResponse, text: str) -> None:
    async with asyncio.timeout(WRITE_SECONDS):
        await response.write(text.encode())


def _event(report: Report) -> str:
    tenants = [
        {"tenant_id": str(tenant), "topics": sorted(topics)}
        for tenant, topics in report.items()
        if tenant is not None
    ]
    others: set[Topic] = report.get(None, set())
    data = orjson.dumps({"tenants": tenants, "topics": sorted(others)}).decode()
    return f"event: change\ndata: {data}\n\n"
