"""Pages as a browser sees them: logging in, forms, and what protects them."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from html.parser import HTMLParser
from uuid import UUID

import aiohttp
import pytest

from flowhqd.http.app import create_app
from flowhqd.http.auth import COOKIE
from flowhqd.http.server import serve
from flowhqd.messages.bounds import BOUNDS
from flowhqd.resources import resource
from tests.http.conftest import BODY, PASSWORD, Site
from tests.http.control import CODE
from tests.http.problems import problem

# What Chromium sends when a person opens a page.
ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
FORM = {**BODY, "hours": "always"}
TENANTS = "/admin/tenants"


def browser(site: Site) -> aiohttp.ClientSession:
    return site.client(None, Accept=ACCEPT)


@pytest.fixture
async def person(site: Site) -> aiohttp.ClientSession:
    """A browser that has logged in."""
    client = browser(site)
    async with client.post("/admin/login", data={"password": PASSWORD}) as response:
        assert response.status == 200
        assert str(response.url) == f"{site.url}{TENANTS}"
    return client


async def token(client: aiohttp.ClientSession) -> str:
    """The token that the login's own pages carry."""
    async with client.get(TENANTS) as response:
        match = re.search(r'name="csrf_token" value="([^"]+)"', await response.text())
    assert match is not None
    return match[1]


async def test_whoever_is_not_logged_in_is_led_to_the_form_and_back(
    site: Site, tenant: str
) -> None:
    client = browser(site)
    wanted = f"{TENANTS}/{tenant}/logs?limit=7"
    async with client.get(wanted) as response:
        assert response.status == 200
        assert response.url.path == "/admin/login"
        page = await response.text()
    (target,) = re.findall(r'name="next" value="([^"]*)"', page)
    assert target == wanted
    fields = {"password": PASSWORD, "next": target}
    async with client.post("/admin/login", data=fields, allow_redirects=False) as response:
        assert response.status == 303
        assert response.headers["Location"] == wanted
        cookie = response.cookies[COOKIE]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert not cookie["secure"]
    async with client.get("/") as response:
        assert str(response.url) == f"{site.url}{TENANTS}"


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "/admin\\evil", "/admin/logout"],
)
async def test_login_leads_to_no_other_site(site: Site, target: str) -> None:
    fields = {"password": PASSWORD, "next": target}
    async with browser(site).post("/admin/login", data=fields, allow_redirects=False) as response:
        assert response.headers["Location"] == TENANTS


async def test_a_wrong_password_shows_the_form_again(site: Site) -> None:
    client = browser(site)
    fields = {"password": "wrong", "next": "/admin/tenants/new"}
    async with client.post("/admin/login", data=fields) as response:
        assert response.status == 401
        assert "WWW-Authenticate" not in response.headers
        page = await response.text()
    assert "The password is wrong." in page
    assert 'value="/admin/tenants/new"' in page
    async with client.get(TENANTS, headers={"Authorization": "Basic eDp5"}) as response:
        assert response.status == 401
        assert "WWW-Authenticate" not in response.headers
        assert response.content_type == "text/html"


async def test_the_password_in_a_pages_url_becomes_a_cookie(site: Site, tenant: str) -> None:
    client = browser(site)
    url = f"{TENANTS}/{tenant}/logs"
    params = {"limit": "5", "password": PASSWORD}
    async with client.get(url, params=params, allow_redirects=False) as response:
        assert response.status == 303
        assert response.headers["Location"] == f"{url}?limit=5"
    async with client.get(url) as response:
        assert response.url.path == url
    async with browser(site).get(url, params={"password": "wrong"}) as response:
        assert response.status == 401
        assert "wrong" not in re.findall(r'name="next" value="([^"]*)"', await response.text())[0]


@pytest.mark.parametrize("environ", [{"TRUSTED_PROXIES": "127.0.0.1"}], indirect=True)
async def test_behind_https_the_cookie_is_for_https(site: Site) -> None:
    for header, secure in (("https", True), ("http", "")):
        async with browser(site).post(
            "/admin/login",
            data={"password": PASSWORD},
            headers={"X-Forwarded-Proto": header},
            allow_redirects=False,
        ) as response:
            assert response.cookies[COOKIE]["secure"] == secure


