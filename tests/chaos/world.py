"""A daemon with tenants whose customers never stop writing, and everything that can go wrong.

What is counted is what arrived at the customers' phones: a reply quotes the message it answers.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from flowhqd.simulator import Customer, Phone, Simulator, SimulatorOptions
from tests.chaos import database
from tests.system.daemon import Daemon, Operator, eventually
from tests.system.processes import browsers, renderers

QUIET_SECONDS = 240.0


@dataclass
class Tenant:
    """One business with its customers, and what each of them asked, in order."""

    id: str
    phone: Phone
    customers: list[Customer]
    asked: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """A finished run."""

    seed: int
    messages: int
    faults: Counter[str]
    seconds: float
    lost: list[str]
    doubled: list[str]
    misplaced: list[str]
    unexplained: list[str]

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.doubled or self.misplaced or self.unexplained)

    def __str__(self) -> str:
        faults = ", ".join(f"{count} {name}" for name, count in sorted(self.faults.items()))
        return (
            f"seed {self.seed}: {self.messages} messages in {self.seconds:.0f} s, "
            f"{self.faults.total()} faults ({faults}); lost {len(self.lost)}, answered twice "
            f"{len(self.doubled)}, out of order {len(self.misplaced)}, unexplained rows "
            f"{len(self.unexplained)}"
        )


class World:
    """Tenants, traffic and faults; all chance comes from one seed."""

    def __init__(
        self, seed: int, daemon: Daemon, simulator: Simulator, server: database.Server
    ) -> None:
        self.seed = seed
        self.rng = random.Random(seed)
        self.daemon = daemon
        self.simulator = simulator
        self.server = server
        self.tenants: list[Tenant] = []
        self.faults: Counter[str] = Counter()
        self.sent = 0

    async def link(self, tenants: int, customers: int) -> None:
        """Make and link the tenants."""
        async with self.daemon.operator() as operator:
            for number in range(tenants):
                phone = self.simulator.phone(f"2557120{number:05}")
                tenant_id = await operator.create(f"+{phone.number}")
                await operator.verb(tenant_id, "worker/start")
                await phone.scan(await operator.qr(tenant_id))
                await operator.state(tenant_id, "CONNECTED")
                people = [
                    phone.customer(
                        f"2557540{person:05}", lid=f"77{person:08}" if person % 3 == 0 else None
                    )
                    for person in range(customers)
                ]
                self.tenants.append(Tenant(tenant_id, phone, people))

    async def write(self, messages: int, per_second: float) -> None:
        """Have customers write; faults do not stop them."""
        began, loop = self.sent, asyncio.get_running_loop()
        start = loop.time()
        while self.sent - began < messages:
            tenant = self.rng.choice(self.tenants)
            customer = self.rng.choice(tenant.customers)
            asked = await customer.send(f"Bei gani? ({self.sent})")
            tenant.asked.setdefault(customer.number, []).append(asked)
            self.sent += 1
            due = start + (self.sent - began) / per_second
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def disturb(self, until: asyncio.Event, pause: Callable[[], float]) -> None:
        """One fault after another until told to stop."""
        faults = self._faults()
        while not until.is_set():
            name = self.rng.choice(sorted(faults))
            self.faults[name] += 1
            await faults[name]()
            try:
                async with asyncio.timeout(pause()):
                    await until.wait()
            except TimeoutError:
                continue

    def _faults(self) -> dict[str, Callable[[], Awaitable[None]]]:
        return {
            "daemon killed": self._kill_daemon,
            "daemon stopped": self._stop_daemon,
            "browser killed": self._kill_browser,
            "renderer killed": self._kill_renderer,
            "line dropped": self._drop_line,
            "phone offline": self._go_offline,
            "connections refused": self._refuse,
            "acks held": self._hold_acks,
            "page reloaded": self._reload,
            "page hung": self._hang,
            "database restarted": self._restart_database,
            "database crashed": self.server.crash,
        }

    async def _kill_daemon(self) -> None:
        await self.daemon.kill()
        await asyncio.sleep(self.rng.uniform(0, 2))
        await self.daemon.start()

    async def _stop_daemon(self) -> None:
        await self.daemon.stop()
        await asyncio.sleep(self.rng.uniform(0, 2))
        await self.daemon.start()

    async def _kill_browser(self) -> None:
        self._kill_one_of(browsers(self.daemon))

    async def _kill_renderer(self) -> None:
        self._kill_one_of(renderers(self.daemon))

    def _kill_one_of(self, pids: list[int]) -> None:
        if pids:
            os.kill(self.rng.choice(pids), signal.SIGKILL)

    def _a_phone(self) -> Phone:
        return self.rng.choice(self.tenants).phone

    async def _drop_line(self) -> None:
        self._a_phone().drop_line()

    async def _go_offline(self) -> None:
        phone = self._a_phone()
        phone.go_offline()
        await asyncio.sleep(self.rng.uniform(0, 5))
        phone.go_online()

    async def _refuse(self) -> None:
        self.simulator.options.refuse_connections = True
        self._a_phone().drop_line()
        await asyncio.sleep(self.rng.uniform(0, 5))
        self.simulator.options.refuse_connections = False

    async def _hold_acks(self) -> None:
        self.simulator.options.hold_acks = True
        await asyncio.sleep(self.rng.uniform(0, 5))
        self.simulator.options.hold_acks = False

    async def _reload(self) -> None:
        self._a_phone().disturb("reload")

    async def _hang(self) -> None:
        self._a_phone().disturb("hang")

    async def _restart_database(self) -> None:
        await self.server.restart(self.rng.uniform(0, 5))

    async def settle(self) -> None:
        """Wait until every worker is connected and has nothing left to do."""
        async with self.daemon.operator() as operator:
            for tenant in self.tenants:
                await operator.state(tenant.id, "CONNECTED", QUIET_SECONDS)
            for tenant in self.tenants:
                await eventually(
                    lambda tenant=tenant: self._settled(operator, tenant),  # type: ignore[misc]
                    "quiet worker",
                    QUIET_SECONDS,
                )

    async def _settled(self, operator: Operator, tenant: Tenant) -> bool | None:
        live = await operator.tenant(tenant.id)
        if live["session"]["state"] != "CONNECTED" or live["worker"]["queue"]["total"]:
            return None
        counts = Counter(row["status"] for row in await operator.logs(tenant.id))
        answered = sum(len(customer.received) for customer in tenant.customers)
        asked = sum(map(len, tenant.asked.values()))
        # An inbound message that is not logged yet, or an open row, is still under way.
        is_open = counts["RECEIVED"] or counts["QUEUED"]
        return None if is_open or answered < asked else True

    async def report(self, seconds: float) -> Report:
        """Count at the customers' side, and against the log."""
        lost, doubled, misplaced, unexplained = [], [], [], []
        async with self.daemon.operator() as operator:
            for tenant in self.tenants:
                rows = {
                    (row["direction"], row["wa_message_id"]): row
                    for row in await operator.logs(tenant.id)
                }
                for customer in tenant.customers:
                    asked = tenant.asked.get(customer.number, [])
                    replies = [reply.quoted_id for reply in customer.received]
                    counts = Counter(replies)
                    lost += [one for one in asked if not counts[one]]
                    doubled += [str(one) for one, count in counts.items() if count > 1]
                    in_order = [one for one in asked if counts[one]]
                    for reply, expected in zip(dict.fromkeys(replies), in_order, strict=True):
                        if reply != expected:
                            misplaced.append(f"{customer.number}: {reply} before {expected}")
                            break
                    unexplained += [
                        one
                        for one in asked
                        if rows.get(("IN", one), {}).get("status") != "ANSWERED"
                    ]
        return Report(
            self.seed, self.sent, self.faults, seconds, lost, doubled, misplaced, unexplained
        )


