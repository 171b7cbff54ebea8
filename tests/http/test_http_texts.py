"""A tenant's texts over JSON: what serves, new versions, previews and trials."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import aiohttp
import pytest

from flowhqd.replies.render import MAX_TEXT
from flowhqd.states import TenantStatus
from flowhqd.store import states
from flowhqd.store.states import StateChange
from tests.http.conftest import Site
from tests.http.problems import problem

TENANTS = "/admin/tenants"
OWN = "Kusuka ni 20,000 kwa {{ business }}"
HOURS = {"tz": "Africa/Nairobi", "mon": [["08:00", "17:00"]]}
# A Saturday.
CLOSED_AT = "2026-11-21T10:00"


async def texts(client: aiohttp.ClientSession, tenant: str, query: str = "") -> dict[str, Any]:
    async with client.get(f"{TENANTS}/{tenant}/texts{query}") as response:
        assert response.status == 200
        body = await response.json()
    return {text["key"]: text for text in body["texts"]}


async def save(
    client: aiohttp.ClientSession, tenant: str, body: str | None, **more: Any
) -> dict[str, Any]:
    async with client.put(
        f"{TENANTS}/{tenant}/texts/prices", json={"body": body, **more}
    ) as response:
        assert response.status == 200, await response.text()
        saved: dict[str, Any] = (await response.json())["text"]
        return saved


async def test_every_text_of_the_template_is_there(
    admin: aiohttp.ClientSession, tenant: str
) -> None:
    shown = await texts(admin, tenant)
    assert {"greeting", "prices", "booking.when_service", "hours.week", "away.opening"} <= set(
        shown
    )
    assert "payment" not in shown, "a text of another template"
    prices = shown["prices"]
    assert (prices["language"], prices["version"], prices["is_own"]) == ("SW", 0, False)
    assert prices["body"] == prices["shipped"]
    assert prices["title"] == "Prices"
    assert shown["greeting"]["preview"].startswith("Habari! Karibu Asha Salon.")
    assert shown["booking.when_service"]["placeholders"] == ["business", "service", "when"]
    english = await texts(admin, tenant, "?language=en")
    assert english["greeting"]["preview"].startswith("Hello! Welcome to Asha Salon.")


async def test_a_text_is_versioned_and_brought_back(
    admin: aiohttp.ClientSession, site: Site, tenant: str
) -> None:
    saved = await save(admin, tenant, f" {OWN}\r\n")
    assert (saved["version"], saved["is_own"], saved["created_by"]) == (1, True, "admin")
    assert saved["body"] == OWN
    assert saved["preview"] == "Kusuka ni 20,000 kwa Asha Salon"
    assert site.control.calls == [("changed", UUID(tenant))]
    assert (await save(admin, tenant, OWN))["version"] == 1, "what is so already is no version"
    assert (await save(admin, tenant, "Braids", language="EN"))["version"] == 1
    back = await save(admin, tenant, None)
    assert (back["version"], back["is_own"], back["body"]) == (2, False, back["shipped"])
    async with admin.get(f"{TENANTS}/{tenant}/texts/prices?language=SW") as response:
        body = await response.json()
    assert body["text"] == back
    assert [(each["version"], each["body"]) for each in body["versions"]] == [(2, None), (1, OWN)]
    audit = await site.services.database.pool.fetch(
        "select detail from audit where action = 'text_changed' order by id"
    )
    assert [(row["detail"]["language"], row["detail"]["version"]) for row in audit] == [
        ("SW", 1),
        ("EN", 1),
        ("SW", 2),
    ]


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("Bei\nni {{ price }}", "line 2, column 4: there is no {{ price }} here"),
        ("Bei ni {{ business", "line 1, column 8: {{ is not part of a placeholder"),
        (" \r\n ", "the text is empty"),
        ("a" * (MAX_TEXT + 1), f"longer than {MAX_TEXT} characters"),
        ("Bei\u0000", "a character that cannot be sent"),
    ],
)
@pytest.mark.parametrize(("method", "path"), [("PUT", ""), ("POST", "/preview")])
async def test_a_text_that_cannot_be_used_is_refused(
    method: str, path: str, body: str, complaint: str, admin: aiohttp.ClientSession, tenant: str
) -> None:
    url = f"{TENANTS}/{tenant}/texts/prices{path}"
    async with admin.request(method, url, json={"body": body}) as response:
        refused = await problem(response, 422)
    assert complaint in refused["errors"]["body"]
    assert (await texts(admin, tenant))["prices"]["version"] == 0


@pytest.mark.parametrize(
    "body", [{}, {"body": 1}, {"body": "a", "language": "FR"}, {"body": "a", "key": "b"}, []]
)
async def test_a_body_that_is_none_is_refused(
    body: object, admin: aiohttp.ClientSession, tenant: str
) -> None:
    async with admin.put(f"{TENANTS}/{tenant}/texts/prices", json=body) as response:
        await problem(response, 422)


@pytest.mark.parametrize("key", ["payment", "prices@EN", "nothing", "a" * 5000, "%00", "..."])
async def test_a_text_the_template_has_not_is_not_found(
    key: str, admin: aiohttp.ClientSession, tenant: str
) -> None:
    url = f"{TENANTS}/{tenant}/texts/{key}"
    async with admin.get(url) as response:
        await problem(response, 404)
    async with admin.put(url, json={"body": "a"}) as response:
        await problem(response, 404)
    async with admin.post(f"{url}/preview", json={"body": "a"}) as response:
        await problem(response, 404)


async def test_a_preview_has_the_tenants_own_hours(
    admin: aiohttp.ClientSession, make_tenant: Callable[..., Awaitable[str]]
) -> None:
    tenant = await make_tenant(hours_json=HOURS)
    body = {"body": "{{ week }}", "language": "EN"}
    async with admin.post(f"{TENANTS}/{tenant}/texts/hours.week/preview", json=body) as response:
        assert (await response.json())["preview"].startswith("Monday: 8 am to 5 pm")


async def try_out(
    client: aiohttp.ClientSession, tenant: str, text: str, **more: Any
) -> dict[str, Any]:
    async with client.post(f"{TENANTS}/{tenant}/try", json={"text": text, **more}) as response:
        assert response.status == 200, await response.text()
        tried: dict[str, Any] = await response.json()
        return tried


async def test_a_trial_tells_the_rule_and_the_text(
    admin: aiohttp.ClientSession, site: Site, tenant: str
) -> None:
    tried = await try_out(admin, tenant, "bei gani?")
    assert (tried["rule"], tried["key"], tried["is_own"]) == ("prices", "prices", False)
    await save(admin, tenant, OWN)
    tried = await try_out(admin, tenant, "bei gani?")
    assert (tried["is_own"], tried["text"]) == (True, "Kusuka ni 20,000 kwa Asha Salon")
    tried = await try_out(admin, tenant, "Naomba miadi kesho saa nne", at="2026-11-21T09:00+03:00")
    assert (tried["rule"], tried["key"]) == ("booking", "booking.when")
    assert tried["found"] == {"date": "2026-11-22", "time": "10:00"}
    assert (tried["at"], tried["is_open"]) == ("2026-11-21T09:00:00+03:00", True)
    tried = await try_out(admin, tenant, "😀", language="en")
    assert (tried["rule"], tried["language"]) == ("fallback", "EN")
    for table in ("message_log", "contact"):
        assert not await site.services.database.pool.fetchval(f"select count(*) from {table}")  # noqa: S608


async def test_a_trial_in_closed_hours_is_told_so(
    admin: aiohttp.ClientSession, make_tenant: Callable[..., Awaitable[str]]
) -> None:
    tenant = await make_tenant(hours_json=HOURS)
    tried = await try_out(admin, tenant, "bei gani", at=CLOSED_AT)
    assert (tried["rule"], tried["key"], tried["is_open"]) == ("away", "away.opening", False)
    # Without an offset it is the business's own time.
    assert tried["at"] == "2026-11-21T10:00:00+03:00"


async def test_a_trial_says_why_nobody_is_answered_now(
    admin: aiohttp.ClientSession,
    site: Site,
    tenant: str,
    connect: Callable[[str], Awaitable[None]],
) -> None:
    assert (await try_out(admin, tenant, "habari"))["held"] == "never_started"
    await connect(tenant)
    assert (await try_out(admin, tenant, "habari"))["held"] is None
    async with site.services.database.transaction() as connection:
        paused = StateChange("paused", tenant=TenantStatus.PAUSED)
        await states.apply(connection, UUID(tenant), paused, actor="admin")
    assert (await try_out(admin, tenant, "habari"))["held"] == "paused"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "text"),
        ({"text": ""}, "text"),
        ({"text": "a" * 65_537}, "text"),
        ({"text": "a", "at": "yesterday"}, "at"),
        ({"text": "a", "at": 0}, "at"),
        ({"text": "a", "at": "0001-01-01T00:00"}, "at"),
        ({"text": "a", "at": "9999-12-31T23:59"}, "at"),
        ({"text": "a", "language": "FR"}, "language"),
        ({"text": "a", "send": True}, "send"),
    ],
)
async def test_a_trial_that_cannot_be_run_is_refused(
    body: dict[str, Any], field: str, admin: aiohttp.ClientSession, tenant: str
) -> None:
    async with admin.post(f"{TENANTS}/{tenant}/try", json=body) as response:
        assert set((await problem(response, 422))["errors"]) == {field}
