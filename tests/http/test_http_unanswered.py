"""What nobody answered: listed for a person until somebody has seen to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import pytest

from flowhqd.store import contacts, messages
from flowhqd.store.messages import Inbound, InStatus, Outbound, OutStatus
from flowhqd.whatsapp.addresses import alias
from tests.http.conftest import Site
from tests.http.problems import problem

JUMA, ASHA = "255754000001@c.us", "255754000002@c.us"


class Log:
    """Writes to a tenant's log as the message path does."""

    def __init__(self, site: Site, tenant: str) -> None:
        self._database = site.services.database
        self.tenant = UUID(tenant)

    async def came(self, status: InStatus, reason: str | None = None, *, chat: str = JUMA) -> UUID:
        async with self._database.transaction() as connection:
            contact = await contacts.resolve(connection, self.tenant, [alias(chat)])
            row = await messages.record_inbound(
                connection,
                self.tenant,
                Inbound(
                    contact.id, chat, None, "Habari", "chat", uuid4().hex, "live",
                    datetime.now(UTC),
                ),
            )  # fmt: skip
            assert row is not None
            await messages.settle_inbound(connection, row, status, reason=reason)
        return row

    async def went(self, status: OutStatus, purpose: str = "reply") -> UUID:
        async with self._database.transaction() as connection:
            contact = await contacts.resolve(connection, self.tenant, [alias(JUMA)])
            row = await messages.record_outbound(
                connection,
                self.tenant,
                Outbound(
                    contact.id, JUMA, None, None, "Karibu", uuid4().hex, "reply", purpose, None,
                    None, datetime.now(UTC),
                ),
            )  # fmt: skip
            assert row is not None
            await messages.settle_outbound(connection, row.id, status, reason="send_failed")
        return row.id


@pytest.fixture
def log(site: Site, tenant: str) -> Log:
    return Log(site, tenant)


async def listed(admin: aiohttp.ClientSession, path: str, **query: Any) -> list[dict[str, Any]]:
    async with admin.get(path, params=query) as answer:
        assert answer.status == 200, await answer.text()
        page: list[dict[str, Any]] = (await answer.json())["unanswered"]
    return page


def ids(page: list[dict[str, Any]]) -> list[UUID]:
    return [UUID(one["message"]["id"]) for one in page]


async def test_what_waits_for_a_person_is_listed_and_nothing_else(
    admin: aiohttp.ClientSession, tenant: str, log: Log
) -> None:
    wait = [
        await log.came(InStatus.UNANSWERED, "too_old"),
        await log.came(InStatus.UNANSWERED, "paused"),
        await log.came(InStatus.UNANSWERED, "undecryptable"),
        await log.came(InStatus.UNANSWERED, "hours"),
        await log.came(InStatus.SUPPRESSED, "rate_limit"),
        await log.came(InStatus.QUEUE_FULL, "queue_full"),
        await log.came(InStatus.FAILED, "failed"),
        await log.went(OutStatus.FAILED),
        await log.went(OutStatus.UNKNOWN),
    ]
    await log.came(InStatus.RECEIVED)
    await log.came(InStatus.ANSWERED)
    for reason in ("owner_active", "owner_answered", "opted_out", "revoked"):
        await log.came(InStatus.UNANSWERED, reason)
    await log.went(OutStatus.SENT)
    await log.went(OutStatus.FAILED, "wait")
    await log.went(OutStatus.FAILED, "warning")
    found = await listed(admin, f"/admin/tenants/{tenant}/unanswered")
    assert ids(found) == wait[::-1]
    assert all(one["message"]["story"] for one in found)
    assert {one["tenant_id"] for one in found} == {tenant}
    of_all = [one for one in await listed(admin, "/admin/unanswered") if one in found]
    assert of_all == found


async def test_the_list_is_paged_without_gaps(
    admin: aiohttp.ClientSession, tenant: str, log: Log
) -> None:
    wait = [await log.came(InStatus.UNANSWERED, "paused") for _ in range(5)]
    path, found, query = f"/admin/tenants/{tenant}/unanswered", [], {"limit": "2"}
    while True:
        async with admin.get(path, params=query) as answer:
            page = await answer.json()
        found += ids(page["unanswered"])
        if page["next"] is None:
            break
        query["before"] = page["next"]
    assert found == wait[::-1]
    async with admin.get("/admin/unanswered", params=query) as answer:
        assert (await problem(answer, 400))["code"] == "bad_cursor"


async def test_what_is_done_leaves_the_list_once_and_for_all(
    admin: aiohttp.ClientSession, site: Site, tenant: str, log: Log
) -> None:
    message = await log.came(InStatus.UNANSWERED, "paused")
    path = f"/admin/tenants/{tenant}/unanswered"
    for _ in range(2):
        async with admin.post(f"{path}/{message}/done") as answer:
            assert answer.status == 200, await answer.text()
            shown = await answer.json()
        assert (shown["settled_by"], shown["message"]["id"]) == ("admin", str(message))
        assert shown["message"]["story"][-1] == "Seen to by admin."
    assert await listed(admin, path) == []
    async with site.services.database.connection() as connection:
        audited = await connection.fetch(
            "select detail from audit where tenant_id = $1 and action = 'message.done'", log.tenant
        )
    assert [row["detail"] for row in audited] == [{"message_id": str(message)}]


async def test_only_what_waits_can_be_done(
    admin: aiohttp.ClientSession, tenant: str, log: Log
) -> None:
    path = f"/admin/tenants/{tenant}/unanswered"
    answered = await log.came(InStatus.ANSWERED)
    async with admin.post(f"{path}/{answered}/done") as answer:
        assert "ANSWERED" in (await problem(answer, 409))["detail"]
    for unknown in (uuid4(), "x"):
        async with admin.post(f"{path}/{unknown}/done") as answer:
            await problem(answer, 404)


async def test_no_tenant_sees_to_anothers_messages(
    admin: aiohttp.ClientSession,
    tenant: str,
    log: Log,
    make_tenant: Callable[..., Awaitable[str]],
) -> None:
    message = await log.came(InStatus.UNANSWERED, "paused")
    other = await make_tenant(phone_number="+255712345679")
    async with admin.post(f"/admin/tenants/{other}/unanswered/{message}/done") as answer:
        await problem(answer, 404)
    assert ids(await listed(admin, f"/admin/tenants/{tenant}/unanswered")) == [message]
    assert await listed(admin, f"/admin/tenants/{other}/unanswered") == []
    async with admin.get(f"/admin/tenants/{uuid4()}/unanswered") as answer:
        await problem(answer, 404)


async def test_a_message_from_here_sees_to_its_chat_alone(
    admin: aiohttp.ClientSession, tenant: str, log: Log
) -> None:
    await log.came(InStatus.UNANSWERED, "paused")
    other = await log.came(InStatus.UNANSWERED, "paused", chat=ASHA)
    body = {"chat": JUMA.partition("@")[0], "text": "Samahani kwa kuchelewa"}
    async with admin.post(f"/admin/tenants/{tenant}/messages", json=body) as answer:
        assert answer.status == 202, await answer.text()
    assert ids(await listed(admin, f"/admin/tenants/{tenant}/unanswered")) == [other]
