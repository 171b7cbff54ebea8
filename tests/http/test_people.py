"""The operator's side of the portal: requests that are decided upon, and people."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import pytest

from flowhqd.changes import Topic
from flowhqd.states import SetupStatus, Wanted
from flowhqd.store import people, portal_sessions, setup_requests, tenants
from flowhqd.store.people import Origin, PortalUser
from flowhqd.store.setup_requests import SetupRequest
from tests.http.conftest import Site
from tests.http.problems import problem
from tests.people import new_user, wish

REQUESTS, USERS = "/admin/setup-requests", "/admin/users"
HTML = {"Accept": "text/html"}

Ask = Callable[..., Awaitable[SetupRequest]]


@pytest.fixture
def ask(site: Site) -> Ask:
    """Sends a new user's request, or the ``user``'s."""

    async def send(user: PortalUser | None = None, **given: Any) -> SetupRequest:
        async with site.services.database.transaction() as connection:
            who = user or await new_user(connection)
            made = await setup_requests.save(connection, who.id, wish(**given))
            return await setup_requests.move(connection, made, SetupStatus.SUBMITTED)

    return send


async def listed(admin: aiohttp.ClientSession, **query: str) -> list[dict[str, Any]]:
    async with admin.get(REQUESTS, params=query) as response:
        assert response.status == 200, await response.text()
        found: list[dict[str, Any]] = (await response.json())["setupRequests"]
    return found


async def events(site: Site) -> list[tuple[str, str | None]]:
    async with site.services.database.connection() as connection:
        rows = await connection.fetch(
            "select event_type, payload_json ->> 'note' from portal_event_log order by id"
        )
    return [(row[0], row[1]) for row in rows]


async def test_requests_are_listed_with_what_the_operator_should_know(
    site: Site, admin: aiohttp.ClientSession, make_tenant: Callable[..., Awaitable[str]], ask: Ask
) -> None:
    assert await listed(admin) == []
    tenant = await make_tenant(phone_number="+255712000009", name="Mpya")
    first = await ask()
    second = await ask(whatsapp_number="+255712000009", business_name="Juma")
    async with site.services.database.transaction() as connection:
        await setup_requests.save(connection, (await new_user(connection)).id, wish(notes="draft"))
    everything = await listed(admin)
    assert [one["notes"] for one in everything] == ["draft", "", ""]
    submitted = await listed(admin, status="SUBMITTED")
    assert [one["id"] for one in submitted] == [str(second.id), str(first.id)]
    assert submitted[0]["existing_tenant"] == {"id": tenant, "name": "Mpya", "is_shared": False}
    assert submitted[1]["existing_tenant"] is None
    assert submitted[1]["user"]["email_verified_at"] is None
    assert submitted[1]["user"]["origin"] == "local"

    async with admin.get(REQUESTS, params={"limit": "2"}) as response:
        page = await response.json()
    async with admin.get(REQUESTS, params={"after": page["next"]}) as response:
        rest = await response.json()
    assert page["setupRequests"] + rest["setupRequests"] == everything
    assert rest["next"] is None
    for query in ({"after": "x"}, {"after": page["next"], "status": "DRAFT"}):
        async with admin.get(REQUESTS, params=query) as response:
            await problem(response, 400)
    async with admin.get(REQUESTS, params={"status": "WAITING"}) as response:
        assert "status" in (await problem(response, 422))["errors"]


async def test_approving_makes_the_tenant_and_starts_it(
    site: Site, admin: aiohttp.ClientSession, ask: Ask
) -> None:
    request = await ask(business_name="Asha Salon", template_type="SUPPORT")
    async with admin.post(f"{REQUESTS}/{request.id}/approve") as response:
        assert response.status == 200, await response.text()
        body = await response.json()
    tenant = body["tenant"]
    assert (tenant["name"], tenant["phone_number"]) == ("Asha Salon", request.whatsapp_number)
    assert (tenant["config"]["template_type"], tenant["config"]["language"]) == ("SUPPORT", "SW")
    assert body["setupRequest"]["status"] == "APPROVED"
    assert body["setupRequest"]["tenant_id"] == tenant["id"]
    assert body["setupRequest"]["decided_at"]
    assert ("start", UUID(tenant["id"])) in site.control.calls
    async with site.services.database.connection() as connection:
        stored = await tenants.get(connection, UUID(tenant["id"]))
        user = await people.get(connection, request.user_id)
        actions = await connection.fetch("select action from audit where tenant_id = $1", stored.id)
    assert stored.wanted is Wanted.RUNNING
    assert user.tenant_id == stored.id
    assert [row["action"] for row in actions] == ["setup_request_approved"]
    assert await events(site) == [("approved", None)]


async def test_a_double_click_approves_once(
    site: Site, admin: aiohttp.ClientSession, ask: Ask
) -> None:
    request = await ask()

    async def approve() -> str:
        async with admin.post(f"{REQUESTS}/{request.id}/approve", json={}) as response:
            assert response.status == 200, await response.text()
            made: str = (await response.json())["tenant"]["id"]
            return made

    made = set(await asyncio.gather(*(approve() for _ in range(4))))
    assert len(made) == 1
    assert await events(site) == [("approved", None)]
    async with site.services.database.transaction() as connection:
        assert await connection.fetchval("select count(*) from tenant") == 1
        await tenants.want(connection, UUID(next(iter(made))), Wanted.STOPPED)
    site.control.calls.clear()
    assert {await approve()} == made
    assert site.control.calls == [], "a late click does not start what was stopped since"


async def test_approving_links_the_tenant_that_has_the_number(
    site: Site, admin: aiohttp.ClientSession, tenant: str, ask: Ask
) -> None:
    request = await ask(
        whatsapp_number="+255712345678", business_name="Asha", template_type="SUPPORT"
    )
    async with admin.post(f"{REQUESTS}/{request.id}/approve", json={"name": "X"}) as response:
        body = await response.json()
    assert body["tenant"]["id"] == tenant
    assert (body["tenant"]["name"], body["tenant"]["config"]["business_name"]) == (
        "Duka la Asha", "Asha",
    )  # fmt: skip
    assert body["tenant"]["config"]["template_type"] == "SUPPORT"
    assert ("changed", UUID(tenant)) in site.control.calls


async def test_a_tenant_that_answers_already_makes_the_request_active(
    site: Site,
    admin: aiohttp.ClientSession,
    tenant: str,
    ask: Ask,
    connect: Callable[[str], Awaitable[None]],
) -> None:
    await connect(tenant)
    request = await ask(whatsapp_number="+255712345678")
    async with admin.post(f"{REQUESTS}/{request.id}/approve") as response:
        assert (await response.json())["setupRequest"]["status"] == "ACTIVE"


async def test_a_number_of_others_is_shared_only_when_asked_for(
    site: Site, admin: aiohttp.ClientSession, tenant: str, ask: Ask
) -> None:
    """Whoever asks for another's number would see its messages."""
    async with site.services.database.connection() as connection:
        await new_user(connection, email="owner@example.com", tenant_id=UUID(tenant))
    request = await ask(whatsapp_number="+255712345678")
    assert (await listed(admin))[0]["existing_tenant"]["is_shared"] is True
    url = f"{REQUESTS}/{request.id}/approve"
    async with admin.post(url) as response:
        refused = await problem(response, 409)
    assert refused["code"] == "tenant_shared"
    assert "owner@example.com" in refused["detail"]
    async with site.services.database.connection() as connection:
        assert (await people.get(connection, request.user_id)).tenant_id is None
    async with admin.post(url, json={"share": True}) as response:
        assert response.status == 200


