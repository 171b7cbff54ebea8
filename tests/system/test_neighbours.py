"""Three tenants in one Chromium: none sees, slows or stops another."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from flowhqd.simulator import Simulator
from tests.system.daemon import Daemon, running
from tests.system.processes import browsers, renderers

OWNERS = ["255712000001", "255712000002", "255712000003"]


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
        tenants = [await operator.link(simulator.phone(owner)) for owner in OWNERS[:2]]
        before = set(renderers(daemon))
        tenants.append(await operator.link(simulator.phone(OWNERS[2])))
        [page] = set(renderers(daemon)) - before
        [browser] = browsers(daemon)

        # The same customer writes to all three businesses.
        for owner in OWNERS:
            await answered(simulator, owner)
        for tenant_id, owner in zip(tenants, OWNERS, strict=True):
            rows = await operator.logs(tenant_id)
            assert [row["direction"] for row in rows] == ["IN", "OUT"]
            [customer] = [simulator.phone(owner).customer("255754000001")]
            assert rows[1]["message_text"] == customer.received[0].text

        others = [(await operator.tenant(tenant))["session"]["since"] for tenant in tenants[:2]]
        os.kill(page, signal.SIGKILL)
        for owner in OWNERS:
            await answered(simulator, owner)
        for tenant_id, since in zip(tenants[:2], others, strict=True):
            assert (await operator.tenant(tenant_id))["session"]["since"] == since

        os.kill(browser, signal.SIGKILL)
        for owner in OWNERS:
            await answered(simulator, owner)
        for tenant_id in tenants:
            tenant = await operator.state(tenant_id, "CONNECTED")
            assert tenant["status"] == "ACTIVE"
            rows = await operator.logs(tenant_id)
            assert {row["status"] for row in rows if row["direction"] == "IN"} == {"ANSWERED"}
        assert browsers(daemon) != [browser]
        # Each tenant was linked by one code; none was needed again.
        assert daemon.log.read_text().count("qr_shown") == len(OWNERS)
