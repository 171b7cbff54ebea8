"""Many tenants at boot: how long until all of them are connected again.

``python -m tests.chaos.boot --tenants 200``: the tenants are linked one after another; then the
daemon is stopped, and killed, while every tenant has a customer who writes meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from flowhqd.simulator import Customer, Simulator, SimulatorOptions
from tests.bench.memory import memory, processes_of, total
from tests.system.daemon import Daemon, Operator, eventually
from tests.system.processes import browsers

LINKED_AT_ONCE = 3
DEATHS = ("SIGTERM", "SIGKILL")


class Boot:
    """A daemon with many light tenants."""

    def __init__(self, daemon: Daemon, simulator: Simulator, tenants: int) -> None:
        self.daemon = daemon
        self.customers = [
            simulator.phone(f"2557120{number:05}").customer("255754000001")
            for number in range(tenants)
        ]

    async def link(self) -> None:
        """Make and link every tenant."""
        turns = asyncio.Semaphore(LINKED_AT_ONCE)

        async def one(operator: Operator, customer: Customer) -> None:
            async with turns:
                phone = customer.phone
                tenant_id = await operator.create(f"+{phone.number}")
                await operator.verb(tenant_id, "worker/start")
                await phone.scan(await operator.qr(tenant_id))
                await operator.state(tenant_id, "CONNECTED", 120)

        async with self.daemon.operator() as operator, asyncio.TaskGroup() as tasks:
            for customer in self.customers:
                tasks.create_task(one(operator, customer))

    async def again(self, end: Callable[[], Awaitable[object]]) -> dict[str, float]:
        """End the daemon, have every customer write, start it; seconds until it was well again."""
        began = time.monotonic()
        await end()
        ended = time.monotonic()
        asked = [await customer.send("Bei gani?") for customer in self.customers]
        before = [len(customer.received) for customer in self.customers]
        started = time.monotonic()
        await self.daemon.start()
        serves = time.monotonic()
        async with self.daemon.operator() as operator:
            await eventually(lambda: self._all_connected(operator), "connected tenants", 1200)
        connected = time.monotonic()
        for customer, count in zip(self.customers, before, strict=True):
            await customer.wait_for(count + 1, 60)
        answered = time.monotonic()
        for customer, question in zip(self.customers, asked, strict=True):
            assert [reply.quoted_id for reply in customer.received].count(question) == 1
        return {
            "ended": ended - began,
            "serves": serves - started,
            "all connected": connected - started,
            "all answered": answered - started,
        }

    async def _all_connected(self, operator: Operator) -> bool | None:
        await asyncio.sleep(0.5)
        found, path = 0, "/admin/tenants?limit=100"
        while True:
            page = await operator.get(path)
            found += sum(one["session"]["state"] == "CONNECTED" for one in page["tenants"])
            if page["next"] is None:
                return found == len(self.customers) or None
            path = f"/admin/tenants?limit=100&after={page['next']}"

    def memory_mb(self) -> float:
        """What the daemon and all it started take."""
        assert self.daemon.process is not None
        return total(memory(processes_of(self.daemon.process.pid, self.daemon.state)))


async def measure(directory: Path, tenants: int, deaths: Sequence[str] = DEATHS) -> list[str]:
    """Lines for the report."""
    async with Simulator(SimulatorOptions()) as simulator:
        daemon = Daemon(directory / "state", simulator.url, RATE_LIMIT_MAX_PER_MINUTE="0")
        await daemon.start()
        boot = Boot(daemon, simulator, tenants)
        try:
            began = time.monotonic()
            await boot.link()
            lines = [f"{tenants} tenants linked in {time.monotonic() - began:.0f} s"]
            for name in deaths:
                seconds = await boot.again(daemon.stop if name == "SIGTERM" else daemon.kill)
                told = ", ".join(f"{what} {value:.1f} s" for what, value in seconds.items())
                lines.append(f"after {name}: {told}")
            lines.append(f"{len(browsers(daemon))} Chromiums, {boot.memory_mb():.0f} MB (PSS)")
            return [*lines, f"errors in the log: {dict(daemon.errors()) or 'none'}"]
        finally:
            if daemon.process is not None and daemon.process.returncode is None:
                await daemon.stop()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.boot", description=__doc__)
    parser.add_argument("--tenants", type=int, default=200)
    parser.add_argument("--death", action="append", choices=DEATHS, help="all, if none is named")
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="flowhqd-boot-", dir="/tmp"))
    directory.chmod(0o711)
    try:
        print("\n".join(asyncio.run(measure(directory, options.tenants, options.death or DEATHS))))
    finally:
        shutil.rmtree(directory)


if __name__ == "__main__":
    main()