async def test_what_cannot_be_approved(
    site: Site, admin: aiohttp.ClientSession, ask: Ask, tenant: str
) -> None:
    nameless = await ask(business_name="")
    url = f"{REQUESTS}/{nameless.id}/approve"
    async with admin.post(url) as response:
        assert "business_name" in (await problem(response, 422))["errors"]
    async with admin.post(url, json={"updated_at": "2026-01-01T00:00:00Z"}) as response:
        assert (await problem(response, 409))["code"] == "request_changed"
    for body, field in (({"name": " "}, "name"), ({"share": 1}, "share"), ({"x": 1}, "x")):
        async with admin.post(url, json=body) as response:
            assert field in (await problem(response, 422))["errors"]
    body = {"business_name": "Asha", "updated_at": nameless.updated_at.isoformat()}
    async with admin.post(url, json=body) as response:
        assert (await response.json())["tenant"]["name"] == "Asha"

    async with site.services.database.transaction() as connection:
        draft = await setup_requests.save(connection, (await new_user(connection)).id, wish())
        busy = await new_user(connection)
    elsewhere = await ask(busy)
    async with site.services.database.transaction() as connection:
        await people.set_tenant(connection, busy.id, UUID(tenant))
    for request in (draft, elsewhere):
        async with admin.post(f"{REQUESTS}/{request.id}/approve") as response:
            await problem(response, 409)
    for wrong in (uuid4(), "x"):
        for verb, sent in (("approve", {}), ("reject", {"note": "x"})):
            async with admin.post(f"{REQUESTS}/{wrong}/{verb}", json=sent) as response:
                await problem(response, 404)
    async with site.services.database.connection() as connection:
        assert await connection.fetchval("select count(*) from tenant") == 2


