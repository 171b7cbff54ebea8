"""Messages that somebody asks for, beside the replies."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

from flowhqd.simulator import Simulator
from tests.system.daemon import Daemon, Operator, eventually, running

OWNER = "255712000001"
CUSTOMER = "255754000001"


@asynccontextmanager
async def connected(daemon: Daemon, simulator: Simulator) -> AsyncIterator[tuple[Operator, str]]:
    """The daemon with one tenant whose phone is linked."""
    async with running(daemon) as operator:
        tenant_id = await operator.link(simulator.phone(OWNER))
        yield operator, tenant_id


async def send(operator: Operator, tenant_id: str, text: str, **body: Any) -> dict[str, Any]:
    path = f"/admin/tenants/{tenant_id}/messages"
    row = (await operator.post(path, {"chat": CUSTOMER, "text": text, **body}))["message"]
    assert row["status"] == "QUEUED"
    return dict(row)


async def row_as(operator: Operator, tenant_id: str, row_id: str, status: str) -> dict[str, Any]:
    """A row of the log once it has this status."""

    async def ask() -> dict[str, Any] | None:
        rows = await operator.logs(tenant_id)
        found = [row for row in rows if (row["id"], row["status"]) == (row_id, status)]
        return found[0] if found else None

    return await eventually(ask, f"row {status}")


async def test_messages_arrive_in_order_quoted_and_once(
    make_daemon: Callable[..., Daemon], simulator: Simulator
) -> None:
    async with connected(make_daemon(), simulator) as (operator, tenant_id):
        phone = simulator.phone(OWNER)
        stranger = phone.customer(CUSTOMER)
        body = {"idempotency_key": "reminder 1"}
        first = await send(operator, tenant_id, "Miadi yako ni kesho.", **body)
        [got] = await stranger.wait_for(1)
        assert (got.text, got.message_id) == (first["message_text"], first["wa_message_id"])
        row = await row_as(operator, tenant_id, first["id"], "DELIVERED")
        again = {"chat": CUSTOMER, "text": "Miadi yako ni kesho.", **body}
        answer = await operator.post(f"/admin/tenants/{tenant_id}/messages", again, 200)
        assert answer["message"] == row
        other = {**again, "text": "Samahani"}
        await operator.post(f"/admin/tenants/{tenant_id}/messages", other, 409)

        asked = await stranger.send("Habari, nataka kuweka miadi")
        await stranger.wait_for(2)
        await operator.verb(tenant_id, "pause")
        for number in range(5):
            await send(operator, tenant_id, f"Na {number}", quoted=asked)
        later = (await stranger.wait_for(7))[2:]
        assert [one.text for one in later] == [f"Na {number}" for number in range(5)]
        assert {one.quoted_id for one in later} == {asked}
        assert len(stranger.received) == 7

        owner = phone.customer(OWNER)
        await operator.post(f"/admin/tenants/{tenant_id}/test-message")
        assert "Saluni ya Asha" in (await owner.wait_for(1))[0].text


async def test_a_number_without_whatsapp_fails_and_says_so(
    make_daemon: Callable[..., Daemon], simulator: Simulator
) -> None:
    async with connected(make_daemon(), simulator) as (operator, tenant_id):
        row = await send(operator, tenant_id, "Habari")
        failed = await row_as(operator, tenant_id, row["id"], "FAILED")
        assert failed["reason"] == "recipient_unknown"
        assert f"+{CUSTOMER}" in failed["error"]
        assert simulator.phone(OWNER).customers == {}
        # Somebody is there, but can only be written to under an address nobody knows yet.
        simulator.options.lid_required = True
        hidden = simulator.phone(OWNER).customer("255754000002")
        row = await send(operator, tenant_id, "Habari", chat="255754000002")
        failed = await row_as(operator, tenant_id, row["id"], "FAILED")
        assert failed["reason"] == "recipient_unknown"
        assert hidden.received == []
        # The server tells the address of those who have one.
        known = simulator.phone(OWNER).customer("255754000003", lid="900000000000003")
        await send(operator, tenant_id, "Habari", chat="255754000003")
        [got] = await known.wait_for(1)
        assert got.text == "Habari"
        assert (await operator.tenant(tenant_id))["worker"]["status"] == "RUNNING"


async def test_what_is_asked_for_early_is_sent_when_the_phone_is_linked(
    make_daemon: Callable[..., Daemon], simulator: Simulator
) -> None:
    daemon = make_daemon()
    phone = simulator.phone(OWNER)
    customer = phone.customer(CUSTOMER)
    async with running(daemon) as operator:
        tenant_id = await operator.create(f"+{OWNER}")
        first = await send(operator, tenant_id, "Kwanza")
        await daemon.kill()
    async with running(daemon) as operator:
        await operator.verb(tenant_id, "worker/start")
        await phone.scan(await operator.qr(tenant_id))
        await row_as(operator, tenant_id, first["id"], "DELIVERED")
        # A send in flight when the daemon dies is looked up, not repeated.
        simulator.options.hold_acks = True
        second = await send(operator, tenant_id, "Pili")
        await customer.wait_for(2)
        await daemon.kill()
        simulator.options.hold_acks = False
    async with running(daemon) as operator:
        await operator.state(tenant_id, "CONNECTED")
        await row_as(operator, tenant_id, second["id"], "DELIVERED")
        await send(operator, tenant_id, "Tatu")
        assert [one.text for one in await customer.wait_for(3)] == ["Kwanza", "Pili", "Tatu"]


async def test_a_full_window_is_waited_for(
    make_daemon: Callable[..., Daemon], simulator: Simulator
) -> None:
    daemon = make_daemon(RATE_LIMIT_MAX_PER_MINUTE="2", RATE_LIMIT_WINDOW_MS="1500")
    async with connected(daemon, simulator) as (operator, tenant_id):
        customer = simulator.phone(OWNER).customer(CUSTOMER)
        began = monotonic()
        texts = [f"Ujumbe {number}" for number in range(5)]
        rows = [await send(operator, tenant_id, text) for text in texts]
        assert [one.text for one in await customer.wait_for(5)] == texts
        assert monotonic() - began >= 3.0
        for row in rows:
            await row_as(operator, tenant_id, row["id"], "DELIVERED")


async def test_nothing_waits_for_a_wrong_phone(
    make_daemon: Callable[..., Daemon], simulator: Simulator
) -> None:
    async with running(make_daemon()) as operator:
        tenant_id = await operator.create(f"+{OWNER}")
        row = await send(operator, tenant_id, "Habari")
        await operator.verb(tenant_id, "worker/start")
        wrong = simulator.phone("255712000009")
        customer = wrong.customer(CUSTOMER)
        await wrong.scan(await operator.qr(tenant_id))
        failed = await row_as(operator, tenant_id, row["id"], "FAILED")
        assert failed["reason"] == "wrong_number"
        body = {"chat": CUSTOMER, "text": "Habari"}
        await operator.post(f"/admin/tenants/{tenant_id}/messages", body, 409)
        assert customer.received == []
