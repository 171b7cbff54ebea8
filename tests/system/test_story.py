"""The main job, from an empty state to an answered customer."""

from __future__ import annotations

from collections.abc import Callable

from flowhqd.simulator import Simulator
from tests.scanner import decode
from tests.system.daemon import Daemon, eventually, running
from tests.system.processes import listening_ports

OWNER = "255712000001"


async def test_from_nothing_to_an_answered_customer(
    make_daemon: Callable[..., Daemon], simulator: Simulator
) -> None:
    daemon = make_daemon()
    async with running(daemon) as operator:
        tenant_id = await operator.create(f"+{OWNER}")
        started = await operator.verb(tenant_id, "worker/start")
        assert started["worker"]["status"] == "RUNNING"
        text = await operator.qr(tenant_id)
        async with operator.http.get(f"/admin/tenants/{tenant_id}/qr?format=png") as response:
            assert response.content_type == "image/png"
            assert decode(await response.read()) == text

        await simulator.phone(OWNER).scan(text)
        tenant = await operator.state(tenant_id, "CONNECTED")
        assert (tenant["status"], tenant["worker"]["status"]) == ("ACTIVE", "RUNNING")
        assert tenant["session"]["provider"] == "native"
        assert (await operator.get(f"/admin/tenants/{tenant_id}/qr"))["qr"] is None

        async with operator.http.get(f"/admin/tenants/{tenant_id}/screenshot") as response:
            assert (response.status, response.content_type) == (200, "image/png")
            assert (await response.read()).startswith(b"\x89PNG")

        customer = simulator.phone(OWNER).customer("255754000001", name="Neema")
        asked = await customer.send("Habari, nataka kuweka miadi")
        [reply] = await customer.wait_for(1)
        assert "miadi" in reply.text
        assert reply.quoted_id == asked

        async def logged() -> list[dict[str, str]] | None:
            rows = await operator.logs(tenant_id)
            return rows if [row["status"] for row in rows] == ["ANSWERED", "DELIVERED"] else None

        inbound, outbound = await eventually(logged, "IN and OUT in the log")
        assert (inbound["direction"], inbound["wa_message_id"]) == ("IN", asked)
        assert inbound["from_number"] == "+255754000001"
        assert (outbound["direction"], outbound["message_text"]) == ("OUT", reply.text)
        assert outbound["wa_message_id"] == reply.message_id
        assert listening_ports(daemon) == {int(daemon.url.rpartition(":")[2])}
        await daemon.stop()
    assert "Traceback" not in daemon.log.read_text()


async def test_a_restarted_daemon_is_connected_again_without_a_code(
    make_daemon: Callable[..., Daemon], simulator: Simulator
) -> None:
    daemon = make_daemon()
    phone = simulator.phone(OWNER)
    customer = phone.customer("255754000001", name="Neema")
    async with running(daemon) as operator:
        tenant_id = await operator.link(phone)
        assert await daemon.stop() == 0
    missed = await customer.send("Bei gani?")
    async with running(daemon) as operator:
        tenant = await operator.state(tenant_id, "CONNECTED")
        assert tenant["status"] == "ACTIVE"
        [reply] = await customer.wait_for(1)
        assert reply.quoted_id == missed
        await daemon.kill()
    asked = [await customer.send(f"Nataka miadi kesho saa {hour}") for hour in ("tatu", "nne")]
    async with running(daemon) as operator:
        await operator.state(tenant_id, "CONNECTED")
        replies = await customer.wait_for(3)
        assert [reply.quoted_id for reply in replies] == [missed, *asked]