async def test_rejecting_needs_a_note_and_is_done_once(
    site: Site, admin: aiohttp.ClientSession, ask: Ask
) -> None:
    request = await ask()
    url = f"{REQUESTS}/{request.id}/reject"
    for body in ({}, {"note": ""}, {"note": "  "}, {"note": "x" * 2001}):
        async with admin.post(url, json=body) as response:
            assert "note" in (await problem(response, 422))["errors"]
    with site.services.changes.watch() as watcher:
        for note in ("Namba si sahihi", "Tena"):
            async with admin.post(url, json={"note": note}) as response:
                answer = (await response.json())["setupRequest"]
            assert (answer["status"], answer["reviewer_note"]) == ("REJECTED", "Namba si sahihi")
        assert await watcher.next() == {None: {Topic.REQUESTS}}
    assert await events(site) == [("rejected", "Namba si sahihi")]
    async with admin.post(f"{REQUESTS}/{request.id}/approve") as response:
        assert "REJECTED" in (await problem(response, 409))["detail"]


async def test_people_are_invited_listed_and_kept_out(
    site: Site, admin: aiohttp.ClientSession, tenant: str
) -> None:
    body = {"email": "Asha@Example.com ", "language": "en", "tenant_id": tenant}
    async with admin.post(USERS, json=body) as response:
        assert response.status == 201, await response.text()
        made = await response.json()
    user, link = made["user"], made["link"]
    assert (user["email"], user["language"]) == ("asha@example.com", "EN")
    assert (user["is_invited"], user["tenant_id"]) == (True, tenant)
    assert link["url"].startswith(f"{site.url}/app/invite/")
    assert link["kind"] == "invite"
    async with admin.post(USERS, json=body) as response:
        assert (await problem(response, 409))["code"] == "address_taken"
    async with admin.get(USERS) as response:
        assert await response.json() == {"users": [user], "next": None}
    for search, found in (("ASHA", [user]), ("juma", [])):
        async with admin.get(USERS, params={"q": search}) as response:
            assert (await response.json())["users"] == found

    url = f"{USERS}/{user['id']}"
    async with admin.post(f"{url}/reset-link") as response:
        again = (await response.json())["link"]
    assert again["kind"] == "invite"
    assert again["url"] != link["url"]
    async with site.services.database.connection() as connection:
        await people.set_password(connection, UUID(user["id"]), "hash")
        await portal_sessions.create(connection, UUID(user["id"]))
    async with admin.post(f"{url}/reset-link") as response:
        assert (await response.json())["link"]["url"].startswith(f"{site.url}/app/reset/")

    for _ in range(2):
        async with admin.post(f"{url}/disable") as response:
            assert (await response.json())["user"]["disabled_at"]
    async with admin.post(f"{url}/reset-link") as response:
        assert "disabled" in (await problem(response, 409))["detail"]
    async with site.services.database.connection() as connection:
        assert await connection.fetchval("select count(*) from portal_session") == 0
        assert await connection.fetchval("select count(*) from portal_token") == 0
    async with admin.post(f"{url}/enable") as response:
        assert (await response.json())["user"]["disabled_at"] is None
    async with site.services.database.connection() as connection:
        rows = await connection.fetch(
            "select action from audit where tenant_id = $1 order by id", UUID(tenant)
        )
    assert [row["action"] for row in rows] == [
        "tenant_created", "user_invited", "user_link", "user_link", "user_disabled", "user_enabled",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "email"),
        ({"email": "asha"}, "email"),
        ({"email": "a" * 250 + "@example.com"}, "email"),
        ({"email": "asha@example.com", "language": "FR"}, "language"),
        ({"email": "asha@example.com", "tenant_id": "x"}, "tenant_id"),
        ({"email": "asha@example.com", "tenant_id": str(uuid4())}, "tenant_id"),
        ({"email": "asha@example.com", "password": "x"}, "password"),
    ],
)
async def test_who_cannot_be_invited(
    site: Site, admin: aiohttp.ClientSession, body: dict[str, str], field: str
) -> None:
    async with admin.post(USERS, json=body) as response:
        assert field in (await problem(response, 422))["errors"]
    async with admin.get(USERS) as response:
        assert (await response.json())["users"] == []


