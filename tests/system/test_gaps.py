"""What a gap leaves behind in a real page."""

from __future__ import annotations

from collections.abc import Callable

from flowhqd.simulator import Simulator
from tests.system.daemon import Daemon, eventually, running

OWNER = "255712000001"


async def test_what_was_read_on_the_phone_or_could_not_be_read_is_answered(
    make_daemon: Callable[..., Daemon], simulator: Simulator
) -> None:
    async with running(make_daemon()) as operator:
        phone = simulator.phone(OWNER)
        tenant_id = await operator.link(phone)
        reader, sealed = phone.customer("255754000001"), phone.customer("255754000002")
        await operator.verb(tenant_id, "worker/stop")

        # Looking at a message is no answer.
        read = await reader.send("Mpo?")
        phone.read_as_owner(reader)
        unreadable = await sealed.send("Bei gani?", type="ciphertext")
        await operator.verb(tenant_id, "worker/start")
        [reply] = await reader.wait_for(1, 60)
        assert reply.quoted_id == read

        async def logged() -> bool | None:
            rows = await operator.logs(tenant_id)
            found = [row for row in rows if row["wa_message_id"] == unreadable]
            return True if [row["reason"] for row in found] == ["undecryptable"] else None

        await eventually(logged, "unreadable row")
        assert sealed.received == []
        sealed.decrypt(unreadable)
        [reply] = await sealed.wait_for(1, 60)
        assert reply.quoted_id == unreadable
        again = await sealed.send("Asante")
        assert [one.quoted_id for one in await sealed.wait_for(2, 60)] == [unreadable, again]
