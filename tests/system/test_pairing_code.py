"""Linking by a code that is typed on the phone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flowhqd.simulator import Simulator
from flowhqd.simulator.errors import CodeRejected
from tests.system.daemon import Daemon, Operator, eventually, running

OWNER = "255712000001"


async def ask(operator: Operator, tenant_id: str, status: int = 200) -> dict[str, Any]:
    answer = await operator.post(f"/admin/tenants/{tenant_id}/pairing-code", status=status)
    return dict(answer)


async def test_a_phone_is_linked_by_the_code_that_it_is_asked_for(
    make_daemon: Callable[..., Daemon], simulator: Simulator
) -> None:
    phone = simulator.phone(OWNER)
    async with running(make_daemon()) as operator:
        tenant_id = await operator.create(f"+{OWNER}")
        before = datetime.now(UTC)
        # The worker was never started: who wants to link a phone wants it to run.
        given = await ask(operator, tenant_id)
        assert len(given["code"]) == 8
        expires_at = datetime.fromisoformat(given["expires_at"])
        assert before < expires_at - timedelta(minutes=3) < datetime.now(UTC)
        assert (await operator.tenant(tenant_id))["worker"]["status"] == "RUNNING"

        # It is the same for everybody who asks while it is good.
        again = await asyncio.gather(*(ask(operator, tenant_id) for _ in range(3)))
        assert again == [given] * 3
        shown = await operator.get(f"/admin/tenants/{tenant_id}/qr")
        assert (shown["state"], shown["qr"]) == ("QR_READY", None)
        problem = await operator.get(f"/admin/tenants/{tenant_id}/qr?format=raw", 404)
        assert "pairing code" in problem["detail"]

        with pytest.raises(CodeRejected):
            await phone.enter_code("WRONG123")
        with pytest.raises(CodeRejected):
            await simulator.phone("255712000009").enter_code(given["code"])
        await phone.enter_code(given["code"])
        await operator.state(tenant_id, "CONNECTED")
        problem = await ask(operator, tenant_id, 409)
        assert "CONNECTED" in problem["detail"]
        problem = await operator.post(f"/admin/tenants/{tenant_id}/qr", status=409)
        assert "CONNECTED" in problem["detail"]

        customer = phone.customer("255754000001")
        await customer.send("Habari, nataka kuweka miadi")
        await customer.wait_for(1)


async def test_codes_to_scan_come_back_when_they_are_asked_for(
    make_daemon: Callable[..., Daemon], simulator: Simulator
) -> None:
    phone = simulator.phone(OWNER)
    async with running(make_daemon()) as operator:
        tenant_id = await operator.create(f"+{OWNER}")
        await operator.verb(tenant_id, "worker/start")
        await operator.qr(tenant_id)
        simulator.options.link_code_seconds = 0.0
        expired = await ask(operator, tenant_id)
        with pytest.raises(CodeRejected):
            await phone.enter_code(expired["code"])

        for _ in range(2):
            await operator.verb(tenant_id, "qr")

        async def scannable() -> str | None:
            shown = await operator.get(f"/admin/tenants/{tenant_id}/qr")
            return str(shown["qr"]) if shown["qr"] else None

        await eventually(scannable, "code to scan", 15)
        # A restarted page knows nothing of the code of the one before.
        await ask(operator, tenant_id)
        await operator.verb(tenant_id, "worker/restart")
        simulator.options.link_code_seconds = 195.0
        fresh = await ask(operator, tenant_id)
        assert fresh["code"] != expired["code"]
        await operator.verb(tenant_id, "qr")
        await eventually(scannable, "code to scan", 15)
        await phone.scan(await operator.qr(tenant_id))
        await operator.state(tenant_id, "CONNECTED")


async def test_a_code_outlives_the_codes_to_scan(
    make_daemon: Callable[..., Daemon], simulator: Simulator
) -> None:
    # A round of codes to scan is over within 1.6 seconds, and the page then idles.
    simulator.options.qr_scale = 0.01
    async with running(make_daemon()) as operator:
        tenant_id = await operator.create(f"+{OWNER}")
        await operator.verb(tenant_id, "worker/start")
        given = await ask(operator, tenant_id)

        async def idles() -> bool | None:
            return True if all(page.ref is None for page in simulator.devices) else None

        await eventually(idles, "page without codes to scan")
        assert await ask(operator, tenant_id) == given
        simulator.options.qr_scale = 1.0
        await operator.verb(tenant_id, "qr")
        await operator.state(tenant_id, "QR_READY")

        async def scannable() -> str | None:
            shown = await operator.get(f"/admin/tenants/{tenant_id}/qr")
            return str(shown["qr"]) if shown["qr"] else None

        await eventually(scannable, "code to scan", 15)
        again = await ask(operator, tenant_id)
        assert again["code"] != given["code"]
        await simulator.phone(OWNER).enter_code(again["code"])
        await operator.state(tenant_id, "CONNECTED")


async def test_no_code_comes_from_a_whatsapp_that_cannot_be_reached(
    make_daemon: Callable[..., Daemon], simulator: Simulator
) -> None:
    simulator.options.blocked = "TOS_BLOCK"
    async with running(make_daemon()) as operator:
        tenant_id = await operator.create(f"+{OWNER}")
        problem = await ask(operator, tenant_id, 409)
        assert "worker ERROR" in problem["detail"]
