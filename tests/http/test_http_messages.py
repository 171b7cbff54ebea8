"""Sending over JSON: what is accepted, what is logged, and that nothing is asked for twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import pytest

from flowhqd.messages import manual
from flowhqd.store import contacts, messages, states
from flowhqd.store.messages import Inbound, LoggedMessage
from flowhqd.store.states import Link
from flowhqd.whatsapp.addresses import alias
from tests.http.conftest import Site
from tests.http.problems import problem

CUSTOMER = "255754000001"
LID = "123456789012345@lid"


@pytest.fixture
def post(admin: aiohttp.ClientSession, tenant: str) -> Callable[..., Any]:
    """Posts a message of the tenant."""

    def send(**body: Any) -> Any:
        return admin.post(f"/admin/tenants/{tenant}/messages", json=body)

    return send


async def row_of(site: Site, message_id: str) -> LoggedMessage:
    async with site.services.database.connection() as connection:
        row = await messages.get(connection, UUID(message_id))
    assert row is not None
    return row


async def write(site: Site, tenant: str, chat: str, *addresses: str, key: str = "") -> UUID:
    """Log a customer's message as the message path does."""
    async with site.services.database.transaction() as connection:
        known = [alias(address) for address in (chat, *addresses)]
        contact = await contacts.resolve(connection, UUID(tenant), known)
        row = await messages.record_inbound(
            connection,
            UUID(tenant),
            Inbound(
                contact.id, chat, f"+{CUSTOMER}", "Habari", "chat", f"3A{uuid4().hex}",
                "live", datetime.now(UTC), trace={"key": key} if key else None,
            ),
        )  # fmt: skip
    assert row is not None
    return row


@pytest.mark.parametrize(
    ("chat", "address"),
    [
        (f"+{CUSTOMER}", f"{CUSTOMER}@c.us"),
        (CUSTOMER, f"{CUSTOMER}@c.us"),
        (" +255 754 000-001 ", f"{CUSTOMER}@c.us"),
        (f"{CUSTOMER}@c.us", f"{CUSTOMER}@c.us"),
        (LID, LID),
    ],
)
async def test_a_message_is_logged_and_handed_to_the_worker(
    site: Site, tenant: str, post: Callable[..., Any], chat: str, address: str
) -> None:
    async with post(chat=chat, text="Miadi yako ni kesho.\0") as response:
        assert response.status == 202
        shown = (await response.json())["message"]
    assert (shown["direction"], shown["status"], shown["error"]) == ("OUT", "QUEUED", None)
    assert shown["from_number"] == "+255712345678"
    assert shown["to_number"] == (f"+{CUSTOMER}" if address != LID else LID)
    assert shown["message_text"] == "Miadi yako ni kesho.\ufffd"
    assert len(shown["wa_message_id"]) == 22
    row = await row_of(site, shown["id"])
    assert (row.chat_id, row.origin, row.purpose) == (address, "api", "manual")
    assert site.control.calls == [("send", UUID(tenant))]


@pytest.mark.parametrize(
    "chat",
    [
        "120363000000000000@g.us", "status@broadcast", "12345@newsletter", "1@broadcast", "x@call",
        "hello", "", "   ", "0754000001", "+0", "12", "1800FLOWERS", "255754000001@c.us.evil",
        "255754000001:3@c.us", "0@c.us", "@c.us", "@", "a@lid", "255754000001@s.whatsapp.net",
        "+255754000001;ext=1", "²55754000001", "2" * 200, "255754000001\u202e", None, 255754000001,
        [], {},
    ],
)  # fmt: skip
async def test_a_message_to_nobody_names_the_field(
    site: Site, post: Callable[..., Any], chat: Any
) -> None:
    async with post(chat=chat, text="Habari") as response:
        assert list((await problem(response, 422))["errors"]) == ["chat"]
    assert site.control.calls == []


async def test_a_group_is_called_one(post: Callable[..., Any]) -> None:
    async with post(chat="120363000000000000@g.us", text="Habari") as response:
        assert "group" in (await problem(response, 422))["errors"]["chat"]


