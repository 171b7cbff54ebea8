"""The portal's JSON: for other front ends by their key, and for a user's own login."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import aiohttp
import asyncpg
import pytest
from yarl import URL

from flowhqd.http import throttle
from flowhqd.http.app import create_app
from flowhqd.http.operation import TABLE, Door
from flowhqd.http.portal import auth
from flowhqd.states import SetupStatus
from flowhqd.store import people, portal_sessions, setup_requests
from flowhqd.store.people import Origin, PortalUser
from tests.http.conftest import Site
from tests.http.problems import problem
from tests.people import new_user

ASHA = "asha@example.com"
CURRENT = "/portal/tenant/current"
OWN = "/api/portal/tenant/current"
WISH = {
    "template_type": "booking",
    "business_name": "Asha Salon",
    "whatsapp_number": "+255 712 345 678",
    "language": "sw",
}


def front_end(site: Site, email: str = ASHA) -> aiohttp.ClientSession:
    """A front end that speaks for a user."""
    headers = {auth.KEY_HEADER: site.services.portal_key, auth.EMAIL_HEADER: email}
    return site.client(None, **headers)


async def logged_in(site: Site, user: PortalUser) -> aiohttp.ClientSession:
    """A browser with a user's login."""
    async with site.services.database.connection() as connection:
        cookie = await portal_sessions.create(connection, user.id)
    return site.client(None, Cookie=f"{auth.COOKIE}={cookie}")


@pytest.fixture
async def user(site: Site) -> PortalUser:
    async with site.services.database.connection() as connection:
        return await new_user(connection, email=ASHA)


async def give(site: Site, user: PortalUser, tenant: str) -> None:
    async with site.services.database.connection() as connection:
        await people.set_tenant(connection, user.id, UUID(tenant))


async def test_a_front_end_needs_the_key(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "FIRST_DELAY_SECONDS", 0.001)
    right = site.services.portal_key
    for key in ("", "wrong", right[:-1], f"{right}x", right.upper(), "é"):
        headers = {auth.KEY_HEADER: key, auth.EMAIL_HEADER: ASHA}
        async with site.client(None, **headers).get(f"{CURRENT}/status") as response:
            assert (await problem(response, 401))["code"] == "bad_portal_key"
            assert "Basic" not in response.headers["WWW-Authenticate"]
    async with site.client().get(f"{CURRENT}/status") as response:
        assert (await problem(response, 401))["code"] == "bad_portal_key"


async def test_a_front_end_says_for_whom_it_asks(site: Site) -> None:
    for email in ("", "asha", "asha@", "a b@example.com", "a@example.com, b@example.com", "é@x.y"):
        async with front_end(site, email).get(f"{CURRENT}/status") as response:
            assert (await problem(response, 400))["code"] == "bad_user_email"


async def test_a_user_of_a_front_end_is_introduced_by_a_request(site: Site) -> None:
    client = front_end(site)
    for path in ("status", "qr", "logs"):
        async with client.get(f"{CURRENT}/{path}") as response:
            assert (await problem(response, 404))["code"] == "not_found"
    async with client.post("/portal/setup-request", json={**WISH, "consent": True}) as response:
        assert response.status == 201
        made = (await response.json())["setupRequest"]
    assert made["status"] == "SUBMITTED"
    assert made["whatsapp_number"] == "+255712345678"
    assert (made["template_type"], made["language"], made["notes"]) == ("BOOKING", "SW", "")
    assert made["submitted_at"] == made["updated_at"]

    async with front_end(site, " Asha@Example.COM ").get(f"{CURRENT}/status") as response:
        assert await response.json() == {"tenant": None, "setupRequest": made}
    async with client.get(f"{CURRENT}/qr") as response:
        assert await response.json() == {"state": None, "qr": None, "seq": 0, "expires_at": None}
    async with client.get(f"{CURRENT}/logs") as response:
        assert await response.json() == {"logs": [], "next": None}
    async with site.services.database.connection() as connection:
        rows = await connection.fetch("select event_type from portal_event_log order by id")
        trusted = await people.by_email(connection, ASHA, Origin.TRUSTED)
    assert [row["event_type"] for row in rows] == ["signed_up", "submitted", "consented"]
    assert trusted is not None
    assert trusted.email_verified_at is not None


