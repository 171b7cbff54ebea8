"""Single faults under a running daemon, each with what must come back by itself."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

from flowhqd.simulator import Customer, Simulator
from tests.system.daemon import Daemon, eventually, running

OWNER = "255712000001"
MakeDaemon = Callable[..., Daemon]


async def test_the_embedded_database_comes_back_when_it_is_killed(
    make_daemon: MakeDaemon, simulator: Simulator
) -> None:
    daemon = make_daemon()
    async with running(daemon) as operator:
        phone = simulator.phone(OWNER)
        await operator.link(phone)
        customer = phone.customer("255754000001")
        pid_file = daemon.state / "postgres/data/postmaster.pid"
        os.kill(int(await asyncio.to_thread(_first_line, pid_file)), signal.SIGKILL)
        asked = await customer.send("Habari")
        [reply] = await customer.wait_for(1, 60)
        assert reply.quoted_id == asked


def _first_line(path: Path) -> str:
    return path.read_text().splitlines()[0]


async def test_what_came_behind_a_reply_that_is_still_to_be_sent_is_found(
    make_daemon: MakeDaemon, simulator: Simulator
) -> None:
    """Such a reply is the first in the memory of the next page, and what came after it is not."""
    daemon = make_daemon()
    simulator.options.clock_skew_seconds = -1200
    async with running(daemon) as operator:
        phone = simulator.phone(OWNER)
        tenant_id = await operator.link(phone)
        [device] = phone.devices
        customer = phone.customer("255754000001")
        asked = [await customer.send("Habari za asubuhi")]

        async def delivered() -> bool | None:
            return [row["status"] for row in await operator.logs(tenant_id)][1:] == [
                "DELIVERED"
            ] or None

        await eventually(delivered, "delivered reply")

        # Twenty minutes later; the page learns the time anew.
        simulator.options.clock_skew_seconds = 0
        phone.drop_line()
        await phone.wait_for("offline")
        await operator.state(tenant_id, "CONNECTED")
        await phone.wait_for("online")
        simulator.options.hold_acks = True
        asked.append(await customer.send("Habari"))
        await customer.wait_for(2, 60)

        # The page goes on for a while, and nobody hears what it says.
        assert daemon.process is not None
        daemon.process.send_signal(signal.SIGSTOP)
        asked += [await customer.send(f"Bei gani? ({number})") for number in range(5)]
        await simulator.changed.wait_until(lambda: device.queued == 0, 15)
        await daemon.kill()
        simulator.options.hold_acks = False
    async with running(daemon) as operator:
        await operator.state(tenant_id, "CONNECTED")
        asked.append(await customer.send("Asante"))
        replies = await customer.wait_for(len(asked), 40)
    assert [reply.quoted_id for reply in replies] == asked


async def test_a_stop_under_load_loses_and_doubles_nothing(
    make_daemon: MakeDaemon, simulator: Simulator
) -> None:
    daemon = make_daemon(RATE_LIMIT_MAX_PER_MINUTE="0", LOOP_BREAKER_MAX_REPLIES="0")
    phone = simulator.phone(OWNER)
    customers = [phone.customer(f"25575400000{number}") for number in range(5)]
    asked: dict[str, list[str]] = {customer.number: [] for customer in customers}

    over = asyncio.Event()

    async def crowd(customer: Customer) -> None:
        while not over.is_set():
            # Who waits for many answers waits; a slow host has no end of work otherwise.
            if len(asked[customer.number]) - len(customer.received) < 20:
                asked[customer.number].append(await customer.send("Bei gani?"))
            await asyncio.sleep(0.2)

    async with running(daemon) as operator:
        tenant_id = await operator.link(phone)
    async with asyncio.TaskGroup() as tasks:
        for customer in customers:
            tasks.create_task(crowd(customer))
        for _ in range(2):
            await daemon.start()
            await customers[0].wait_for(len(customers[0].received) + 2, 30)
            assert await daemon.stop() == 0
        over.set()
    async with running(daemon) as operator:

        async def settled() -> bool | None:
            rows = await operator.logs(tenant_id)
            heard = sum(row["direction"] == "IN" for row in rows)
            is_open = any(row["status"] in ("RECEIVED", "QUEUED") for row in rows)
            return (heard == sum(map(len, asked.values())) and not is_open) or None

        await eventually(settled, "end of the work")
    for customer in customers:
        assert [reply.quoted_id for reply in customer.received] == asked[customer.number]
    assert not daemon.errors()
