"""What happens to a linked tenant, and what people do to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest

from flowhqd.simulator import Customer, Phone, Simulator
from tests.system.daemon import Daemon, Operator, eventually, running

OWNER = "255712000001"


@dataclass
class Linked:
    """A daemon with one connected tenant."""

    operator: Operator
    simulator: Simulator
    tenant_id: str
    phone: Phone
    customer: Customer

    async def answered(self) -> None:
        """The customer writes and gets exactly one more reply."""
        before = len(self.customer.received)
        asked = await self.customer.send("Habari")
        replies = await self.customer.wait_for(before + 1, 60)
        assert [reply.quoted_id for reply in replies[before:]] == [asked]

    async def verb(self, verb: str, body: object = None) -> dict[str, object]:
        return await self.operator.verb(self.tenant_id, verb, body)

    async def state(self, wanted: str) -> dict[str, object]:
        return await self.operator.state(self.tenant_id, wanted)

    async def scan(self) -> None:
        await self.phone.scan(await self.operator.qr(self.tenant_id))
        await self.state("CONNECTED")


@pytest.fixture
async def linked(make_daemon: Callable[..., Daemon], simulator: Simulator) -> AsyncIterator[Linked]:
    daemon = make_daemon(
        RECONNECT_INITIAL_DELAY_MS="200",
        HEARTBEAT_INTERVAL_MS="1000",
        OWNER_PAUSE_MINUTES="0",
    )
    async with running(daemon) as operator:
        tenant_id = await operator.create(f"+{OWNER}")
        await operator.verb(tenant_id, "worker/start")
        phone = simulator.phone(OWNER)
        found = Linked(operator, simulator, tenant_id, phone, phone.customer("255754000001"))
        await found.scan()
        yield found


async def test_logged_out_on_the_phone_waits_for_a_person(linked: Linked) -> None:
    await linked.answered()
    linked.phone.log_out()
    tenant = await linked.operator.worker(linked.tenant_id, "ERROR", "logged_out")
    assert tenant["status"] == "ERROR"
    assert tenant["session"]["state"] == "DISCONNECTED"
    assert "code" in tenant["session"]["action"]
    await linked.verb("qr")
    await linked.scan()
    await linked.answered()
    tenant = await linked.operator.tenant(linked.tenant_id)
    assert (tenant["status"], tenant["worker"]["last_error"]) == ("ACTIVE", None)


async def test_a_dropped_line_comes_back_by_itself(linked: Linked) -> None:
    linked.phone.go_offline()
    tenant = await linked.state("DISCONNECTED")
    assert tenant["worker"] is not None
    asked = await linked.customer.send("Mpo?")
    linked.phone.go_online()
    await linked.state("CONNECTED")
    [reply] = await linked.customer.wait_for(1, 60)
    assert reply.quoted_id == asked
    await linked.answered()


async def test_a_session_that_was_opened_elsewhere_is_taken_back(linked: Linked) -> None:
    linked.phone.force_conflict()
    await linked.answered()
    tenant = await linked.operator.state(linked.tenant_id, "CONNECTED")
    assert tenant["worker"]["reconnect"]["attempt"] == 0, "its page was not opened anew"


async def test_paused_logs_and_keeps_quiet(linked: Linked) -> None:
    paused = await linked.verb("pause")
    assert (paused["status"], paused["session"]["state"]) == ("PAUSED", "CONNECTED")  # type: ignore[index]
    asked = await linked.customer.send("Habari")

    async def logged() -> dict[str, str] | None:
        rows = await linked.operator.logs(linked.tenant_id)
        return next((row for row in rows if row["reason"] == "paused"), None)

    row = await eventually(logged, "row of the paused tenant")
    assert (row["wa_message_id"], row["status"]) == (asked, "UNANSWERED")
    resumed = await linked.verb("resume")
    assert resumed["status"] == "ACTIVE"
    await linked.answered()


async def test_stopped_and_started(linked: Linked) -> None:
    stopped = await linked.verb("worker/stop")
    assert stopped["worker"]["status"] == "STOPPED"  # type: ignore[index]
    assert stopped["session"]["state"] == "DISCONNECTED"  # type: ignore[index]
    assert stopped["status"] == "ACTIVE"
    again = await linked.verb("worker/stop")
    assert again["worker"]["since"] == stopped["worker"]["since"]  # type: ignore[index]
    asked = await linked.customer.send("Mpo?")
    await linked.verb("worker/start")
    await linked.state("CONNECTED")
    running_ = await linked.verb("worker/start")
    assert running_["session"]["state"] == "CONNECTED"  # type: ignore[index]
    [reply] = await linked.customer.wait_for(1, 60)
    assert reply.quoted_id == asked


async def test_force_restart_keeps_the_login_unless_told_otherwise(linked: Linked) -> None:
    await linked.verb("worker/force-restart")
    await linked.state("CONNECTED")
    await linked.answered()
    await linked.verb("worker/force-restart", {"forget_login": True})
    await linked.phone.wait_for("unlinked")
    await linked.scan()
    await linked.answered()


async def test_deleting_logs_the_device_out(linked: Linked) -> None:
    async with linked.operator.http.delete(f"/admin/tenants/{linked.tenant_id}") as response:
        assert response.status in (200, 204)
    await linked.phone.wait_for("unlinked")
    await linked.operator.get(f"/admin/tenants/{linked.tenant_id}", 404)


async def test_a_wrong_phone_is_not_answered_for_until_it_is_accepted(linked: Linked) -> None:
    other = await linked.operator.create("+255712000009")
    await linked.operator.verb(other, "worker/start")
    phone = linked.simulator.phone("255712000008")
    await phone.scan(await linked.operator.qr(other))
    tenant = await linked.operator.state(other, "CONNECTED")
    assert tenant["status"] == "ERROR"
    assert tenant["worker"]["reason"] == "wrong_number"
    customer = phone.customer("255754000002")
    await customer.send("Habari")

    async def logged() -> bool | None:
        rows = await linked.operator.logs(other)
        return True if [row["reason"] for row in rows] == ["wrong_number"] else None

    await eventually(logged, "unanswered row")
    async with linked.operator.http.patch(
        f"/admin/tenants/{other}", json={"phone_number": "+255712000008"}
    ) as response:
        assert response.status == 200, await response.text()
    tenant = await linked.operator.tenant(other)
    assert (tenant["status"], tenant["worker"]["reason"]) == ("ACTIVE", "connected")
    asked = await customer.send("Mpo?")
    [reply] = await customer.wait_for(1)
    assert reply.quoted_id == asked
    async with linked.operator.http.patch(
        f"/admin/tenants/{other}", json={"phone_number": "+255712000007"}
    ) as response:
        assert response.status == 200, await response.text()
    tenant = await linked.operator.tenant(other)
    assert (tenant["status"], tenant["worker"]["reason"]) == ("ERROR", "wrong_number")


async def test_a_phone_serves_one_tenant(linked: Linked) -> None:
    other = await linked.operator.create("+255712000009")
    await linked.operator.verb(other, "worker/start")
    await linked.phone.scan(await linked.operator.qr(other))
    tenant = await linked.operator.worker(other, "ERROR", "number_in_use")
    assert tenant["session"]["state"] == "DISCONNECTED"
    await linked.answered()


async def test_a_login_that_was_revoked_meanwhile_is_an_auth_failure(linked: Linked) -> None:
    await linked.verb("worker/stop")
    linked.phone.revoke()
    await linked.verb("worker/start")
    tenant = await linked.operator.worker(linked.tenant_id, "ERROR", "auth_failure")
    assert (tenant["status"], tenant["session"]["state"]) == ("ERROR", "DISCONNECTED")


async def test_codes_that_nobody_scans_end_by_themselves(
    make_daemon: Callable[..., Daemon], simulator: Simulator
) -> None:
    simulator.options.qr_scale = 0.02
    daemon = make_daemon()
    async with running(daemon) as operator:
        tenant_id = await operator.create(f"+{OWNER}")
        await operator.verb(tenant_id, "worker/start")
        first = await operator.qr(tenant_id)
        tenant = await operator.worker(tenant_id, "STOPPED", "qr_timeout")
        assert (tenant["status"], tenant["session"]["state"]) == ("QR_PENDING", "DISCONNECTED")

        async def rests() -> bool | None:
            tenant = await operator.tenant(tenant_id)
            return tenant["worker"]["derived"] == "RESTING" or None

        # The state is written before the page is closed.
        await eventually(rests, "rest")
    simulator.options.qr_scale = 1.0
    async with running(daemon) as operator:
        # Nobody asked for a code since: none is shown.
        tenant = await operator.tenant(tenant_id)
        assert (tenant["worker"]["status"], tenant["worker"]["reason"]) == ("STOPPED", "qr_timeout")
        await operator.verb(tenant_id, "qr")
        assert await operator.qr(tenant_id) != first
