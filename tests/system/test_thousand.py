"""Many messages at once: each answered once, in order, per chat."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from flowhqd.simulator import Simulator
from tests.system.daemon import Daemon, eventually, running

OWNER = "255712000001"
CHATS, EACH = 50, 20


@pytest.mark.timeout(300)
async def test_a_thousand_messages_are_answered_once_and_in_order(
    make_daemon: Callable[..., Daemon], simulator: Simulator
) -> None:
    daemon = make_daemon(RATE_LIMIT_MAX_PER_MINUTE="0", LOOP_BREAKER_MAX_REPLIES="0")
    async with running(daemon) as operator:
        phone = simulator.phone(OWNER)
        tenant_id = await operator.link(phone)
        customers = [phone.customer(f"2557540{number:05}") for number in range(CHATS)]
        asked: dict[str, list[str]] = {customer.number: [] for customer in customers}
        for turn in range(EACH):
            for customer in customers:
                asked[customer.number].append(await customer.send(f"Bei gani? ({turn})"))
        await asyncio.gather(*(customer.wait_for(EACH, 200) for customer in customers))

        async def settled() -> bool | None:
            tenant = await operator.tenant(tenant_id)
            return True if tenant["worker"]["queue"]["total"] == 0 else None

        await eventually(settled, "empty queue")
        for customer in customers:
            replies = [reply.quoted_id for reply in customer.received]
            assert replies == asked[customer.number]
        rows = await operator.logs(tenant_id)
        inbound = [row for row in rows if row["direction"] == "IN"]
        assert len(inbound) == CHATS * EACH
        assert {row["status"] for row in inbound} == {"ANSWERED"}
