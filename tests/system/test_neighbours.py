"""Three tenants in one Chromium: none sees, slows or stops another."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from flowhqd.simulator import Simulator
from tests.system.daemon import Daemon, Operator, eventually, running
from tests.system.processes import browsers, renderers

OWNERS = ["255712000001", "255712000002", "255712000003"]


async def linked(operator: Operator, simulator: Simulator, owner: str) -> str:
    tenant_id = await operator.create(f"+{owner}", business_name=f"Duka {owner}")
    await operator.verb(tenant_id, "worker/start")
    await simulator.phone(owner).scan(await operator.qr(tenant_id))
    await operator.state(tenant_id, "CONNECTED")
    return tenant_id


async def answered(simulator: Simulator, owner: str) -> None:
    """A customer of this owner gets exactly one more reply, to what was asked."""
    customer = simulator.phone(owner).customer("255754000001")
    before = len(customer.received)
    asked = await customer.send("Habari")
    replies = await customer.wait_for(before + 1, 60)
    assert [reply.quoted_id for reply in replies[before:]] == [asked]


async def test_three_tenants_share_a_browser_and_nothing_else(
    make_daemon: Callable[..., Daemon], simulator: Simulator
) -> None:
    daemon = make_daemon(RECONNECT_INITIAL_DELAY_MS="200", LOOP_BREAKER_MAX_REPLIES="0")
    async with running(daemon) as operator:
        before = set(renderers(daemon))
        tenants, pages = [], []
        for owner in OWNERS:
            tenants.append(await linked(operator, simulator, owner))
            [page] = set(renderers(daemon)) - before - set(pages)
            pages.append(page)
        [browser] = browsers(daemon)

        # The same customer writes to all three businesses.
        for owner in OWNERS:
            await answered(simulator, owner)
        for tenant_id, owner in zip(tenants, OWNERS, strict=True):
            rows = await operator.logs(tenant_id)
            assert [row["direction"] for row in rows] == ["IN", "OUT"]
            [customer] = [simulator.phone(owner).customer("255754000001")]
            assert rows[1]["message_text"] == customer.received[0].text

        os.kill(pages[0], signal.SIGKILL)
        for owner in OWNERS[1:]:
            await answered(simulator, owner)
        others = [(await operator.tenant(tenant))["session"]["since"] for tenant in tenants[1:]]

        async def again() -> bool | None:
            await answered(simulator, OWNERS[0])
            return True

        await eventually(again, "answers from the crashed tenant")
        for tenant_id, since in zip(tenants[1:], others, strict=True):
            assert (await operator.tenant(tenant_id))["session"]["since"] == since

        os.kill(browser, signal.SIGKILL)
        for owner in OWNERS:
            await answered(simulator, owner)
        for tenant_id in tenants:
            tenant = await operator.state(tenant_id, "CONNECTED")
            assert tenant["status"] == "ACTIVE"
            audit = [row["status"] for row in await operator.logs(tenant_id)]
            assert set(audit) <= {"ANSWERED", "SENT", "DELIVERED", "READ"}
        assert browsers(daemon) != [browser]
        assert not any("qr_shown" in line and "lost" in line for line in daemon.log.open())
