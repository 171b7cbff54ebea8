"""A supervisor over one tenant, on a real database, before a browser host that a test moves.

Time passes when the test says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

from flowhqd.changes import Changes
from flowhqd.environment import load_settings
from flowhqd.store import tenants
from flowhqd.store.database import Database
from flowhqd.store.pool import open_pool
from flowhqd.supervisor.supervisor import Supervisor
from tests.clock import LoopClock, SkippingLoop
from tests.messages.shop import PATIENCE_SECONDS
from tests.supervisor.chromium import FakeHost
from tests.supervisor.tab import TURNS
from tests.tenants import new_tenant

if TYPE_CHECKING:
    from flowhqd.browser.host import BrowserHost
    from flowhqd.store.pool import Connection

BEAT_SECONDS, STALE_SECONDS = 20, 60
FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS, ATTEMPTS = 5, 15, 4
ENVIRONMENT = {
    "HEARTBEAT_INTERVAL_MS": str(BEAT_SECONDS * 1000),
    "STALE_THRESHOLD_MINUTES": str(STALE_SECONDS / 60),
    "RECONNECT_INITIAL_DELAY_MS": str(FIRST_DELAY_SECONDS * 1000),
    "RECONNECT_MAX_DELAY_MS": str(LONGEST_DELAY_SECONDS * 1000),
    "RECONNECT_MAX_ATTEMPTS": str(ATTEMPTS),
}


class CountedDatabase(Database):
    """``in_use`` is how many have or want a connection."""

    in_use = 0

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        self.in_use += 1
        try:
            async with super().connection() as connection:
                yield connection
        finally:
            self.in_use -= 1


class World:
    """A database, and an event loop whose time is moved by hand."""

    def __init__(self, dsn: str) -> None:
        self.runner = asyncio.Runner(loop_factory=SkippingLoop)
        self.loop = cast("SkippingLoop", self.runner.get_loop())
        self.clock = LoopClock(self.loop)
        self.database = CountedDatabase(self.runner.run(open_pool(dsn, deadline_seconds=5)))

    def is_quiet(self) -> bool:
        """Whether nobody waits for the database or a thread."""
        return not self.database.in_use and not self.loop.in_threads

    def close(self) -> None:
        self.runner.run(self.database.pool.close())
        self.runner.close()


class House:
    """A supervisor over one tenant."""

    def __init__(self, world: World, host: FakeHost) -> None:
        self.host = host
        self._world = world
        self._database = world.database
        self._closing = asyncio.Event()
        self._opened: asyncio.Future[Supervisor] = asyncio.get_running_loop().create_future()

    async def open(self) -> None:
        async with self._database.transaction() as connection:
            self.tenant_id = await new_tenant(connection, phone_number="+255700000009")
        self._task = asyncio.create_task(self._run())
        self.supervisor = await self._opened

    async def _run(self) -> None:
        is_owner = asyncio.Event()
        is_owner.set()
        async with Supervisor(
            cast("BrowserHost", self.host),
            self._database,
            load_settings(ENVIRONMENT),
            clock=self._world.clock,
            is_owner=is_owner,
            message_id_key=b"key",
            changes=Changes(),
        ) as supervisor:
            self._opened.set_result(supervisor)
            await self._closing.wait()

    async def close(self) -> set[asyncio.Task[Any]]:
        """End as the daemon does, and forget the tenant; the tasks that are left over."""
        self._closing.set()
        await self._task
        async with self._database.transaction() as connection:
            await connection.execute("delete from tenant")
            await connection.execute("delete from audit")
        return asyncio.all_tasks() - {cast("asyncio.Task[Any]", asyncio.current_task())}

    @property
    def derived(self) -> str | None:
        """What the worker does, for people; None when there is none."""
        return self.supervisor.live(self.tenant_id).derived

    async def settle(self) -> None:
        """Return once nothing more happens without time passing."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            turns = 0
            while turns < TURNS:
                await asyncio.sleep(0)
                turns = turns + 1 if self._world.is_quiet() else 0

    async def wait(self, seconds: float) -> None:
        """Let time pass, and happen what is due by then."""
        self._world.loop.skipped += seconds
        await self.settle()

    async def tenant(self) -> tenants.Tenant:
        async with self._database.connection() as connection:
            return await tenants.get(connection, self.tenant_id)

    async def changes(self) -> list[dict[str, str]]:
        """Every change of the states that was written, oldest first."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                "select detail from audit where action = 'state' order by id"
            )
        return [row["detail"] for row in rows]
