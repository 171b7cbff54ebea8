"""What a customer edits or deletes, in a real page: while it is open, and while it is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flowhqd.simulator import Simulator
from tests.system.daemon import Daemon, Operator, eventually, running

OWNER, CUSTOMER = "255712000001", "255754000001"


async def test_edits_and_deletions_are_noted_and_not_answered_again(
    make_daemon: Callable[..., Daemon], simulator: Simulator
) -> None:
    async with running(make_daemon()) as operator:
        phone = simulator.phone(OWNER)
        tenant_id = await operator.link(phone)
        customer = phone.customer(CUSTOMER, lid="111222333444555")
        edited, deleted = await customer.send("Bei gni?"), await customer.send("Habari")
        await customer.wait_for(2)

        customer.edit(edited, "Bei gani?")
        customer.revoke(deleted)
        await noted(operator, tenant_id, edited, "edits")
        row = await noted(operator, tenant_id, deleted, "revoked_at")
        assert row["message_text"] == "Habari"

        await operator.verb(tenant_id, "worker/stop")
        customer.edit(edited, "Bei gani kusuka?")
        missed = await customer.send("Mpo?")
        customer.revoke(missed)
        await operator.verb(tenant_id, "worker/start")
        await operator.state(tenant_id, "CONNECTED")
        last = await customer.send("Habari tena")
        received = await customer.wait_for(3)

        async def both() -> dict[str, Any] | None:
            row = await noted(operator, tenant_id, edited, "edits")
            return row if len(row["trace"]["edits"]) == 2 else None

        row = await eventually(both, "second edit")
        assert [row["message_text"], *(edit["text"] for edit in row["trace"]["edits"])] == [
            "Bei gni?", "Bei gani?", "Bei gani kusuka?",
        ]  # fmt: skip
        assert [reply.quoted_id for reply in received] == [edited, deleted, last]


async def noted(operator: Operator, tenant_id: str, message_id: str, fact: str) -> dict[str, Any]:
    """A message's row once its trace has a fact."""

    async def ask() -> dict[str, Any] | None:
        rows = await operator.logs(tenant_id)
        found = [row for row in rows if row["wa_message_id"] == message_id and fact in row["trace"]]
        return found[0] if found else None

    return await eventually(ask, f"row with {fact}")
