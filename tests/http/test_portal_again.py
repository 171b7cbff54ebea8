"""An owner's form that comes too late: what was written in it is not lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import uuid4

import pytest

from flowhqd.http import throttle
from flowhqd.http.app import create_app
from flowhqd.http.operation import TABLE
from flowhqd.http.portal.pages.again import LABELS
from flowhqd.states import Language
from tests.http.conftest import Site
from tests.http.forms import fields_of, written_on
from tests.http.portal import ASHA, PASSWORD, Owner, owner, owner_of

WRITTEN = {
    "notes": 'Tumefunga <Jumapili> "kabisa"\n & Jumatatu',
    "number": "+255 7",
    "mon_1_to": "x",
}
SECRETS = {"password": "siri-kuu", "current_password": "siri-kuu", "username": "siri-kuu"}
# Where no login is needed, where nothing is written, and where one agrees to what is on the page.
NOT_KEPT = {
    "/app/login",
    "/app/signup",
    "/app/language",
    "/app/logout",
    "/app/logout-everywhere",
    "/app/invite/x",
    "/app/reset/x",
    "/app/whatsapp/agree",
    "/app/whatsapp/code",
    "/app/whatsapp/qr",
    "/app/whatsapp/unlink",
}


@pytest.fixture(autouse=True)
def never_waiting(impatient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many fail, none waits long."""
    monkeypatch.setattr(throttle, "MAX_DELAY_SECONDS", 0.001)


@pytest.fixture
async def asha(site: Site, tenant: str) -> Owner:
    """The owner of a tenant, who agreed to linking."""
    asha = await owner_of(site, tenant)
    await asha.browser.post("/app/language", language="en")
    return asha


def addresses(site: Site, method: str) -> Iterator[str]:
    """Every address of the portal's pages that takes this method."""
    for route in create_app(site.services)[TABLE]:
        assert route.resource is not None
        path = route.resource.canonical.replace("{id}", str(uuid4())).replace("{key}", "greeting")
        if route.method == method and path.startswith("/app/"):
            yield re.sub(r"{\w+}", "x", path)


async def log_everybody_out(site: Site) -> None:
    async with site.services.database.connection() as connection:
        await connection.execute("delete from portal_session")


async def test_a_stale_token_keeps_what_was_written_in_every_form(site: Site, asha: Owner) -> None:
    walked = 0
    for path in addresses(site, "POST"):
        if path in NOT_KEPT:
            continue
        page = await asha.browser.send(path, csrf_token="stale", **WRITTEN, **SECRETS)
        assert page.status == 403, path
        assert "Nothing was done" in page.said
        offered = fields_of(page.text, path)
        assert offered.pop("csrf_token") not in ("", "stale")
        assert offered == WRITTEN, path
        assert "siri-kuu" not in page.text
        page = await asha.browser.send(path, **offered)
        assert page.status != 403 or path == "/app/data/delete", "which wants the password as well"
        walked += 1
    assert walked >= 13


async def test_a_login_that_is_over_keeps_what_was_written_in_every_form(
    site: Site, asha: Owner
) -> None:
    for path in addresses(site, "POST"):
        if path in NOT_KEPT:
            continue
        await asha.browser.get("/app/status")
        await log_everybody_out(site)
        page = await asha.browser.send(path, **WRITTEN, **SECRETS)
        assert page.status == 401, path
        assert "what you wrote is kept" in page.said
        assert "siri-kuu" not in page.text
        kept = fields_of(page.text, "/app/login")
        page = await asha.browser.post("/app/login", **kept | {"email": ASHA, "password": "wrong"})
        assert (page.status, fields_of(page.text, "/app/login")["again"]) == (401, kept["again"])
        page = await asha.browser.post("/app/login", **kept | {"email": ASHA, "password": PASSWORD})
        assert page.status == 200
        offered = fields_of(page.text, path)
        assert offered.pop("csrf_token")
        assert offered == WRITTEN, path
        assert PASSWORD not in page.text
        page = await asha.browser.send(path, **offered)
        assert page.status != 403 or path == "/app/data/delete"


async def test_what_was_written_arrives_by_the_second_sending(site: Site, asha: Owner) -> None:
    form, text = "/app/settings/texts/greeting", "Karibu <sana>\nTuandikie hapa."
    await asha.browser.get(form)
    await log_everybody_out(site)
    page = await asha.browser.post(form, body=text, language="sw", do="save")
    kept = fields_of(page.text, "/app/login") | {"email": ASHA, "password": PASSWORD}
    page = await asha.browser.post("/app/login", **kept)
    assert "What the bot says" in page.said
    page = await asha.browser.post(form, **fields_of(page.text, form))
    assert (page.status, page.path) == (200, "/app/settings/texts")
    page = await asha.browser.get(f"{form}?language=sw")
    assert fields_of(page.text, form)["body"] == text


async def test_a_button_after_the_login_is_over_leads_back_to_its_page(
    site: Site, asha: Owner
) -> None:
    await asha.browser.get("/app/whatsapp")
    await log_everybody_out(site)
    for referer, target in (
        (f"{site.url}/app/whatsapp?x=1", "/app/whatsapp?x=1"),
        ("https://evil.example/admin/tenants", "/app/status"),
        ("no address", "/app/status"),
    ):
        asha.browser.session.headers["Referer"] = referer
        page = await asha.browser.send("/app/whatsapp/agree", agree="yes")
        assert page.status == 401
        assert "nothing was done. Log in and repeat it" in page.said
        fields = fields_of(page.text, "/app/login")
        assert fields["next"] == target
        assert "again" not in fields


async def test_a_stale_button_says_what_to_do(asha: Owner) -> None:
    for path in ("/app/logout", "/app/whatsapp/agree", "/app/language"):
        page = await asha.browser.send(path, csrf_token="stale", agree="yes")
        assert page.status == 403
        assert "load it again and repeat" in page.said


async def test_nothing_but_an_owners_form_is_sent_again(site: Site, asha: Owner) -> None:
    for again in (
        '["https://evil.example/app/setup", {"notes": "x"}]',
        '["//evil.example/app/setup", {"notes": "x"}]',
        '["/app\\\\evil", {"notes": "x"}]',
        '["/admin/tenants", {"name": "x"}]',
        '["/app/logout", {"notes": "x"}]',
        '["/app/whatsapp/agree", {"agree": "yes"}]',
        '["/app/setup", {"notes": 7}]',
        "[]",
        "x" * 5000,
    ):
        await log_everybody_out(site)
        page = await asha.browser.post("/app/login", email=ASHA, password=PASSWORD, again=again)
        assert (page.status, page.path) == (200, "/app/status"), again


async def test_it_is_said_in_the_owners_language(site: Site, tenant: str) -> None:
    zawadi = await owner(site, "zawadi@example.com", Language.SW)
    await zawadi.give(tenant)
    page = await zawadi.browser.send("/app/setup", csrf_token="stale", notes="Jumapili tumefunga")
    assert "Hakuna kilichofanyika" in page.said
    assert "Send it again" not in page.said
    assert "Anything else?" not in page.said


async def test_what_one_writes_has_a_name_when_it_comes_back(site: Site, asha: Owner) -> None:
    written: set[str] = set()
    for path in addresses(site, "GET"):
        if path not in ("/app/events", "/app/signup", "/app/login"):
            page = await asha.browser.get(path)
            written |= written_on(page.text)
    bashir = await owner(site, "bashir@example.com")
    written |= written_on((await bashir.browser.get("/app/setup")).text)
    assert {"notes", "body", "number", "closed"} <= written
    assert written <= LABELS.keys()
