"""Figures for monitoring."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, Gauge

from flowhqd import metrics
from flowhqd.http.negotiation import Handler
from flowhqd.http.operation import Operation
from flowhqd.http.services import services
from flowhqd.states import SessionState, TenantStatus, WorkerStatus
from flowhqd.store import tenants
from flowhqd.store.api_keys import Scope

# Methods are whatever a client sends.
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@Operation(Scope.READ, None, media={"text/plain": "Prometheus's text format"})
async def show(request: web.Request) -> web.Response:
    """Figures for Prometheus.

    States of tenants, messages by outcome, reply latency, queues, reconnects, memory, the event
    loop, the database's pool and requests; nothing of a single tenant or chat.
    """
    daemon = services(request)
    async with daemon.database.connection() as connection:
        counts = await tenants.count_states(connection)
    browsers = await daemon.control.browsers()
    _set(metrics.TENANTS, TenantStatus, counts.tenants)
    _set(metrics.SESSIONS, SessionState, counts.sessions)
    _set(metrics.WORKERS, WorkerStatus, counts.workers)
    queue = daemon.control.queue()
    metrics.QUEUED.set(queue.total)
    metrics.QUEUED_CHATS.set(queue.chats)
    metrics.BROWSERS.set(len(browsers))
    metrics.BROWSER_BYTES.set(sum(one.memory_bytes for one in browsers))
    pool = daemon.database.pool
    metrics.POOL.labels("idle").set(pool.get_idle_size())
    metrics.POOL.labels("used").set(pool.get_size() - pool.get_idle_size())
    metrics.POOL_MAX.set(pool.get_max_size())
    return web.Response(body=metrics.exposition(), headers={"Content-Type": CONTENT_TYPE_LATEST})


@web.middleware
async def count_requests(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count every request by its route; the outermost, so that it sees what is answered."""
    status = 500
    try:
        response = await handler(request)
        status = response.status
        return response
    except web.HTTPException as redirect:
        status = redirect.status
        raise
    finally:
        resource = request.match_info.route.resource
        route = resource.canonical if resource is not None else "none"
        method = request.method if request.method in METHODS else "other"
        metrics.HTTP_REQUESTS.labels(method, route, status).inc()


def _set(gauge: Gauge, states: Iterable[str], counts: Mapping[str, int]) -> None:
    for state in states:
        gauge.labels(state).set(counts.get(state, 0))
