"""The walls around every route: a new one is covered by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from uuid import UUID

import aiohttp
import pytest

from flowhqd.http import throttle
from flowhqd.http.app import create_app
from flowhqd.http.auth import COOKIE
from flowhqd.http.headers import SECURITY
from flowhqd.http.operation import TABLE
from flowhqd.http.origin import SAFE_METHODS
from flowhqd.http.portal import auth as portal
from flowhqd.store import people, portal_sessions
from tests.http.conftest import PASSWORD, Site
from tests.http.forms import fields_of
from tests.http.problems import problem
from tests.people import new_user

HTML = "text/html"
CSP = "Content-Security-Policy"
# Where a person comes in who has no login yet; they stand behind the check of the origin alone.
ENTRANCES = {
    "/admin/login",
    "/app/login",
    "/app/signup",
    "/app/language",
    "/app/invite/x",
    "/app/reset/x",
}


def paths(site: Site, tenant: str, *, changing: bool) -> Iterator[tuple[str, str]]:
    """The method and an address of every route that changes something, or of every other."""
    for route in create_app(site.services)[TABLE]:
        assert route.resource is not None
        path = route.resource.canonical.replace("{id}", tenant)
        if (route.method not in SAFE_METHODS) is changing:
            yield route.method, re.sub(r"{\w+}", "x", path)


async def state(site: Site) -> list[object]:
    """Everything that a request could have changed."""
    async with site.services.database.connection() as connection:
        tables = [
            row["tablename"]
            for row in await connection.fetch(
                "select tablename from pg_tables where schemaname = 'public' order by 1"
            )
            # The first login of a browser is made on the way.
            if row["tablename"] not in ("admin_session", "portal_session", "schema_migration")
        ]
        rows = [await connection.fetch(f"select * from {table} t") for table in tables]  # noqa: S608
    return [[tuple(row) for row in found] for found in rows] + list(site.control.calls)


@pytest.fixture
async def user_cookie(site: Site, tenant: str) -> str:
    """The cookie of a portal user who owns the tenant."""
    async with site.services.database.transaction() as connection:
        user = await new_user(connection, email="asha@example.com")
        await people.set_tenant(connection, user.id, UUID(tenant))
        return f"{portal.COOKIE}={await portal_sessions.create(connection, user.id)}"


async def test_nothing_changes_without_a_login(
    site: Site, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "FIRST_DELAY_SECONDS", 0.001)
    monkeypatch.setattr(throttle, "MAX_DELAY_SECONDS", 0.001)
    before = await state(site)
    walked = 0
    for method, path in paths(site, tenant, changing=True):
        if path in ENTRANCES:
            continue
        walked += 1
        async with site.client(None).request(method, path, json={}) as response:
            await problem(response, 401)
        async with site.client(None, Accept=HTML).request(
            method, path, data={"name": "x"}, allow_redirects=False
        ) as response:
            assert response.status in (401, 303), path
            if response.status == 303:
                assert "/login" in response.headers["Location"], path
    assert walked > 20
    assert await state(site) == before


async def test_no_cookie_does_anything_without_the_token(
    site: Site, tenant: str, user_cookie: str
) -> None:
    person = site.client(None, Accept=HTML)
    async with person.post("/admin/login", data={"password": PASSWORD}) as response:
        assert response.status == 200
    (value,) = (cookie.value for cookie in person.cookie_jar if cookie.key == COOKIE)
    client = site.client(None, Cookie=f"{COOKIE}={value}; {user_cookie}")
    before = await state(site)
    for method, path in paths(site, tenant, changing=True):
        if path in ENTRANCES:
            continue
        for headers in ({}, {"X-CSRF-Token": "x"}):
            async with client.request(method, path, json={}, headers=headers) as response:
                status = 401 if path.startswith("/portal/") else 403
                found = await problem(response, status)
                assert found["code"] in ("bad_csrf_token", "bad_portal_key"), path
    assert await state(site) == before


async def test_another_site_changes_nothing_through_a_browser(
    site: Site, tenant: str, user_cookie: str
) -> None:
    before = await state(site)
    portal_key = {portal.KEY_HEADER: site.services.portal_key, portal.EMAIL_HEADER: "a@example.com"}
    for foreign in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        client = site.client(PASSWORD, Cookie=user_cookie, **portal_key, **foreign)
        for method, path in paths(site, tenant, changing=True):
            async with client.request(method, path, json={}) as response:
                assert (await problem(response, 403))["code"] == "foreign_origin", path
    assert await state(site) == before


class Inline(HTMLParser):
    """Whatever a strict policy would not run or apply."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.forms_without_token: list[str] = []
        self._form = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "style" or (tag == "script" and not given.get("src")):
            self.found.append(tag)
        self.found += [name for name in given if name == "style" or name.startswith("on")]
        if (given.get("src") or given.get("href") or "").startswith(("http", "//", "javascript")):
            self.found.append(str(attrs))
        if tag == "form" and (given.get("method") or "").lower() == "post":
            self._form = given.get("action") or "?"
        if tag == "input" and given.get("name") == "csrf_token" and given.get("value"):
            self._form = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._form:
            self.forms_without_token.append(self._form)
            self._form = ""


