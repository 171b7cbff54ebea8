"""Workers, QR codes and logs over JSON."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import aiohttp
import pytest

from flowhqd.states import Direction
from flowhqd.store import contacts, messages
from flowhqd.store.messages import Inbound
from flowhqd.whatsapp.addresses import Alias
from tests.http.conftest import Site
from tests.http.control import CODE
from tests.http.problems import problem
from tests.scanner import decode

PAIRING = "2@" + "kQ7x+Zb/4" * 18 + "==,Ab9/" + "x1Y+" * 10 + "=,Zm9v/QmFy+w==,1"


@pytest.mark.parametrize(
    ("path", "call"),
    [
        ("worker/start", "start"),
        ("worker/stop", "stop"),
        ("worker/restart", "restart"),
        ("worker/force-restart", "force_restart"),
        ("pause", "pause"),
        ("resume", "resume"),
        ("qr", "pair"),
    ],
)
async def test_a_verb_reaches_the_worker_and_is_accepted(
    site: Site, admin: aiohttp.ClientSession, tenant: str, path: str, call: str
) -> None:
    bodies: tuple[dict[str, str] | None, ...] = (None, {})
    for body in bodies:
        async with admin.post(f"/admin/tenants/{tenant}/{path}", json=body) as response:
            assert response.status == 202
            assert (await response.json())["tenant"]["id"] == tenant
    assert site.control.calls == [(call, UUID(tenant))] * 2


async def test_a_verb_needs_no_type_for_no_body(
    site: Site, admin: aiohttp.ClientSession, tenant: str
) -> None:
    """As curl -X POST and curl -d '' send it."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    url = f"/admin/tenants/{tenant}/worker/start"
    async with admin.post(url, headers=headers, data=b"") as response:
        assert response.status == 202
    assert len(site.control.calls) == 1


async def test_force_restart_can_forget_the_login(
    site: Site, admin: aiohttp.ClientSession, tenant: str
) -> None:
    url = f"/admin/tenants/{tenant}/worker/force-restart"
    async with admin.post(url, json={"forget_login": True}) as response:
        assert response.status == 202
    assert site.control.calls == [("forget_login", UUID(tenant))]
    async with admin.post(url, json={"forget_login": "yes"}) as response:
        found = await problem(response, 422)
    assert found["errors"] == {"forget_login": "must be true or false"}
    async with admin.post(url, json={"forget": True}) as response:
        assert list((await problem(response, 422))["errors"]) == ["forget"]
    assert len(site.control.calls) == 1


async def test_a_verb_refuses_what_it_does_not_know(
    site: Site, admin: aiohttp.ClientSession, tenant: str
) -> None:
    async with admin.post(f"/admin/tenants/{tenant}/pause", json={"until": 7}) as response:
        assert list((await problem(response, 422))["errors"]) == ["until"]
    assert site.control.calls == []


async def test_a_pairing_code_is_given_once_and_refused_when_connected(
    admin: aiohttp.ClientSession, tenant: str, connect: Callable[[str], Awaitable[None]]
) -> None:
    url = f"/admin/tenants/{tenant}/pairing-code"
    async with admin.post(url) as response:
        assert response.status == 200
        assert await response.json() == {
            "code": CODE.code,
            "expires_at": CODE.expires_at.isoformat().replace("+00:00", "Z"),
        }
    await connect(tenant)
    async with admin.post(url) as response:
        await problem(response, 409)
    async with admin.post(f"/admin/tenants/{tenant}/qr") as response:
        await problem(response, 409)


async def test_the_picture_holds_the_text(
    admin: aiohttp.ClientSession,
    tenant: str,
    show_qr: Callable[[str, str], Awaitable[datetime]],
) -> None:
    expires_at = await show_qr(tenant, PAIRING)
    url = f"/admin/tenants/{tenant}/qr"
    async with admin.get(f"{url}?format=raw") as response:
        assert response.content_type == "text/plain"
        raw = await response.text()
    assert raw == PAIRING
    async with admin.get(f"{url}?format=png") as response:
        assert response.content_type == "image/png"
        picture = await response.read()
    assert decode(picture) == raw
    async with admin.get(url) as response:
        shown = await response.json()
    assert decode(base64.b64decode(shown.pop("qr").removeprefix("data:image/png;base64,"))) == raw
    assert datetime.fromisoformat(shown.pop("expires_at")) == expires_at
    assert shown == {"state": "QR_READY", "seq": 2}
    async with admin.get(f"{url}?format=svg") as response:
        assert response.content_type == "image/svg+xml"
        assert (await response.text()).startswith("<?xml")
    async with admin.get(f"{url}?format=text") as response:
        assert response.content_type == "text/plain"
        assert len((await response.text()).splitlines()) > 20


