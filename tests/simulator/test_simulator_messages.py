"""Messages between customers' phones and a linked page."""

from __future__ import annotations

from flowhqd.simulator import Phone
from tests.simulator.tab import Tab


async def test_a_customers_message_is_answered_with_a_quote(linked: Tab, phone: Phone) -> None:
    asha = phone.customer("255754000001", name="Asha")
    inbound = await asha.send("Habari")
    key = f"false_255754000001@c.us_{inbound}"
    await linked.until("add", key, "chat", "Habari", True)

    await linked.send("255754000001@c.us", "3EB0FEED", "Karibu", quoted=key)
    [reply] = await asha.wait_for(1)

    assert (reply.text, reply.message_id, reply.quoted_id) == ("Karibu", "3EB0FEED", inbound)
    assert await linked.send_result("3EB0FEED") == "OK"
    await linked.until("ack", "true_255754000001@c.us_3EB0FEED", 2)