@asynccontextmanager
async def world(directory: Path, seed: int, tenants: int, customers: int) -> AsyncIterator[World]:
    """A linked world, quiet so far."""
    async with (
        Simulator(SimulatorOptions()) as simulator,
        database.server(directory / "database") as server,
    ):
        daemon = Daemon(
            directory / "state",
            simulator.url,
            DATABASE_URL=server.dsn,
            RATE_LIMIT_MAX_PER_MINUTE="0",
            LOOP_BREAKER_MAX_REPLIES="0",
            REPLY_MAX_AGE_MINUTES="1440",
            CHAT_QUEUE_MAX_SIZE="1000",
            HEARTBEAT_INTERVAL_MS="2000",
            RECONNECT_INITIAL_DELAY_MS="200",
            RECONNECT_MAX_DELAY_MS="5000",
            RECONNECT_MAX_ATTEMPTS="0",
        )
        await daemon.start()
        try:
            built = World(seed, daemon, simulator, server)
            await built.link(tenants, customers)
            yield built
        finally:
            if daemon.process is not None and daemon.process.returncode is None:
                await daemon.stop()


async def run(
    directory: Path,
    *,
    seed: int,
    messages: int,
    per_second: float,
    pause_seconds: tuple[float, float],
    tenants: int = 8,
    customers: int = 6,
) -> Report:
    """One seeded run from an empty state to its report."""
    async with world(directory, seed, tenants, customers) as built:
        began = time.monotonic()
        over = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(built.disturb(over, lambda: built.rng.uniform(*pause_seconds)))
            await built.write(messages, per_second)
            over.set()
        await built.settle()
        return await built.report(time.monotonic() - began)
