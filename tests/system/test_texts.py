"""Messages nobody would write, and some do."""

from __future__ import annotations

from collections.abc import Callable

from flowhqd.simulator import Simulator
from tests.system.daemon import Daemon, running

OWNER = "255712000001"
LONGEST = "bei " * 16_384
TEXTS = {
    LONGEST: LONGEST,
    "a\0b": "a\ufffdb",
    "half \ud83d of a pair": "half \ufffd of a pair",
    "bell \x07 escape \x1b[31m": "bell \x07 escape \x1b[31m",
    "👩‍👩‍👧‍👦 🇹🇿 ❤️": "👩‍👩‍👧‍👦 🇹🇿 ❤️",
    "\u202eمرحبا، كم السعر؟\u202c": "\u202eمرحبا، كم السعر؟\u202c",
    "{{ business }} {% for x in y %} {{7*7}}": "{{ business }} {% for x in y %} {{7*7}}",
    "'; drop table message_log; --": "'; drop table message_log; --",
}


async def test_wild_texts_are_answered_and_logged(
    make_daemon: Callable[..., Daemon], simulator: Simulator
) -> None:
    assert len(LONGEST) == 65_536
    daemon = make_daemon(RATE_LIMIT_MAX_PER_MINUTE="0")
    async with running(daemon) as operator:
        phone = simulator.phone(OWNER)
        tenant_id = await operator.link(phone)
        customer = phone.customer("255754000001")
        asked = [await customer.send(text) for text in TEXTS]
        replies = await customer.wait_for(len(TEXTS), 60)
        assert [reply.quoted_id for reply in replies] == asked
        assert not any("49" in reply.text for reply in replies)
        rows = {row["wa_message_id"]: row for row in await operator.logs(tenant_id)}
        assert [rows[message_id]["message_text"] for message_id in asked] == list(TEXTS.values())
        assert (await operator.tenant(tenant_id))["worker"]["last_error"] is None
    # Bodies are not in the log file unless they were asked for.
    assert "drop table" not in daemon.log.read_text()