async def test_a_front_end_never_reaches_a_local_user(
    site: Site, user: PortalUser, tenant: str
) -> None:
    """The same address, known here by a password, is another person."""
    await give(site, user, tenant)
    client = front_end(site)
    async with client.get(f"{CURRENT}/status") as response:
        await problem(response, 404)
    async with client.post("/portal/setup-request", json=WISH) as response:
        assert response.status == 201
        assert (await response.json())["setupRequest"]["user_id"] != str(user.id)
    async with client.get(f"{CURRENT}/status") as response:
        assert (await response.json())["tenant"] is None


async def test_a_request_that_waits_is_replaced(site: Site) -> None:
    client = front_end(site)

    async def ask(status: int, **given: Any) -> dict[str, Any]:
        async with client.post("/portal/setup-request", json={**WISH, **given}) as response:
            assert response.status == status, await response.text()
            body: dict[str, Any] = await response.json()
            return body

    first = (await ask(201))["setupRequest"]
    assert (await ask(201))["setupRequest"] == first
    second = (await ask(201, notes="Fungua kesho", business_name=""))["setupRequest"]
    assert (second["id"], second["notes"]) == (first["id"], "Fungua kesho")
    assert second["business_name"] == ""
    async with site.services.database.transaction() as connection:
        request = await setup_requests.lock(connection, UUID(first["id"]))
        await setup_requests.move(
            connection, request, SetupStatus.REJECTED, reviewer_note="Namba si sahihi"
        )
    assert (await ask(201))["setupRequest"]["status"] == "SUBMITTED"
    async with site.services.database.transaction() as connection:
        request = await setup_requests.lock(connection, UUID(first["id"]))
        await setup_requests.move(connection, request, SetupStatus.APPROVED)
    assert (await ask(409))["code"] == "conflict"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"template_type": "PIZZA"}, "template_type"),
        ({"whatsapp_number": "0712"}, "whatsapp_number"),
        ({"whatsapp_number": ""}, "whatsapp_number"),
        ({"language": "FR"}, "language"),
        ({"notes": "x" * 2001}, "notes"),
        ({"consent": "yes"}, "consent"),
        ({"status": "APPROVED"}, "status"),
        ({"business_name": "\u202e"}, "business_name"),
    ],
)
async def test_a_request_that_cannot_be_used(site: Site, given: dict[str, Any], field: str) -> None:
    async with front_end(site).post("/portal/setup-request", json={**WISH, **given}) as response:
        assert field in (await problem(response, 422))["errors"]
    async with site.services.database.connection() as connection:
        assert await people.by_email(connection, ASHA, Origin.TRUSTED) is None


async def test_a_disabled_user_is_kept_out(site: Site, admin: aiohttp.ClientSession) -> None:
    client = front_end(site)
    async with client.post("/portal/setup-request", json=WISH) as response:
        user_id = (await response.json())["setupRequest"]["user_id"]
    async with admin.post(f"/admin/users/{user_id}/disable") as response:
        assert response.status == 200
    for method, path in (("GET", f"{CURRENT}/status"), ("POST", "/portal/setup-request")):
        async with client.request(method, path, json=WISH) as response:
            assert (await problem(response, 403))["code"] == "account_disabled"


async def test_a_login_is_needed(site: Site, user: PortalUser) -> None:
    for cookie in ("", "flowhqd_portal=x", "flowhqd_portal="):
        async with site.client(None, Cookie=cookie).get(f"{OWN}/status") as response:
            assert (await problem(response, 401))["code"] == "login_needed"
            assert "Basic" not in response.headers["WWW-Authenticate"]
    browser = site.client(None, Accept="text/html")
    url = f"{OWN}/status?x=1"
    async with browser.get(url, allow_redirects=False) as response:
        assert response.status == 303
        led = URL(response.headers["Location"])
    assert (led.path, led.query["next"]) == ("/app/login", url)
    # The admin's password opens nothing here, nor a user's login there.
    async with site.client().get(f"{OWN}/status") as response:
        await problem(response, 401)
    client = await logged_in(site, user)
    async with client.get("/admin/tenants") as response:
        await problem(response, 401)