@pytest.mark.parametrize("environ", [{"SIGNUP": "off"}], indirect=True)
async def test_with_signup_off_nobody_is_invited(admin: aiohttp.ClientSession) -> None:
    async with admin.post(USERS, json={"email": "asha@example.com"}) as response:
        assert "SIGNUP" in (await problem(response, 409))["detail"]
    async with admin.get(USERS, headers=HTML) as response:
        assert "SIGNUP is off" in await response.text()


@pytest.mark.parametrize("environ", [{"TRUSTED_PROXIES": "127.0.0.1"}], indirect=True)
async def test_links_have_the_address_under_which_we_are_known(
    admin: aiohttp.ClientSession,
) -> None:
    known = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "Duka.Example.com"}
    body = {"email": "asha@example.com"}
    async with admin.post(USERS, json=body, headers=known) as response:
        url = (await response.json())["link"]["url"]
    assert url.startswith("https://duka.example.com/app/invite/")


async def test_a_user_of_a_front_end_has_no_password_here(
    site: Site, admin: aiohttp.ClientSession
) -> None:
    async with site.services.database.connection() as connection:
        user = await new_user(connection, origin=Origin.TRUSTED)
    async with admin.post(f"{USERS}/{user.id}/reset-link") as response:
        assert "front end" in (await problem(response, 409))["detail"]
    for verb in ("reset-link", "disable", "enable"):
        async with admin.post(f"{USERS}/{uuid4()}/{verb}") as response:
            await problem(response, 404)


