"""Everything that can go wrong, by name; each fault ends what it began.

Signals go only to processes of this run's daemon and of this run's PostgreSQL.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from flowhqd.simulator.phone import Disturbance, Phone
from tests.system.processes import browsers, renderers

if TYPE_CHECKING:
    from tests.chaos.world import World

Fault = Callable[[], Awaitable[None]]

QUARTER_SECONDS = 900.0
NEARLY_FULL_MB, FILLED_MB = 280, 14
RARE = {"database away for long": 0.3, "disk full": 0.3}
"""How often a fault comes, beside the others; these last half a minute and more."""
BURST = 80
"""Messages of one customer at once; a chat's queue holds 50."""


class Faults:
    """Chance comes from ``rng`` alone."""

    def __init__(self, world: World, rng: random.Random) -> None:
        self._world = world
        self._rng = rng

    def by_name(self) -> dict[str, Fault]:
        """Every fault that can be caused here."""
        faults: dict[str, Fault] = {
            "daemon killed": self._kill_daemon,
            "daemon stopped": self._stop_daemon,
            "Chromium killed": self._kill_browser,
            "renderer killed": self._kill_renderer,
            "line dropped": self._drop_line,
            "line flapping": self._flap,
            "phone offline": self._go_offline,
            "connections refused": self._refuse,
            "acks held": self._hold_acks,
            "page hung": self._disturb("hang"),
            "page threw": self._disturb("throw"),
            "page left": self._disturb("leave"),
            "page loaded anew": self._disturb("reload"),
            "page loaded anew before storing a send": self._disturb("reload_before_storing"),
            "page loaded anew once a send was stored": self._disturb("reload_once_stored"),
            "page loaded anew once a send had left": self._disturb("reload_once_sent"),
            "more messages than a queue holds": self._burst,
            "database restarted": self._restart_database,
            "database away for long": self._stop_database,
            "database crashed": self._world.server.crash,
            "database slow": self._slow_database,
            "database locked": self._lock_database,
            "connection lost before COMMIT was heard": self._cut_before,
            "connection lost after COMMIT was heard": self._cut_after,
            "clock stepped": self._step_clock,
        }
        if self._world.disk is not None:
            faults["disk full"] = self._fill_disk
        return faults

    async def _pass(self, least: float, most: float) -> None:
        await asyncio.sleep(self._rng.uniform(least, most))

    def _phone(self) -> Phone:
        return self._rng.choice(self._world.tenants).phone

    # The daemon and its Chromiums.

    async def _kill_daemon(self) -> None:
        await self._world.daemon.kill()
        await self._pass(0, 2)
        await self._world.start()

    async def _stop_daemon(self) -> None:
        await self._world.daemon.stop()
        await self._pass(0, 2)
        await self._world.start()

    async def _kill_browser(self) -> None:
        self._kill_one_of(browsers(self._world.daemon))

    async def _kill_renderer(self) -> None:
        self._kill_one_of(renderers(self._world.daemon))

    def _kill_one_of(self, pids: list[int]) -> None:
        if pids:
            os.kill(self._rng.choice(pids), signal.SIGKILL)

    # The way to WhatsApp.

    async def _drop_line(self) -> None:
        self._phone().drop_line()

    async def _flap(self) -> None:
        phone = self._phone()
        for _ in range(self._rng.randint(5, 15)):
            phone.drop_line()
            await self._pass(0.05, 0.8)

    async def _go_offline(self) -> None:
        phone = self._phone()
        phone.go_offline()
        await self._pass(0, 5)
        phone.go_online()

    async def _refuse(self) -> None:
        options = self._world.simulator.options
        options.refuse_connections = True
        self._phone().drop_line()
        await self._pass(0, 5)
        options.refuse_connections = False

    async def _hold_acks(self) -> None:
        options = self._world.simulator.options
        options.hold_acks = True
        await self._pass(0, 5)
        options.hold_acks = False

    # The page.

    def _disturb(self, what: Disturbance) -> Fault:
        async def disturb() -> None:
            self._phone().disturb(what)

        return disturb

    # Too much at once.

    async def _burst(self) -> None:
        """Nothing leaves for a while, and one customer goes on writing."""
        options = self._world.simulator.options
        tenant = self._rng.choice(self._world.tenants)
        customer = self._rng.choice(tenant.customers)
        options.hold_acks = True
        for _ in range(BURST):
            await self._world.ask(tenant, customer)
        await self._pass(1, 3)
        options.hold_acks = False

    # The database, the disk and the clock.

    async def _restart_database(self) -> None:
        await self._world.server.restart(self._rng.uniform(0, 5))

    async def _stop_database(self) -> None:
        await self._world.server.restart(self._rng.uniform(20, 60))

    async def _slow_database(self) -> None:
        line = self._world.server.line
        line.delay_seconds = self._rng.uniform(0.05, 0.5)
        await self._pass(3, 8)
        line.delay_seconds = 0.0

    async def _lock_database(self) -> None:
        await self._world.server.lock(self._rng.uniform(2, 10))

    async def _cut_before(self) -> None:
        self._world.server.line.cut_next_commit("before")

    async def _cut_after(self) -> None:
        self._world.server.line.cut_next_commit("after")

    async def _fill_disk(self) -> None:
        """It fills up within half a minute, as fast as a runaway log does."""
        disk = self._world.disk
        assert disk is not None
        try:
            for left in range(NEARLY_FULL_MB, 0, -FILLED_MB):
                await asyncio.to_thread(disk.fill, left << 20)
                await asyncio.sleep(1)
            await asyncio.to_thread(disk.fill)
            await self._pass(2, 8)
        finally:
            disk.free()
        await self._world.server.revive()

    async def _step_clock(self) -> None:
        """The host's clock is set right, or wrong by a quarter of an hour."""
        wrong = self._rng.choice((-QUARTER_SECONDS, 0.0, QUARTER_SECONDS))
        self._world.set_clock(wrong)