async def test_a_form_without_the_token_is_refused(
    site: Site, person: aiohttp.ClientSession, tenant: str
) -> None:
    url = f"{TENANTS}/{tenant}/worker/start"
    for fields in ({}, {"csrf_token": "x"}, {"csrf_token": "é"}):
        async with person.post(url, data=fields) as response:
            assert response.status == 403
            assert response.content_type == "text/html"
    async with person.post(url, headers={"Accept": "*/*"}) as response:
        assert (await problem(response, 403))["code"] == "bad_csrf_token"
    assert site.control.calls == []
    headers = {"Accept": "*/*", "X-CSRF-Token": await token(person)}
    async with person.post(url, headers=headers) as response:
        assert response.status == 202


async def test_another_site_cannot_log_a_browser_in(site: Site) -> None:
    async with browser(site).post(
        "/admin/login", data={"password": PASSWORD}, headers={"Origin": "https://evil.example"}
    ) as response:
        assert response.status == 403
        assert COOKIE not in response.cookies


async def test_logging_out_ends_the_login_itself(site: Site, person: aiohttp.ClientSession) -> None:
    (value,) = (cookie.value for cookie in person.cookie_jar if cookie.key == COOKIE)
    async with person.post("/admin/logout", data={"csrf_token": await token(person)}) as response:
        assert response.url.path == "/admin/login"
    assert COOKIE not in {cookie.key for cookie in person.cookie_jar}
    async with site.client(None, Cookie=f"{COOKIE}={value}").get(TENANTS) as response:
        await problem(response, 401)


async def test_another_password_ends_every_login(site: Site, person: aiohttp.ClientSession) -> None:
    (value,) = (cookie.value for cookie in person.cookie_jar if cookie.key == COOKIE)
    headers = {"Cookie": f"{COOKIE}={value}"}
    for password, status in ((PASSWORD, 200), ("another-one", 401)):
        app = create_app(replace(site.services, admin_password=password))
        async with (
            serve(app, "127.0.0.1", 0) as url,
            aiohttp.ClientSession(url, headers=headers) as client,
            client.get(TENANTS) as response,
        ):
            assert response.status == status


async def test_a_cookie_that_was_never_given_is_none(
    site: Site, person: aiohttp.ClientSession
) -> None:
    (value,) = (cookie.value for cookie in person.cookie_jar if cookie.key == COOKIE)
    session_id = value.partition(".")[0]
    for forged in ("", "x", session_id, f"{session_id}.x", f"{session_id}.é", f"{UUID(int=0)}.x"):
        async with site.client(None, Cookie=f"{COOKIE}={forged}").get(TENANTS) as response:
            await problem(response, 401)


async def test_a_tenants_life_by_forms(site: Site, person: aiohttp.ClientSession) -> None:
    csrf = {"csrf_token": await token(person)}
    async with person.post(TENANTS, data={**FORM, **csrf}) as response:
        assert response.status == 200
        url = response.url.path
        page = await response.text()
    assert re.fullmatch(rf"{TENANTS}/[0-9a-f-]{{36}}", url)
    assert "+255712345678" in page
    hours = {"hours": "set", "tz": "Africa/Nairobi", "mon_1_from": "08:00", "mon_1_to": "17:00"}
    limits = {"rate_limit_max_per_minute": "5", "rate_limit_window_ms": "1.5"}
    changed = {**FORM, **csrf, **hours, **limits, "name": "Jina Jipya"}
    async with person.post(f"{url}/edit", data=changed) as response:
        assert response.url.path == url
        assert "Jina Jipya" in await response.text()
    async with site.client().get(url) as response:
        config = (await response.json())["tenant"]["config"]
    assert config["hours_json"] == {"tz": "Africa/Nairobi", "mon": [["08:00", "17:00"]]}
    given = {name: value for name, value in config["limits"].items() if value is not None}
    assert given == {"rate_limit_max_per_minute": 5, "rate_limit_window_ms": 1500}
    async with person.get(f"{url}/edit") as response:
        page = await response.text()
    assert 'value="Africa/Nairobi"' in page
    assert re.search(r'name="mon_1_from" value="08:00"', page)
    assert re.search(r'name="rate_limit_window_ms"[^>]* value="1.5"', page)
    assert re.search(r'name="owner_pause_minutes"[^>]* value=""', page)
    assert "All tenants: 60." in page
    async with person.post(f"{url}/edit", data={**FORM, **csrf}) as response:
        assert response.status == 200
    async with site.client().get(url) as response:
        config = (await response.json())["tenant"]["config"]
    assert (config["hours_json"], set(config["limits"].values())) == (None, {None})
    async with person.get(f"{url}/delete") as response:
        assert "cannot be undone" in await response.text()
    for name in ("", "Duka"):
        async with person.post(f"{url}/delete", data={**csrf, "name": name}) as response:
            assert response.status == 422
            assert 'id="name-error"' in await response.text()
    async with person.post(f"{url}/delete", data={**csrf, "name": BODY["name"]}) as response:
        assert "was deleted" in await response.text()
    async with person.get(url) as response:
        assert response.status == 404
    assert [call for call, _ in site.control.calls] == ["changed", "changed", "remove"]


