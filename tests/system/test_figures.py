"""What monitoring is told of a daemon that answers, loses its Chromium and comes back."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from prometheus_client.parser import text_string_to_metric_families

from flowhqd.simulator import Simulator
from tests.system.daemon import Daemon, Operator, eventually, running
from tests.system.processes import browsers

OWNER = "255712000001"


async def figures(operator: Operator, wanted: str) -> dict[str, float]:
    """Every sample that is not 0 by its name and labels, once ``wanted`` is among them."""

    async def read() -> dict[str, float] | None:
        async with operator.http.get("/metrics") as response:
            text = await response.text()
        found = {
            " ".join([sample.name, *(sample.labels[name] for name in sorted(sample.labels))]): (
                sample.value
            )
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.value
        }
        return found if wanted in found else None

    return await eventually(read, wanted)


async def test_a_reply_and_a_lost_browser_are_counted(
    make_daemon: Callable[..., Daemon], simulator: Simulator
) -> None:
    daemon = make_daemon(RECONNECT_INITIAL_DELAY_MS="100", RECONNECT_MAX_DELAY_MS="100")
    async with running(daemon) as operator:
        phone = simulator.phone(OWNER)
        tenant = await operator.link(phone)
        customer = phone.customer("255754000001")
        await customer.send("Habari")
        await customer.wait_for(1)
        found = await figures(operator, "flowhqd_reply_seconds_count")
        assert found["flowhqd_reply_seconds_count"] == 1
        assert 0 < found["flowhqd_reply_seconds_sum"] < 30
        for outcome in ("IN RECEIVED", "IN ANSWERED", "OUT QUEUED"):
            assert found[f"flowhqd_messages_total {outcome}"] == 1
        assert found["flowhqd_sessions CONNECTED"] == 1
        assert found["flowhqd_browsers"] == 1
        assert found["flowhqd_browser_memory_bytes"] > 50 * 1024**2
        assert found["flowhqd_event_loop_lag_seconds_count"] > 1
        assert "flowhqd_messages_total OUT FAILED" not in found

        [browser] = browsers(daemon)
        os.kill(browser, signal.SIGKILL)
        await figures(operator, "flowhqd_reconnects_total browser_lost")
        await operator.state(tenant, "CONNECTED")