async def test_every_page_is_strict_and_every_form_has_the_token(
    site: Site, tenant: str, user_cookie: str
) -> None:
    person = site.client(None, Accept=HTML)
    async with person.post("/admin/login", data={"password": PASSWORD}) as response:
        assert response.status == 200
    (value,) = (cookie.value for cookie in person.cookie_jar if cookie.key == COOKIE)
    client = site.client(None, Accept=HTML, Cookie=f"{COOKIE}={value}; {user_cookie}")
    pages = 0
    for method, path in paths(site, tenant, changing=False):
        if method == "HEAD" or path == "/static/x":
            continue
        async with client.get(path, timeout=aiohttp.ClientTimeout(20)) as response:
            assert response.status < 500, path
            assert response.headers["Content-Security-Policy"] == SECURITY[CSP]
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            if response.content_type != HTML:
                continue
            found = Inline()
            found.feed(await response.text())
        pages += 1
        assert found.found == [], path
        assert set(found.forms_without_token) <= ENTRANCES, path
    assert pages > 10


async def test_a_foreign_host_is_believed_from_trusted_proxies_only(site: Site) -> None:
    """Nobody makes a foreign origin our own by a header."""
    headers = {"Origin": "https://evil.example", "X-Forwarded-Host": "evil.example"}
    async with site.client(PASSWORD, **headers).post("/admin/tenants", json={}) as response:
        assert (await problem(response, 403))["code"] == "foreign_origin"


async def logged_in(site: Site) -> tuple[aiohttp.ClientSession, str]:
    """A browser with a login, and the token of its pages."""
    person = site.client(None, Accept=HTML)
    async with person.post("/admin/login", data={"password": PASSWORD}) as response:
        page = await response.text()
    (token,) = set(re.findall(r'name="csrf_token" value="([^"]+)"', page))
    return person, token


KEYS = "/admin/keys"
FORM = {"name": "Duka <la> Asha", "read": "on", "notes": "one\n two"}


async def test_a_stale_token_keeps_what_was_typed(site: Site) -> None:
    _, stale = await logged_in(site)
    person, _ = await logged_in(site)
    async with person.post(KEYS, data={**FORM, "csrf_token": stale}) as response:
        assert response.status == 403
        page = await response.text()
    assert "Nothing was done" in page
    kept = fields_of(page, KEYS)
    assert kept.pop("csrf_token") != stale
    assert kept == FORM
    async with person.post(KEYS, data=fields_of(page, KEYS)) as response:
        assert response.status == 200
        assert "fhq_" in await response.text()


async def test_a_login_that_is_over_keeps_what_was_typed(site: Site) -> None:
    person, token = await logged_in(site)
    async with site.services.database.connection() as connection:
        await connection.execute("delete from admin_session")
    fields = {**FORM, "csrf_token": token, "password": "siri"}
    async with person.post(f"{KEYS}?x=1", data=fields) as response:
        assert response.status == 401
        page = await response.text()
    assert "siri" not in page
    kept = fields_of(page, "/admin/login")
    for password, status in (("wrong", 401), (PASSWORD, 200)):
        async with person.post("/admin/login", data={**kept, "password": password}) as response:
            assert response.status == status
            page = await response.text()
    found = fields_of(page, KEYS)
    assert found.pop("csrf_token") != token
    assert found == FORM
    assert 'action="/admin/keys?x=1"' in page


async def test_nothing_but_a_form_of_ours_is_sent_again(site: Site) -> None:
    for again in (
        '["https://evil.example/", {"name": "x"}]',
        '["/admin/logout", {"name": "x"}]',
        '["//evil.example/admin/", {"name": "x"}]',
        '["/admin/tenants", {"name": 7}]',
        "[]",
        "x" * 5000,
    ):
        fields = {"password": PASSWORD, "again": again}
        async with site.client(None, Accept=HTML).post("/admin/login", data=fields) as response:
            assert response.url.path == "/admin/tenants"
            assert "Send it again" not in await response.text()


async def test_an_action_after_the_login_is_over_leads_back_to_its_page(
    site: Site, tenant: str
) -> None:
    person, token = await logged_in(site)
    async with site.services.database.connection() as connection:
        await connection.execute("delete from admin_session")
    page = f"/admin/tenants/{tenant}"
    async with person.post(
        f"{page}/pause", data={"csrf_token": token}, headers={"Referer": f"{site.url}{page}?x=1"}
    ) as response:
        assert f'name="next" value="{page}?x=1"' in await response.text()


async def test_a_new_login_ends_the_browsers_former_one(site: Site) -> None:
    person, _ = await logged_in(site)
    (former,) = (cookie.value for cookie in person.cookie_jar if cookie.key == COOKIE)
    async with person.post("/admin/login", data={"password": PASSWORD}) as response:
        assert response.status == 200
    (value,) = (cookie.value for cookie in person.cookie_jar if cookie.key == COOKIE)
    assert value != former
    async with site.client(None, Cookie=f"{COOKIE}={former}").get("/admin/tenants") as response:
        await problem(response, 401)


async def test_logins_are_listed_and_ended_one_by_one_or_all(site: Site) -> None:
    person, token = await logged_in(site)
    other, _ = await logged_in(site)
    third, _ = await logged_in(site)
    async with person.get("/admin/keys") as response:
        page = await response.text()
    assert page.count("This browser") == 1
    ends = re.findall(r'action="(/admin/logins/[0-9a-f-]+/end)"', page)
    assert len(ends) == 2
    async with person.post(ends[0], data={"csrf_token": token}) as response:
        assert response.url.path == "/admin/keys"
    statuses = []
    for browser in (other, third):
        async with browser.get("/admin/keys", allow_redirects=False) as response:
            statuses.append(response.status)
    assert sorted(statuses) == [200, 303]
    async with person.post("/admin/logins/end", data={"csrf_token": token}) as response:
        assert response.url.path == "/admin/login"
    for browser in (person, other, third):
        async with browser.get("/admin/keys", allow_redirects=False) as response:
            assert response.status == 303
