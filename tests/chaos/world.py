"""A daemon with tenants whose customers never stop writing, and everything that can go wrong.

What is counted is what arrived at the customers' phones: a reply quotes the message it answers.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from flowhqd.simulator import Customer, Phone, Simulator, SimulatorOptions
from flowhqd.simulator.message import phone_message_id
from tests.chaos import database
from tests.chaos.disk import Disk, small_disk
from tests.chaos.faults import QUARTER_SECONDS, RARE, Faults
from tests.chaos.report import Asked, Report
from tests.system.daemon import Daemon, DaemonEnded, Operator

QUIET_SECONDS = 240.0
START_TRIES = 5
MISSING_SURROUNDINGS = 3
# How often a customer's message is of a hard kind.
HARD = {"sealed": 0.02, "twice": 0.02, "same id": 0.01, "under the number": 0.05}


@dataclass
class Tenant:
    """One business with its customers, and what each of them asked, in order."""

    id: str
    phone: Phone
    customers: list[Customer]
    asked: dict[str, list[Asked]] = field(default_factory=dict)
    last_id: str = ""


class World:
    """Tenants, traffic and faults; all chance comes from one seed.

    ``disk``, where there is one, holds all that the daemon and PostgreSQL write.
    """

    def __init__(
        self,
        seed: int,
        daemon: Daemon,
        simulator: Simulator,
        server: database.Server,
        disk: Disk | None,
        clock: Path,
    ) -> None:
        self.seed = seed
        self.daemon = daemon
        self.simulator = simulator
        self.server = server
        self.disk = disk
        self.tenants: list[Tenant] = []
        self.faults: Counter[str] = Counter()
        self.sent = 0
        self.tell: Callable[[str], None] = lambda _line: None
        self._clock = clock
        self._rng = random.Random(f"{seed} traffic")
        self._unsealing: set[asyncio.Task[None]] = set()

    def set_clock(self, wrong_seconds: float) -> None:
        """Set the host's clock, as the daemon sees it."""
        new = self._clock.with_suffix(".new")
        new.write_text(str(wrong_seconds))
        new.rename(self._clock)

    async def start(self) -> None:
        """Start the daemon as systemd does: again, when its surroundings are not there yet."""
        for _ in range(START_TRIES - 1):
            try:
                return await self.daemon.start()
            except DaemonEnded as ended:
                if ended.status != MISSING_SURROUNDINGS:
                    raise
                self.faults["(start tried again)"] += 1
        return await self.daemon.start()

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

    async def write(self, messages: int, per_second: float, faults: int) -> None:
        """Have customers write until there were so many messages and faults, which stop nobody."""
        loop = asyncio.get_running_loop()
        start, began = loop.time(), self.sent
        while self.sent < messages or self.faults.total() < faults:
            tenant = self._rng.choice(self.tenants)
            await self.ask(tenant, self._rng.choice(tenant.customers))
            due = start + (self.sent - began) / per_second
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def ask(self, tenant: Tenant, customer: Customer) -> None:
        """One message of one customer, now and then of a hard kind."""
        text = f"Bei gani? ({self.sent})"
        self.sent += 1
        kind = self._rng.choices([*HARD, "plain"], [*HARD.values(), 1 - sum(HARD.values())])[0]
        message_id = phone_message_id()
        if kind == "same id" and tenant.last_id not in ("", *self._ids(tenant, customer)):
            # An id is unique to its sender only.
            message_id = tenant.last_id
        tenant.last_id = message_id
        tenant.asked.setdefault(customer.number, []).append(Asked(message_id, kind != "sealed"))
        if kind == "sealed":
            await customer.send(text, message_id=message_id, type="ciphertext")
            # Some become readable soon, some once they were given up, some never.
            if self._rng.random() < 0.8:
                later = self._unseal(customer, message_id, self._rng.uniform(0.5, 40))
                task = asyncio.create_task(later)
                self._unsealing.add(task)
                task.add_done_callback(self._unsealing.discard)
        elif kind == "under the number":
            await customer.send(text, message_id=message_id, addressed_by="pn")
        else:
            await customer.send(text, message_id=message_id)
        if kind == "twice":
            await customer.send(text, message_id=message_id, addressed_by="pn")

    def _ids(self, tenant: Tenant, customer: Customer) -> list[str]:
        return [one.id for one in tenant.asked.get(customer.number, [])]

    async def _unseal(self, customer: Customer, message_id: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        customer.decrypt(message_id)

    async def disturb(
        self,
        until: asyncio.Event,
        rng: random.Random,
        pause: tuple[float, float],
        only: Collection[str],
        without: Collection[str],
    ) -> None:
        """One fault after another until told to stop; of ``only`` some, where some are named."""
        faults = {
            name: fault
            for name, fault in Faults(self, rng).by_name().items()
            if name not in without and (not only or name in only)
        }
        while not until.is_set():
            [name] = rng.choices(sorted(faults), [RARE.get(name, 1) for name in sorted(faults)])
            self.faults[name] += 1
            self.tell(f"{datetime.now(UTC):%T} {self.sent}: {name}")
            await faults[name]()
            try:
                async with asyncio.timeout(rng.uniform(*pause)):
                    await until.wait()
            except TimeoutError:
                continue

    async def settle(self) -> None:
        """Wait until every worker is connected and has nothing left to do, or for long enough."""
        if self._unsealing:
            await asyncio.wait(self._unsealing)
        deadline = time.monotonic() + QUIET_SECONDS
        async with self.daemon.operator() as operator:
            while time.monotonic() < deadline:
                if all([await self._is_settled(operator, tenant) for tenant in self.tenants]):
                    return
                await asyncio.sleep(0.5)

    async def _is_settled(self, operator: Operator, tenant: Tenant) -> bool:
        live = await operator.tenant(tenant.id)
        if live["session"]["state"] != "CONNECTED" or live["worker"]["queue"]["total"]:
            return False
        [count] = await self.server.fetch(
            """
            select count(*) filter (where direction = 'IN') as heard,
                   count(*) filter (where status in ('RECEIVED', 'QUEUED')) as open
              from message_log where tenant_id = $1
            """,
            tenant.id,
        )
        asked = sum(map(len, tenant.asked.values()))
        return bool(count["open"] == 0 and count["heard"] >= asked)

    async def report(self, seconds: float) -> Report:
        """Count at the customers' side, and against the log."""
        report = Report(self.seed, self.sent, seconds, self.faults)
        for tenant in self.tenants:
            rows = await self.server.fetch(
                "select * from message_log where tenant_id = $1 order by seq", tenant.id
            )
            for customer in tenant.customers:
                report.count(customer, tenant.asked.get(customer.number, []), rows)
        report.complaints = self.daemon.errors()
        return report


@asynccontextmanager
async def world(directory: Path, seed: int, tenants: int, customers: int) -> AsyncIterator[World]:
    """A linked world, quiet so far. WhatsApp's clock is a quarter of an hour off the host's."""
    rng = random.Random(f"{seed} world")
    clock = directory / "clock"
    clock.write_text("0")
    options = SimulatorOptions(clock_skew_seconds=rng.choice((-QUARTER_SECONDS, QUARTER_SECONDS)))
    with small_disk(directory / "disk") as disk:
        async with (
            Simulator(options) as simulator,
            database.server(directory / "disk/database", directory / "line") as server,
        ):
            daemon = Daemon(
                directory / "disk/state",
                simulator.url,
                DATABASE_URL=server.url,
                RATE_LIMIT_MAX_PER_MINUTE="0",
                LOOP_BREAKER_MAX_REPLIES="0",
                # Less than the clocks are apart: a mistake about them would show.
                REPLY_MAX_AGE_MINUTES="14",
                HEARTBEAT_INTERVAL_MS="2000",
                RECONNECT_INITIAL_DELAY_MS="200",
                RECONNECT_MAX_DELAY_MS="5000",
                RECONNECT_MAX_ATTEMPTS="0",
            )
            daemon.log = directory / "daemon.log"
            daemon.module = ("tests.chaos.wrong_clock", str(clock))
            await daemon.start()
            try:
                built = World(seed, daemon, simulator, server, disk, clock)
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
    faults: int = 0,
    only: Collection[str] = (),
    without: Collection[str] = (),
    progress: Callable[[str], None] = lambda _line: None,
) -> Report:
    """One seeded run from an empty state to its report, with at least so many faults."""
    async with world(directory, seed, tenants, customers) as built:
        built.tell = progress
        began = time.monotonic()
        over = asyncio.Event()
        rng = random.Random(f"{seed} faults")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(built.disturb(over, rng, pause_seconds, only, without))
            await built.write(messages, per_second, faults)
            over.set()
        await built.settle()
        return await built.report(time.monotonic() - began)