async def test_a_text_has_1_to_65536_characters(post: Callable[..., Any]) -> None:
    for text in ("", "  \n ", "x" * 65_537, None, 7):
        async with post(chat=CUSTOMER, text=text) as response:
            assert list((await problem(response, 422))["errors"]) == ["text"]
    for text in ("x", "ñ" * 65_536, "👩‍👩‍👧‍👦 \u202eمرحبا {{ business }}"):
        async with post(chat=CUSTOMER, text=text) as response:
            assert (await response.json())["message"]["message_text"] == text
    async with post(text="Habari", colour="red") as response:
        assert set((await problem(response, 422))["errors"]) == {"chat", "colour"}


async def test_an_unknown_tenant_is_not_found(admin: aiohttp.ClientSession) -> None:
    for path in ("messages", "test-message"):
        body = {"chat": CUSTOMER, "text": "Habari"} if path == "messages" else {}
        async with admin.post(f"/admin/tenants/{uuid4()}/{path}", json=body) as response:
            await problem(response, 404)


async def test_the_same_key_asks_for_the_same_message(
    site: Site, tenant: str, post: Callable[..., Any]
) -> None:
    asked = {"chat": CUSTOMER, "text": "Habari", "idempotency_key": "order 17"}
    async with post(**asked) as response:
        assert response.status == 202
        first = await response.json()
    # Another spelling of the same number is no other message.
    for again in (asked, {**asked, "chat": f"+{CUSTOMER}"}):
        async with post(**again) as response:
            assert response.status == 200
            assert await response.json() == first
    for other in ({"text": "Kwaheri"}, {"chat": "255754000002"}):
        async with post(**{**asked, **other}) as response:
            assert "idempotency_key" in (await problem(response, 409))["detail"]
    assert site.control.calls == [("send", UUID(tenant))]
    async with post(**{**asked, "idempotency_key": "order 18"}) as response:
        assert response.status == 202
        assert (await response.json())["message"]["id"] != first["message"]["id"]


async def test_a_key_is_each_tenants_own(
    admin: aiohttp.ClientSession,
    tenant: str,
    make_tenant: Callable[..., Awaitable[str]],
) -> None:
    other = await make_tenant(phone_number="+254712345678")
    body = {"chat": CUSTOMER, "text": "Habari", "idempotency_key": "one"}
    for owner in (tenant, other):
        async with admin.post(f"/admin/tenants/{owner}/messages", json=body) as response:
            assert response.status == 202


async def test_a_key_used_many_times_at_once_makes_one_message(
    site: Site, post: Callable[..., Any]
) -> None:
    async def once() -> tuple[int, str]:
        async with post(chat=CUSTOMER, text="Habari", idempotency_key="one") as response:
            return response.status, (await response.json())["message"]["id"]

    answers = await asyncio.gather(*(once() for _ in range(10)))
    assert len({message_id for _, message_id in answers}) == 1
    assert sorted(status for status, _ in answers) == [200] * 9 + [202]
    assert len(site.control.calls) == 1


async def test_strangers_met_twice_at_once_are_one_contact(
    site: Site, tenant: str, post: Callable[..., Any]
) -> None:
    async def send() -> str:
        async with post(chat=CUSTOMER, text="Habari") as response:
            return str((await response.json())["message"]["id"])

    chat = f"{CUSTOMER}@c.us"
    found = await asyncio.gather(
        *(send() for _ in range(4)), *(write(site, tenant, chat) for _ in range(4))
    )
    rows = [await row_of(site, str(message_id)) for message_id in found]
    assert len({row.contact_id for row in rows}) == 1


async def test_a_message_goes_where_the_customer_wrote_last(
    site: Site, tenant: str, post: Callable[..., Any]
) -> None:
    await write(site, tenant, LID, f"{CUSTOMER}@c.us")
    async with post(chat=CUSTOMER, text="Habari") as response:
        shown = (await response.json())["message"]
    assert (await row_of(site, shown["id"])).chat_id == LID
    async with post(chat=LID, text="Habari") as response:
        assert (await response.json())["message"]["to_number"] == f"+{CUSTOMER}"