async def test_a_user_sees_their_tenant(
    site: Site, user: PortalUser, tenant: str, show_qr: Callable[..., Awaitable[datetime]]
) -> None:
    client = await logged_in(site, user)
    async with client.get(f"{OWN}/status") as response:
        assert await response.json() == {"tenant": None, "setupRequest": None}
    await give(site, user, tenant)
    await show_qr(tenant, "2@code")
    async with client.get(f"{OWN}/status") as response:
        own = (await response.json())["tenant"]
    assert own["id"] == tenant
    assert own["name"] == own["config"]["business_name"] == "Asha Salon"
    assert set(own["worker"]) == {"status", "derived", "reason", "since", "action"}
    assert set(own["session"]) == {"state", "last_seen_at", "reason", "since", "action"}
    async with client.get(f"{OWN}/qr") as response:
        assert (await problem(response, 409))["code"] == "consent_needed"
    async with site.services.database.transaction() as connection:
        await connection.execute(
            "insert into portal_event_log (user_id, event_type, payload_json)"
            " values ($1, 'consented', '{\"version\": 1}')",
            user.id,
        )
    async with client.get(f"{OWN}/qr") as response:
        shown = await response.json()
    assert (shown["state"], shown["seq"]) == ("QR_READY", 2)
    assert shown["qr"].startswith("data:image/png;base64,")


async def test_a_users_log_is_searched_and_paged(
    site: Site, user: PortalUser, tenant: str, admin: aiohttp.ClientSession
) -> None:
    await give(site, user, tenant)
    client = await logged_in(site, user)
    texts = ["Kwanza", "Pili", "Mwisho"]
    for text in texts:
        body = {"chat": "+255754000001", "text": text}
        async with admin.post(f"/admin/tenants/{tenant}/messages", json=body) as response:
            assert response.status == 202

    async def found(**query: str) -> tuple[list[str], str | None]:
        async with client.get(f"{OWN}/logs", params=query) as response:
            assert response.status == 200, await response.text()
            page = await response.json()
        assert all("error" not in row for row in page["logs"])
        return [row["message_text"] for row in page["logs"]], page["next"]

    newest, cursor = await found(limit="2")
    assert newest == ["Mwisho", "Pili"]
    assert cursor is not None
    assert await found(limit="2", before=cursor) == (["Kwanza"], None)
    assert await found(q="pil") == (["Pili"], None)
    for query, status in (({"before": "x"}, 400), ({"limit": "0"}, 422), ({"page": "2"}, 422)):
        async with client.get(f"{OWN}/logs", params=query) as response:
            await problem(response, status)


def portal_routes(site: Site) -> list[tuple[str, str, Door]]:
    """Method, path and door of every route for the portal's users that programs use."""
    found: list[tuple[str, str, Door]] = []
    for route, endpoint in create_app(site.services)[TABLE].items():
        if endpoint is not None and isinstance(endpoint.operation.access, Door):
            assert route.resource is not None
            path, door = route.resource.canonical, endpoint.operation.access
            if door is not Door.OPEN and route.method != "HEAD":
                found.append((route.method, path, door))
    return found


async def test_no_route_shows_another_users_tenant(
    site: Site, pool: asyncpg.Pool, make_tenant: Callable[..., Awaitable[str]]
) -> None:
    """Every route, as A, with all that could name B's tenant."""
    tenant_a = await make_tenant()
    tenant_b = await make_tenant(phone_number="+255712000002", business_name="Juma Duka")
    async with pool.acquire() as connection:
        users = {
            origin: await new_user(
                connection, email="a@example.com", origin=origin, tenant_id=UUID(tenant_a)
            )
            for origin in Origin
        }
        await new_user(connection, email="b@example.com", tenant_id=UUID(tenant_b))
        await new_user(
            connection, email="b@example.com", origin=Origin.TRUSTED, tenant_id=UUID(tenant_b)
        )
    own = await logged_in(site, users[Origin.LOCAL])
    clients = {Door.PORTAL_LOGIN: own, Door.PORTAL_KEY: front_end(site, "a@example.com")}
    routes = portal_routes(site)
    assert len(routes) >= 7
    names = {"id": tenant_b, "tenant": tenant_b, "tenant_id": tenant_b, "email": "b@example.com"}
    for method, path, door in routes:
        assert "{" not in path, "a route that takes an id needs a walk of its own"
        for query in ({}, names):
            for body in (WISH, {**WISH, **names}):
                arguments: dict[str, Any] = {} if method == "GET" else {"json": body}
                headers = {auth.EMAIL_HEADER: "a@example.com"}
                async with clients[door].request(
                    method, path, params=query, headers=headers, **arguments
                ) as response:
                    text = await response.text()
                    assert response.status in {200, 403, 409, 422}, (path, text)
                assert tenant_b not in text
                assert "Juma" not in text
                assert "b@example.com" not in text


async def test_state_changing_routes_of_a_login_need_its_token(
    site: Site, user: PortalUser
) -> None:
    client = await logged_in(site, user)
    async with client.post(f"{OWN}/status") as response:
        assert (await problem(response, 403))["code"] == "bad_csrf_token"