async def test_the_pages_decide_too(site: Site, admin: aiohttp.ClientSession, ask: Ask) -> None:
    async with admin.get(REQUESTS, headers=HTML) as response:
        assert "Nobody is waiting" in await response.text()
    request = await ask(business_name="<b>Asha</b>", notes="Tafadhali\nharaka")
    url = f"{REQUESTS}/{request.id}"
    async with admin.get(REQUESTS, headers=HTML) as response:
        page = await response.text()
    assert "&lt;b&gt;Asha" in page
    assert "NOT VERIFIED" in page
    assert "Tafadhali<br>haraka" in page
    async with admin.get(REQUESTS, headers=HTML, params={"status": "NONE"}) as response:
        assert response.status == 404
    async with admin.post(f"{url}/reject", headers=HTML, data={"note": " "}) as response:
        assert response.status == 422
        assert "note-error" in await response.text()
    stale = {"updated_at": "2026-01-01T00:00:00+00:00", "business_name": "Asha mpya"}
    async with admin.post(f"{url}/approve", headers=HTML, data=stale) as response:
        assert response.status == 409
        page = await response.text()
    assert "changed since" in page
    assert "Asha mpya" in page, "what was typed is kept"
    data = {"business_name": "Asha Salon", "updated_at": request.updated_at.isoformat()}
    async with admin.post(
        f"{url}/approve", headers=HTML, data=data, allow_redirects=False
    ) as response:
        assert response.status == 303
        assert response.headers["Location"].startswith("/admin/tenants/")
    other = await ask()
    async with admin.post(
        f"{REQUESTS}/{other.id}/reject", headers=HTML, data={"note": "x"}, allow_redirects=False
    ) as response:
        assert response.headers["Location"] == REQUESTS
    for status, count in (("APPROVED", 1), ("REJECTED", 1), ("DRAFT", 0), ("ALL", 2)):
        async with admin.get(REQUESTS, headers=HTML, params={"status": status}) as response:
            assert (await response.text()).count('aria-labelledby="request-') == count


async def test_the_page_of_people(
    site: Site, admin: aiohttp.ClientSession, make_tenant: Callable[..., Awaitable[str]]
) -> None:
    tenant_number = "+255712000009"
    tenant = await make_tenant(phone_number=tenant_number)
    async with admin.get(USERS, headers=HTML) as response:
        assert "Nobody yet" in await response.text()
    async with admin.get(USERS, headers=HTML, params={"q": "x" * 10_000}) as response:
        assert response.status == 422
        assert 'id="q-error">Is too long: at most 200 characters.' in await response.text()
    async with admin.get(USERS, headers=HTML, params={"after": "nowhere"}) as response:
        assert response.status == 400
    async with admin.post(USERS, headers=HTML, data={"email": "asha"}) as response:
        assert response.status == 422
        assert 'value="asha"' in await response.text()
    async with admin.post(USERS, headers=HTML, data={"email": "asha@example.com"}) as response:
        assert "/app/invite/" in await response.text()
    async with admin.post(USERS, headers=HTML, data={"email": "asha@example.com"}) as response:
        assert response.status == 422
        assert "account already" in await response.text()
    async with admin.get(USERS, headers=HTML) as response:
        page = await response.text()
    assert "/app/invite/" not in page, "a link is shown once"
    user_id = page.partition("/admin/users/")[2].partition("/")[0]
    async with admin.post(f"{USERS}/{user_id}/reset-link", headers=HTML) as response:
        assert "/app/invite/" in await response.text()
    for verb, state in (("disable", "DISABLED"), ("enable", "INVITED")):
        async with admin.post(f"{USERS}/{user_id}/{verb}", headers=HTML) as response:
            assert str(response.url).endswith(USERS)
            assert state in await response.text()
    for number, status in (("+255700000099", 422), ("x", 422), (tenant_number, 200)):
        data = {"email": "juma@example.com", "tenant_number": number}
        async with admin.post(USERS, headers=HTML, data=data) as response:
            assert response.status == status
            assert ("tenant_number-error" in await response.text()) is (status == 422)
    async with admin.get(USERS, headers=HTML) as response:
        assert f"/admin/tenants/{tenant}" in await response.text()
    async with admin.get(USERS, headers=HTML, params={"q": "<x>"}) as response:
        assert "&lt;x&gt;" in await response.text()