async def test_a_quote_is_a_message_of_the_same_chat(
    site: Site, tenant: str, post: Callable[..., Any]
) -> None:
    key = f"false_{CUSTOMER}@c.us_3A17"
    asked = await write(site, tenant, f"{CUSTOMER}@c.us", key=key)
    elsewhere = await write(site, tenant, "255754000002@c.us")
    row = await row_of(site, str(asked))
    for quoted in (str(asked), str(asked).upper(), row.wa_message_id):
        async with post(chat=CUSTOMER, text="Ndiyo", quoted=quoted) as response:
            answer = await row_of(site, (await response.json())["message"]["id"])
        assert answer.quoted_id == key
    async with post(chat=CUSTOMER, text="Ndiyo", quoted=str(answer.id)) as response:
        own = await row_of(site, (await response.json())["message"]["id"])
    assert own.quoted_id == f"true_{CUSTOMER}@c.us_{answer.wa_message_id}"
    for unknown in (str(elsewhere), str(uuid4()), "nothing", "", 7):
        async with post(chat=CUSTOMER, text="Ndiyo", quoted=unknown) as response:
            assert list((await problem(response, 422))["errors"]) == ["quoted"]


async def test_a_paused_tenant_sends_what_a_person_asks_for(
    admin: aiohttp.ClientSession, tenant: str, post: Callable[..., Any]
) -> None:
    async with admin.post(f"/admin/tenants/{tenant}/pause") as response:
        assert response.status == 202
    async with post(chat=CUSTOMER, text="Habari") as response:
        assert response.status == 202


async def link(site: Site, tenant: str, account: str) -> None:
    async with site.services.database.transaction() as connection:
        found = Link(account, None, "native", None, {})
        await states.link(connection, UUID(tenant), found, server_now=datetime.now(UTC))


async def test_a_test_message_goes_to_the_owner_once_a_phone_is_linked(
    site: Site, admin: aiohttp.ClientSession, tenant: str
) -> None:
    url = f"/admin/tenants/{tenant}/test-message"
    async with admin.post(url) as response:
        assert "DISCONNECTED" in (await problem(response, 409))["detail"]
    await link(site, tenant, "+255712345678")
    async with admin.post(url) as response:
        assert response.status == 202
        shown = (await response.json())["message"]
    row = await row_of(site, shown["id"])
    assert (row.chat_id, row.purpose) == ("255712345678@c.us", "test")
    assert "Asha Salon" in row.message_text
    async with admin.post(url, json={"text": "mine"}) as response:
        assert list((await problem(response, 422))["errors"]) == ["text"]


async def test_nothing_leaves_from_a_wrong_number(
    site: Site, admin: aiohttp.ClientSession, tenant: str, post: Callable[..., Any]
) -> None:
    await link(site, tenant, "+255799999999")
    async with post(chat=CUSTOMER, text="Habari") as response:
        assert "+255799999999" in (await problem(response, 409))["detail"]
    async with admin.post(f"/admin/tenants/{tenant}/test-message") as response:
        await problem(response, 409)
    assert site.control.calls == []


async def test_sending_is_for_the_admin_only(site: Site, tenant: str) -> None:
    stranger = site.client(None)
    for path in ("messages", "test-message"):
        url = f"/admin/tenants/{tenant}/{path}"
        async with stranger.post(url, json={"chat": CUSTOMER, "text": "Habari"}) as response:
            await problem(response, 401)


async def test_what_waits_to_be_sent_is_bounded_for_each_tenant(
    site: Site, tenant: str, post: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manual, "MAX_WAITING", 2)
    for number in (1, 2):
        async with post(chat=CUSTOMER, text="Habari", idempotency_key=str(number)) as answer:
            assert answer.status == 202
    async with post(chat=CUSTOMER, text="Habari") as answer:
        found = await problem(answer, 429)
        assert found["code"] == "too_many_waiting"
        assert "2 messages" in found["detail"]
        assert answer.headers["Retry-After"]
    async with post(chat=CUSTOMER, text="Habari", idempotency_key="1") as answer:
        assert answer.status == 200, "it was asked for before"
        waits = (await answer.json())["message"]["id"]
    async with site.services.database.connection() as connection:
        await messages.settle_outbound(connection, UUID(waits), messages.OutStatus.SENT)
    async with post(chat=CUSTOMER, text="Habari") as answer:
        assert answer.status == 202
