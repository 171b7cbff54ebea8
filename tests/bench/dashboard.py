"""The dashboard with hundreds of tenants: what its pages cost the daemon, and their size."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from uuid import UUID

from flowhqd.accounts import unprivileged
from flowhqd.store.embedded import EmbeddedPostgres
from flowhqd.store.migrations import migrate
from flowhqd.store.pool import connect
from tests.bench.table import markdown, percentile
from tests.system.daemon import Daemon, Operator, running
from tests.tenants import new_tenant

HTML = "text/html"
JSON = "application/json"
# No tenant is started, so that no page is asked for.
NOWHERE = "http://127.0.0.1:9/"
FILL = """
with people as (
  insert into contact (tenant_id) select id from tenant returning id, tenant_id
)
insert into message_log (tenant_id, contact_id, chat_id, direction, from_number, to_number,
                         message_text, wa_message_id, status, origin, wa_timestamp, created_at)
select tenant_id, id, '255754000001@c.us', way, '+255754000001', '+255712000001',
       case way when 'IN' then 'Habari, naomba kujua bei ya kusuka nywele kesho saa nne'
                else 'Karibu! Bei ya kusuka ni 15,000. Tuma jina lako na saa unayopenda.' end,
       way || n, case way when 'IN' then 'ANSWERED' else 'READ' end,
       case way when 'IN' then 'live' else 'reply' end, at, at
  from people,
       lateral generate_series(1, case tenant_id when $1 then $2::int else $3::int end / 2) n,
       unnest(array['IN', 'OUT']) way,
       lateral (select now() - n * interval '1 minute' as at) t
 order by at
"""


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is, and how often each page is asked for."""

    tenants: int = 500
    messages: int = 40
    busy_messages: int = 20_000
    requests: int = 30


@dataclass(frozen=True, slots=True)
class Cost:
    """What one page took."""

    name: str
    milliseconds: list[float]
    bytes: int


async def run(size: Size, directory: Path) -> list[Cost]:
    """Fill a database, start a daemon on it, and ask for each page one after the other."""
    async with EmbeddedPostgres(directory / "server", unprivileged()) as server:
        busy = await _fill(server.dsn, size)
        daemon = Daemon(directory / "daemon", NOWHERE, DATABASE_URL=server.dsn)
        async with running(daemon) as operator:
            return [
                await _ask(operator, name, path, accept, size.requests)
                for name, path, accept in _pages(busy)
            ]


def report(size: Size, costs: list[Cost]) -> str:
    """The costs as a table."""
    rows = [["", "median", "p95", "size"]]
    for cost in costs:
        times = (median(cost.milliseconds), percentile(cost.milliseconds, 95))
        rows.append(
            [cost.name, *(f"{one:.0f} ms" for one in times), f"{cost.bytes / 1024:.0f} KiB"]
        )
    return (
        f"{size.tenants} tenants with {size.messages} messages each, one with "
        f"{size.busy_messages:,}; {size.requests} requests each\n\n{markdown(rows)}"
    )


def _pages(busy: UUID) -> Iterator[tuple[str, str, str]]:
    one = f"/admin/tenants/{busy}"
    yield "list of tenants, page", "/admin/tenants", HTML
    yield "list of tenants, page, searched", "/admin/tenants?q=Tenant+49&sort=name", HTML
    yield "list of tenants, JSON, all", "/admin/tenants?limit=1000", JSON
    yield "one tenant, page", one, HTML
    yield "one tenant's status, JSON", f"{one}/status", JSON
    yield "log of 20,000, page", f"{one}/logs", HTML
    yield "log of 20,000, page, searched", f"{one}/logs?q=hakuna", HTML
    yield "metrics", "/metrics", JSON


async def _fill(dsn: str, size: Size) -> UUID:
    """Make the tenants and their messages; returns the one that has most."""
    connection = await connect(dsn, deadline_seconds=10)
    try:
        await migrate(connection)
        made = [await new_tenant(connection) for _ in range(size.tenants)]
        await connection.execute(FILL, made[0], size.busy_messages, size.messages)
        await connection.execute("analyze")
    finally:
        await connection.close()
    return made[0]


async def _ask(operator: Operator, name: str, path: str, accept: str, requests: int) -> Cost:
    times = []
    for _ in range(requests + 1):
        began = time.perf_counter()
        async with operator.http.get(path, headers={"Accept": accept}) as response:
            body = await response.read()
        times.append((time.perf_counter() - began) * 1000)
        assert response.status == 200, (path, body)
    # The first fills caches.
    return Cost(name, times[1:], len(body))
