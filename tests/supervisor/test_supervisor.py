"""What the supervisor does about workers that keep silent or break."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from flowhqd.accounts import unprivileged
from flowhqd.browser.host import BrowserHost, BrowserOptions
from flowhqd.changes import Changes
from flowhqd.clock import SystemClock
from flowhqd.environment import load_settings
from flowhqd.states import TenantStatus, WorkerStatus
from flowhqd.store import tenants
from flowhqd.store.database import Database
from flowhqd.supervisor.supervisor import Supervisor
from tests.tenants import new_tenant


@dataclass
class Office:
    """A supervisor whose browser host was never opened, and what it tells its operator."""

    database: Database
    supervisor: Supervisor
    told: asyncio.Queue[dict[str, str]]

    async def alert(self) -> dict[str, str]:
        return await asyncio.wait_for(self.told.get(), 60)

    async def tenant(self, tenant_id: UUID) -> tenants.Tenant:
        async with self.database.connection() as connection:
            return await tenants.get(connection, tenant_id)


@asynccontextmanager
async def an_address(told: asyncio.Queue[dict[str, str]]) -> AsyncIterator[str]:
    async def receive(request: web.Request) -> web.Response:
        told.put_nowait(await request.json())
        return web.Response()

    application = web.Application()
    application.router.add_post("/", receive)
    async with TestServer(application) as server:
        yield str(server.make_url("/"))


@pytest.fixture
async def office(pool: asyncpg.Pool, tmp_path: Path) -> AsyncIterator[Office]:
    told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    async with an_address(told) as url:
        settings = load_settings(
            {"STATE_PATH": str(tmp_path), "ALERT_URL": url, "HEARTBEAT_INTERVAL_MS": "20"}
        )
        owner = asyncio.Event()
        owner.set()
        database = Database(pool)
        options = BrowserOptions(Path("/bin/false"), tmp_path, unprivileged())
        async with Supervisor(
            BrowserHost(options),
            database,
            settings,
            clock=SystemClock(),
            is_owner=owner,
            message_id_key=b"key",
            changes=Changes(),
        ) as supervisor:
            yield Office(database, supervisor, told)


async def test_a_worker_that_keeps_silent_is_told_of_once(office: Office) -> None:
    async with office.database.transaction() as connection:
        tenant_id = await new_tenant(connection)
        await connection.execute(
            "update worker_process set status = 'RUNNING', heartbeat_at = now() - interval '1 hour'"
            " where tenant_id = $1",
            tenant_id,
        )
    alert = await office.alert()
    assert (alert["tenant_id"], alert["reason"]) == (str(tenant_id), "stale")
    assert alert["action"]
    tenant = await office.tenant(tenant_id)
    assert (tenant.status, tenant.worker.reason) == (TenantStatus.ERROR, "stale")
    # Ten more looks at all workers.
    await asyncio.sleep(0.2)
    assert office.told.empty()


@pytest.mark.parametrize("whose", ["worker", "supervisor"])
async def test_a_worker_that_breaks_is_told_of_and_breaks_nobody_else(
    whose: str, office: Office
) -> None:
    """Regression: a failure that could not be written down ended every tenant's worker."""
    async with office.database.transaction() as connection:
        tenant_id = await new_tenant(connection)
        # No write of theirs succeeds; the worker fails at its first, as its host is not open.
        refused = ["worker"] if whose == "worker" else ["worker", "supervisor"]
        await connection.execute(f"alter table audit add check (actor <> all (array{refused}))")
    await office.supervisor.start(tenant_id, actor="admin")
    alert = await office.alert()
    assert (alert["tenant_id"], alert["reason"]) == (str(tenant_id), "internal_error")
    tenant = await office.tenant(tenant_id)
    if whose == "worker":
        assert tenant.worker.status is WorkerStatus.ERROR
        assert "CheckViolation" in (tenant.worker.last_error or "")
    await office.supervisor.start(tenant_id, actor="admin")
    assert (await office.alert())["reason"] == "internal_error"