async def test_without_a_code_json_has_null_and_pictures_say_why(
    admin: aiohttp.ClientSession, tenant: str, connect: Callable[[str], Awaitable[None]]
) -> None:
    url = f"/admin/tenants/{tenant}/qr"
    async with admin.get(url) as response:
        assert response.status == 200
        shown = await response.json()
    assert shown == {"state": "DISCONNECTED", "qr": None, "seq": 0, "expires_at": None}
    async with admin.get(f"{url}?format=png") as response:
        assert "DISCONNECTED" in (await problem(response, 404))["detail"]
    await connect(tenant)
    async with admin.get(url) as response:
        assert (await response.json())["state"] == "CONNECTED"
    async with admin.get(f"{url}?format=raw") as response:
        assert "CONNECTED" in (await problem(response, 409))["detail"]
    async with admin.get(f"{url}?format=gif") as response:
        assert list((await problem(response, 422))["errors"]) == ["format"]


async def test_logs_are_newest_first_and_go_on_where_the_page_ended(
    site: Site, admin: aiohttp.ClientSession, tenant: str
) -> None:
    await write_messages(site, tenant, 7)
    url = f"/admin/tenants/{tenant}/logs"
    async with admin.get(url) as response:
        whole = await response.json()
    assert whole["next"] is None
    assert [row["message_text"] for row in whole["logs"]] == [
        f"ujumbe {n}" for n in range(6, -1, -1)
    ]
    assert list(whole["logs"][0]) == [
        "id",
        "direction",
        "from_number",
        "to_number",
        "message_text",
        "message_type",
        "wa_message_id",
        "status",
        "reason",
        "error",
        "trace",
        "story",
        "created_at",
    ]
    read: list[Any] = []
    sizes = []
    cursor: dict[str, str] = {}
    while True:
        async with admin.get(url, params={"limit": "3", **cursor}) as response:
            page = await response.json()
        sizes.append(len(page["logs"]))
        read += page["logs"]
        if page["next"] is None:
            break
        assert not page["next"].isdigit()
        cursor = {"before": page["next"]}
    assert read == whole["logs"]
    assert sizes == [3, 3, 1]
    async with admin.get(f"/admin/tenants/{tenant}") as response:
        assert (await response.json())["logs"] == whole["logs"]


async def test_a_cursor_from_nowhere_is_refused(
    site: Site,
    admin: aiohttp.ClientSession,
    tenant: str,
    make_tenant: Callable[..., Awaitable[str]],
) -> None:
    await write_messages(site, tenant, 2)
    async with admin.get(f"/admin/tenants/{tenant}/logs?limit=1") as response:
        cursor = (await response.json())["next"]
    other = await make_tenant(phone_number="+254712345678")
    for owner, before in (
        (tenant, ""),
        (tenant, "7"),
        (tenant, "é"),
        (tenant, "x" * 2000),
        (tenant, cursor[:-1]),
        (tenant, cursor + "AAAA"),
        (other, cursor),
    ):
        url = f"/admin/tenants/{owner}/logs"
        async with admin.get(url, params={"before": before}) as response:
            assert (await problem(response, 400))["code"] == "bad_cursor", before
    async with admin.get("/admin/tenants", params={"after": cursor}) as response:
        assert (await problem(response, 400))["code"] == "bad_cursor"


async def test_a_limit_out_of_range_is_refused(admin: aiohttp.ClientSession, tenant: str) -> None:
    for limit in ("0", "1001", "-1", "", "ten", "1e3", "²", "9" * 30):
        for path in (f"/admin/tenants/{tenant}/logs", "/admin/tenants"):
            async with admin.get(path, params={"limit": limit}) as response:
                assert list((await problem(response, 422))["errors"]) == ["limit"], limit
    for limit in ("1", "1000"):
        async with admin.get(f"/admin/tenants/{tenant}/logs", params={"limit": limit}) as response:
            assert response.status == 200


async def test_the_page_can_be_looked_at(
    site: Site, admin: aiohttp.ClientSession, tenant: str
) -> None:
    url = f"/admin/tenants/{tenant}/screenshot"
    async with admin.get(url) as response:
        assert "start it first" in (await problem(response, 409))["detail"]
    site.control.picture = b"\x89PNG"
    async with admin.get(url) as response:
        assert (response.status, response.content_type) == (200, "image/png")
        assert response.headers["Cache-Control"] == "no-store"
        assert await response.read() == site.control.picture
    async with admin.get(url, params={"format": "jpeg"}) as response:
        await problem(response, 422)


async def write_messages(site: Site, tenant: str, count: int) -> None:
    """Log messages of one customer as the message path does."""
    async with site.services.database.transaction() as connection:
        aliases = [Alias("pn", "255754000001")]
        contact = await contacts.resolve(connection, UUID(tenant), aliases)
        for number in range(count):
            await messages.record_inbound(
                connection,
                UUID(tenant),
                Inbound(
                    contact_id=contact.id,
                    chat_id="255754000001@c.us",
                    from_number="+255754000001",
                    text=f"ujumbe {number}",
                    type="chat",
                    wa_message_id=f"{Direction.IN}{number}",
                    origin="live",
                    wa_timestamp=datetime.now(UTC) + timedelta(seconds=number),
                ),
            )