async def test_a_form_with_errors_keeps_what_was_typed(
    person: aiohttp.ClientSession, tenant: str
) -> None:
    csrf = {"csrf_token": await token(person)}
    typed = {
        "name": "",
        "business_name": '"><script>alert(1)</script>',
        "phone_number": "0712",
        "template_type": "NONE_SUCH",
        "language": "EN",
        "rate_limit_max_per_minute": "many",
        "rate_limit_window_ms": "0.5",
        "loop_breaker_max_replies": "-1",
        "reply_max_age_minutes": "1.5",
        "owner_pause_minutes": "9" * 400,
        "hours": "set",
        "tz": "Mars",
        "mon_1_from": "09:00",
        "mon_1_to": "08:00",
        "closed": "yesterday",
    }
    for url in (TENANTS, f"{TENANTS}/{tenant}/edit"):
        async with person.post(url, data={**typed, **csrf}) as response:
            assert response.status == 422
            page = await response.text()
        for name in (
            "name", "phone_number", "template_type", "mon_1", "tz", "closed", *BOUNDS,
        ):  # fmt: skip
            assert f'id="{name}-error"' in page
            assert re.search(rf'id="{name}"[^>]*aria-describedby="{name}-error', page), name
            assert f'<a href="#{name}">' in page
        assert 'id="language-error"' not in page
        assert 'value="0712"' in page
        assert "Must be from 1 to 86400 seconds." in page
        assert "Must be a whole number from 0 to 43200." in page
        assert "&#34;&gt;&lt;script&gt;" in page
        assert "<script>alert" not in page
        assert 'value="Mars"' in page
        assert 'value="many"' in page
        assert "Closing has to come after opening" in page


async def test_a_taken_number_is_told_beside_its_field(
    person: aiohttp.ClientSession, tenant: str
) -> None:
    csrf = {"csrf_token": await token(person)}
    async with person.post(TENANTS, data={**FORM, **csrf}) as response:
        assert response.status == 422
        assert 'id="phone_number-error"' in await response.text()


@pytest.mark.parametrize(
    ("path", "fields", "call"),
    [
        ("worker/start", {}, "start"),
        ("worker/stop", {}, "stop"),
        ("worker/restart", {}, "restart"),
        ("worker/force-restart", {}, "force_restart"),
        ("worker/force-restart", {"forget_login": "true"}, "forget_login"),
        ("pause", {}, "pause"),
        ("resume", {}, "resume"),
        ("qr", {}, "pair"),
    ],
)
async def test_a_button_acts_and_leads_back(
    site: Site,
    person: aiohttp.ClientSession,
    tenant: str,
    path: str,
    fields: dict[str, str],
    call: str,
) -> None:
    data = {**fields, "csrf_token": await token(person)}
    url = f"{TENANTS}/{tenant}"
    async with person.post(f"{url}/{path}", data=data, allow_redirects=False) as response:
        assert response.status == 303
        assert response.headers["Location"] == url
    assert site.control.calls == [(call, UUID(tenant))]


async def test_a_pairing_code_is_shown(
    person: aiohttp.ClientSession, tenant: str, connect: Callable[[str], Awaitable[None]]
) -> None:
    data = {"csrf_token": await token(person)}
    url = f"{TENANTS}/{tenant}/pairing-code"
    async with person.post(url, data=data) as response:
        assert response.url.path == f"{TENANTS}/{tenant}", "which can be loaded again"
        page = await response.text()
    (digits,) = re.findall(r'class="digits">(.*?)</p>', page)
    assert re.sub("<[^>]*>-?", "", digits) == CODE.code
    await connect(tenant)
    async with person.post(url, data=data) as response:
        assert response.status == 409
        assert response.content_type == "text/html"


