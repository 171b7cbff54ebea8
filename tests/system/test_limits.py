"""A tenant's own limits, edited while its customers write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flowhqd.simulator import Simulator
from tests.system.daemon import Daemon, eventually, running

OWNER = "255712000001"
HOUR_MS = 3_600_000


async def test_an_edit_of_the_window_counts_at_once(
    make_daemon: Callable[..., Daemon], simulator: Simulator
) -> None:
    async with running(make_daemon()) as operator:
        phone = simulator.phone(OWNER)
        tenant_id = await operator.link(phone)
        customer = phone.customer("255754000001")

        async def own(**limits: int) -> None:
            body = {"limits": limits}
            await operator.post(f"/admin/tenants/{tenant_id}/edit", body, status=200)

        async def window() -> dict[str, Any]:
            rate: dict[str, Any] = (await operator.tenant(tenant_id))["worker"]["rate_limit"]
            return rate

        await own(rate_limit_max_per_minute=1, rate_limit_window_ms=HOUR_MS)
        assert (await window())["limit"] == 1, "shown before anybody writes"
        for count in (1, 2):
            await customer.send("bei gani?")
            # The answer, and the warning that comes once.
            await customer.wait_for(count, 60)
        assert (await window())["warning_sent"]
        await own(rate_limit_window_ms=1_000)

        async def turned() -> bool | None:
            return (await window())["used"] == 0 or None

        await eventually(turned, "a new window")
        await customer.send("bei gani?")
        await customer.wait_for(3, 60)
        said = [row["status"] for row in await operator.logs(tenant_id) if row["direction"] == "IN"]
        assert said == ["ANSWERED", "SUPPRESSED", "ANSWERED"]
