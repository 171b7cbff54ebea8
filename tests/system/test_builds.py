"""WhatsApp Web as different builds and accounts show it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flowhqd.simulator import Simulator
from tests.system.daemon import Daemon, running

OWNER = "255712000001"


@pytest.mark.parametrize(
    "options",
    [
        {"serialized": "minified"},
        {"module_delay_seconds": 4.0},
        {"version_delay_seconds": 3.0, "sync_delay_seconds": 2.0},
        {"clock_skew_seconds": 900.0},
        {"clock_skew_seconds": -900.0},
        {"fail_quotes": True},
    ],
    ids=str,
)
async def test_a_build_is_answered_for(
    make_daemon: Callable[..., Daemon], simulator: Simulator, options: dict[str, object]
) -> None:
    for name, value in options.items():
        setattr(simulator.options, name, value)
    async with running(make_daemon()) as operator:
        phone = simulator.phone(OWNER)
        await operator.link(phone)
        customer = phone.customer("255754000001")
        asked = await customer.send("Habari, nataka kuweka miadi")
        [reply] = await customer.wait_for(1)
        assert reply.quoted_id == (None if options.get("fail_quotes") else asked)


async def test_a_customer_behind_a_lid_is_one_contact(
    make_daemon: Callable[..., Daemon], simulator: Simulator
) -> None:
    async with running(make_daemon()) as operator:
        phone = simulator.phone(OWNER)
        tenant_id = await operator.link(phone)
        customer = phone.customer("255754000001", lid="99887766554433")
        hidden = await customer.send("Habari", addressed_by="lid")
        await customer.wait_for(1)
        plain = await customer.send("Bei gani?", addressed_by="pn")
        replies = await customer.wait_for(2)
        assert [reply.quoted_id for reply in replies] == [hidden, plain]
        assert replies[0].chat.endswith("@lid")
        assert replies[1].chat.endswith("@c.us")
        rows = [row for row in await operator.logs(tenant_id) if row["direction"] == "IN"]
        assert {row["from_number"] for row in rows} == {"+255754000001"}
        # The same message under both addresses is one message.
        twice = await customer.send(
            "Asante", addressed_by="lid", message_id="AC0FFEE0AC0FFEE0AC0FFEE0AC0FFEE0"
        )
        await customer.wait_for(3)
        assert await customer.send("Asante", addressed_by="pn", message_id=twice) == twice
        after = await customer.send("Kwaheri", addressed_by="pn")
        replies = await customer.wait_for(4)
        assert [reply.quoted_id for reply in replies[2:]] == [twice, after]


@pytest.mark.parametrize(
    "options",
    [
        {"serialized": "minified"},
        {"search": "absent"},
        {"look_up": "failing"},
        {"search": "failing", "look_up": "hanging"},
    ],
    ids=str,
)
async def test_what_came_unannounced_while_nobody_listened_is_answered_in_order(
    make_daemon: Callable[..., Daemon], simulator: Simulator, options: dict[str, object]
) -> None:
    daemon = make_daemon()
    async with running(daemon) as operator:
        phone = simulator.phone(OWNER)
        tenant_id = await operator.link(phone)
    for name, value in {"announce_offline": False, **options}.items():
        setattr(simulator.options, name, value)
    known = phone.customer("255754000001")
    hidden = phone.customer("255754000002", lid="99887766554433")
    # Within one second of WhatsApp's clock, so that times alone do not tell the order.
    asked = {
        customer: [await customer.send(f"Bei gani {number}?") for number in range(6)]
        for customer in (known, hidden)
    }
    async with running(daemon) as operator:
        await operator.state(tenant_id, "CONNECTED")
        for customer, ids in asked.items():
            replies = await customer.wait_for(len(ids))
            assert [reply.quoted_id for reply in replies] == ids
        # A first send needs no look-up: nobody waits for one that is out of order.
        live = await known.send("Asante")
        replies = await known.wait_for(7)
        assert replies[-1].quoted_id == live