async def test_the_page_shows_the_code_that_is_to_be_scanned(
    person: aiohttp.ClientSession,
    tenant: str,
    show_qr: Callable[[str, str], Awaitable[datetime]],
    connect: Callable[[str], Awaitable[None]],
) -> None:
    url = f"{TENANTS}/{tenant}"
    await show_qr(tenant, "2@abc")
    async with person.get(url) as response:
        page = await response.text()
    assert "QR_READY" in page
    (source,) = re.findall(r'<img src="([^"]+/qr[^"]+)"', page)
    async with person.get(source.replace("&amp;", "&")) as response:
        assert response.content_type == "image/svg+xml", "a picture even where HTML is wanted"
    async with person.get(f"{url}/qr") as response:
        assert response.url.path == url
    async with person.get(f"{url}/status") as response:
        assert response.url.path == url
    await connect(tenant)
    async with person.get(url) as response:
        page = await response.text()
    assert "Scan this code" not in page
    assert "CONNECTED" in page


async def test_problems_are_pages_for_people(
    site: Site, person: aiohttp.ClientSession, tenant: str
) -> None:
    back, home = f'<a href="{TENANTS}/{tenant}">Back', f'<a href="{TENANTS}">Go'
    for path, status, way in (
        ("/nothing", 404, home),
        (f"{TENANTS}/7", 404, home),
        (f"{TENANTS}/{tenant}/qr?format=png", 404, home),
        (f"{TENANTS}/{tenant}/logs?before=7", 400, back),
        (f"{TENANTS}/{tenant}/texts?language=FR", 422, back),
    ):
        async with person.get(path) as response:
            assert response.status == status
            assert response.content_type == "text/html"
            assert way in await response.text()
    async with site.client().get(f"{TENANTS}/new") as response:
        await problem(response, 404)


class Checker(HTMLParser):
    """Collects what a page must not have, and its controls without a label."""

    def __init__(self) -> None:
        super().__init__()
        self.labelled: set[str | None] = set()
        self.controls: list[dict[str, str | None]] = []
        self.wrong: list[str] = []
        self.headings: list[str] = []
        self.is_in_label = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "script" and "src" not in values:
            self.wrong.append("inline script")
        self.wrong += [name for name in values if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "img" and "alt" not in values):
            self.wrong.append(tag)
        if tag == "label":
            self.labelled.add(values.get("for"))
            self.is_in_label = True
        is_control = tag in {"input", "select", "textarea"} and values.get("type") != "hidden"
        if is_control and not (self.is_in_label or values.get("aria-label")):
            self.controls.append(values)
        if tag == "h1":
            self.headings.append(tag)
        for name in ("src", "href", "action"):
            target = values.get(name) or "/"
            if not target.startswith(("/", "#")) or target.startswith("//"):
                self.wrong.append(target)

    def handle_endtag(self, tag: str) -> None:
        if tag == "label":
            self.is_in_label = False


async def test_every_page_is_labelled_and_needs_nothing_from_elsewhere(
    site: Site,
    person: aiohttp.ClientSession,
    tenant: str,
    show_qr: Callable[[str, str], Awaitable[datetime]],
) -> None:
    await show_qr(tenant, "2@abc")
    url = f"{TENANTS}/{tenant}"
    names = ("edit", "delete", "logs", "texts", "texts/prices", "try", "audit", "unlink")
    paths = (TENANTS, f"{TENANTS}/new", url, *(f"{url}/{name}" for name in names))
    for path in (*paths, "/admin/login", "/nothing"):
        async with person.get(path) as response:
            assert response.headers["Vary"] == "Accept, Accept-Encoding"
            page = await response.text()
        checker = Checker()
        checker.feed(page)
        assert checker.wrong == [], path
        unlabelled = [c for c in checker.controls if c.get("id") not in checker.labelled]
        assert [c["name"] for c in unlabelled if "hidden" not in c] == [], path
        assert checker.headings == ["h1"], path
        assert '<html lang="en">' in page


async def test_static_files_are_kept_by_their_version(site: Site) -> None:
    client = browser(site)
    async with client.get("/admin/login") as response:
        (address,) = re.findall(r'"(/static/flowhqd\.css\?v=[^"]+)"', await response.text())
    async with client.get(address) as response:
        assert response.content_type == "text/css"
        assert "immutable" in response.headers["Cache-Control"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        content, etag = await response.read(), response.headers["ETag"]
    assert content == (resource("web/static") / "flowhqd.css").read_bytes()
    plain = address.partition("?")[0]
    async with client.get(plain, headers={"If-None-Match": etag}) as response:
        assert response.status == 304
        assert response.headers["Cache-Control"] == "no-cache"
    async with client.get("/static/live.js") as response:
        assert response.content_type == "text/javascript"
    for path in ("/static/nothing.css", "/static/..%2f..%2fREADME.md", "/static/"):
        async with client.get(path) as response:
            assert response.status == 404
