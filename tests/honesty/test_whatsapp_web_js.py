"""The unmodified whatsapp-web.js takes the simulator for WhatsApp Web."""

from __future__ import annotations

from collections.abc import Callable

from flowhqd.simulator import Simulator
from tests.honesty.node import NodeProgram

OWNER = "255712000001"
ASHA = "255754000001@c.us"


async def test_sees_ticks_edits_deletions_and_a_log_out(
    simulator: Simulator, program: Callable[[str], NodeProgram]
) -> None:
    phone = simulator.phone(OWNER)
    asha = phone.customer("255754000001", name="Asha")

    async with program("whatsapp_web.cjs") as client:
        [code] = await client.until("qr")
        await phone.scan(code)
        await client.until("ready")

        inbound = await asha.send("Siri", type="ciphertext")
        await client.until("ciphertext")
        asha.decrypt(inbound)
        assert (await client.until("message"))[3] == "Siri"
        await asha.wait_for(1)
        asha.read()
        reply = asha.received[0].message_id
        await client.until_exactly("message_ack", f"true_{ASHA}_{reply}", 3)

        asha.edit(inbound, "Sirini")
        await client.until_exactly("edited", f"false_{ASHA}_{inbound}", "Sirini")
        asha.revoke(inbound)
        assert await client.until("revoked") == [f"false_{ASHA}_{inbound}"]

        phone.drop_line()
        await client.until_exactly("change_state", "OPENING")
        await client.until_exactly("change_state", "CONNECTED")
        shown = len(client.seen("qr"))
        phone.log_out()
        assert await client.until("disconnected") == ["LOGOUT"]
        [code] = await client.until("qr", shown + 1)
        await phone.scan(code)
        await client.until("ready", 2)


async def test_links_receives_replies_and_comes_back_without_a_code(
    simulator: Simulator, program: Callable[[str], NodeProgram]
) -> None:
    phone = simulator.phone(OWNER)
    asha = phone.customer("255754000001", name="Asha")

    async with program("whatsapp_web.cjs") as client:
        [code] = await client.until("qr")
        assert len(code.split(",")) == 5
        await phone.scan(code)
        assert await client.until("ready") == [f"{OWNER}@c.us"]

        inbound = await asha.send("Habari, nataka kuweka miadi")
        key, chat, kind, body = await client.until("message")
        assert key == f"false_{ASHA}_{inbound}"
        assert (chat, kind, body) == (ASHA, "chat", "Habari, nataka kuweka miadi")
        [reply] = await asha.wait_for(1)
        assert (reply.text, reply.quoted_id) == (f"Nimepokea: {body}", inbound)
        assert await client.until("replied") == [f"true_{ASHA}_{reply.message_id}", ASHA, "Asha"]
        assert client.seen("failed") + client.seen("rejection") == []

    async with program("whatsapp_web.cjs") as client:
        await client.until("ready")
        inbound = await asha.send("Bado mpo?")
        await client.until("message")
        replies = await asha.wait_for(2)
        assert replies[-1].quoted_id == inbound
        # Memory has the chat's last message after a restart; what was before is loaded.
        assert await client.until("history") == [
            f"false_{ASHA}_{replies[0].quoted_id}",
            f"true_{ASHA}_{replies[0].message_id}",
            f"false_{ASHA}_{inbound}",
            f"true_{ASHA}_{replies[1].message_id}",
        ]
        assert client.seen("qr") + client.seen("failed") + client.seen("rejection") == []
