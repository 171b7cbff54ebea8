"""The unmodified wa-js, which searches by shape, takes the simulator for WhatsApp Web."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flowhqd.simulator import Simulator
from tests.honesty.node import NodeProgram

OWNER = "255712000001"
ASHA = "255754000001"


@pytest.mark.parametrize("serialized", ["plain", "minified"])
async def test_links_receives_and_sends_with_quote_and_given_id(
    simulator: Simulator, program: Callable[[str], NodeProgram], serialized: str
) -> None:
    simulator.options.serialized = "minified" if serialized == "minified" else "plain"
    phone = simulator.phone(OWNER)
    asha = phone.customer(ASHA, name="Asha", lid="990001")

    async with program("wa_js.cjs") as client:
        [code] = await client.until("qr")
        assert len(code.split(",")) == 4
        await phone.scan(code)
        assert await client.until("ready") == [f"{OWNER}@c.us"]
        assert [mode for [mode] in client.seen("mode")] == ["QR", "SYNCING", "MAIN"]

        for number, addressed_by in enumerate(("pn", "lid"), start=1):
            chat = asha.chat_id("lid" if addressed_by == "lid" else "pn")
            inbound = await asha.send("Habari", addressed_by="lid" if "@lid" in chat else "pn")
            assert await client.until("message", number) == [
                f"false_{chat}_{inbound}",
                "chat",
                "Habari",
            ]
            assert await client.until("sent", number) == [f"true_{chat}_3EB0{inbound}", "OK"]
            assert await client.until("history", number) == [
                f"false_{chat}_{inbound}",
                f"true_{chat}_3EB0{inbound}",
            ]
            reply = asha.received[-1]
            assert (reply.message_id, reply.quoted_id) == (f"3EB0{inbound}", inbound)
        asha.read()
        await client.until("ack", 3)
        phone.log_out("account_locked")
        assert await client.until("logout_reason") == ["account_locked"]
        await client.until("logout")
        assert client.seen("failed") + client.seen("rejection") == []
