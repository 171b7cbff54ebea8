"""The portal's pages as their users see them: the way in, the request, linking, the status."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from flowhqd.errors import PageTimeout
from flowhqd.http.app import create_app
from flowhqd.http.operation import TABLE
from flowhqd.states import Language, SessionState, SetupStatus, TenantStatus, WorkerStatus
from flowhqd.store import people, portal_tokens, states
from flowhqd.store.portal_tokens import TokenKind
from flowhqd.store.states import StateChange
from flowhqd.supervisor.live import PairingCode
from tests.http.conftest import Site
from tests.http.forms import fields_of
from tests.http.portal import ASHA, PASSWORD, Owner, browser, owner

OTHER_PASSWORD = "maandazi na chai"
WISH = {
    "template_type": "BOOKING",
    "business_name": "Saluni <ya> Asha",
    "language": "SW",
    "whatsapp_number": "+255 712 000 002",
    "notes": "Jumapili tumefunga",
}


pytestmark = pytest.mark.usefixtures("impatient")


@pytest.fixture
async def asha(site: Site) -> Owner:
    """Somebody who has just signed up."""
    return await owner(site)


@pytest.fixture
async def ready(asha: Owner, tenant: str) -> Owner:
    """The owner of a tenant, who agreed to linking."""
    await asha.give(tenant)
    await asha.agree()
    return asha


@pytest.fixture
def become(site: Site, tenant: str) -> Callable[..., Awaitable[None]]:
    """Puts the tenant into a state."""

    async def move(reason: str, **given: TenantStatus | SessionState | WorkerStatus) -> None:
        async with site.services.database.transaction() as connection:
            change = StateChange(reason, **given)  # type: ignore[arg-type]
            await states.apply(connection, UUID(tenant), change, actor="worker")

    return move


async def test_the_entrance_is_in_the_language_that_is_chosen(site: Site) -> None:
    somebody = browser(site)
    page = await somebody.get("/")
    assert page.path == "/app"
    assert '<html lang="sw">' in page.text
    assert "WhatsApp yako inajibu yenyewe" in page.said
    english = await browser(site, **{"Accept-Language": "en-GB,en;q=0.9"}).get("/app")
    assert '<html lang="en">' in english.text
    assert english.headers["Content-Language"] == "en"
    page = await somebody.post("/app/language", language="en", next="/app/login?next=/app/logs")
    assert page.path == "/app/login"
    assert '<html lang="en">' in page.text
    assert '<html lang="en">' in (await somebody.get("/app")).text
    for target in (
        *("https://evil.example/", "//evil.example", "/admin/tenants", "/app\\evil", ""),
        *("/app/../admin", "/app/%2E./admin", "/app/status/..", "/app/status\r\nX: y"),
    ):
        page = await somebody.send("/app/language", language="sw", next=target)
        assert page.headers["Location"] == "/app"


async def test_the_language_of_a_user_is_theirs_everywhere(site: Site, asha: Owner) -> None:
    page = await asha.browser.get("/app/status")
    assert "Welcome! Let us set up your bot" in page.said
    page = await asha.browser.post("/app/language", language="sw", next="/app/status")
    assert "Karibu! Tumwandae msaidizi wako" in page.said
    async with site.services.database.connection() as connection:
        assert (await people.get(connection, asha.user.id)).language is Language.SW
    page = await asha.browser.post("/app/language", language="xx", next="/app/status")
    assert "Karibu!" in page.said
    page = await asha.browser.post("/app/language", csrf_token="x", language="en")
    assert page.status == 403
    page = await asha.browser.post("/app/logout")
    assert '<html lang="sw">' in page.text, "also after the login"


async def test_the_language_of_a_form_that_came_back_can_be_changed(ready: Owner) -> None:
    """Regression: it led to the address that the form was sent to, where there is no page."""
    ready.browser.session.headers["Referer"] = f"{ready.site.url}/app/account?done"
    page = await ready.browser.post("/app/account/password", current_password="x", password="y")
    assert page.status == 422
    assert fields_of(page.text, "/app/language")["next"] == "/app/account?done"
    ready.browser.session.headers["Referer"] = "https://evil.example/app"
    page = await ready.browser.post("/app/setup", do="send")
    assert fields_of(page.text, "/app/language")["next"] == "/app"


async def test_signing_up(site: Site) -> None:
    somebody = browser(site)
    page = await somebody.post("/app/signup", email="asha", password="short")
    assert page.status == 422
    assert "Andika anwani ya barua pepe" in page.said
    assert "Tumia angalau herufi 10." in page.said
    assert 'value="asha"' in page.text
    assert "short" not in page.text
    page = await somebody.post("/app/signup", email=f" {ASHA.upper()} ", password=PASSWORD)
    assert (page.status, page.path) == (200, "/app/setup")
    assert (await somebody.get("/app")).path == "/app/status"
    assert (await somebody.get("/app/login")).path == "/app/status"
    assert (await somebody.get("/app/signup")).path == "/app/status"
    async with site.services.database.connection() as connection:
        user = await people.by_email(connection, ASHA, people.Origin.LOCAL)
    assert user is not None
    assert user.language is Language.SW
    page = await browser(site).post("/app/signup", email=ASHA, password=PASSWORD)
    assert page.path == "/app/setup", "who clicks twice gets in"
    page = await browser(site).post("/app/signup", email=ASHA, password=OTHER_PASSWORD)
    assert page.status == 409
    assert "tayari ina akaunti" in page.said
    page = await browser(site).post("/app/signup", email="a@example.com", password="a@example.com")
    assert "Usitumie barua pepe yako" in page.said
    for password, said in (("0712 345 678", "namba peke yake"), ("aaaaaaaaaa", "kubahatisha")):
        page = await browser(site).post("/app/signup", email="b@example.com", password=password)
        assert said in page.said


@pytest.mark.parametrize("environ", [{"SIGNUP": "invite"}, {"SIGNUP": "off"}], indirect=True)
async def test_signing_up_can_be_closed(site: Site) -> None:
    assert "/app/signup" not in (await browser(site).get("/app")).text
    assert "/app/signup" not in (await browser(site).get("/app/login")).text
    assert (await browser(site).get("/app/signup")).status == 403
    page = await browser(site).post("/app/signup", email=ASHA, password=PASSWORD)
    assert page.status == 403
    assert "kwa mwaliko" in page.said


async def test_logging_in_leads_to_what_was_asked_for(site: Site, ready: Owner) -> None:
    somebody = browser(site)
    page = await somebody.get("/app/logs?q=miadi")
    assert page.path == "/app/login"
    (target,) = re.findall(r'action="/app/login".*?name="next" value="([^"]*)"', page.text, re.S)
    assert target == "/app/logs?q=miadi"
    wrong = await somebody.post("/app/login", email=ASHA, password="not it", next=target)
    nobody = await somebody.post("/app/login", email="no@example.com", password="x", next=target)
    assert wrong.status == nobody.status == 401
    assert "Barua pepe au neno la siri si sahihi." in wrong.said
    assert wrong.said == nobody.said.replace("no@example.com", ASHA)
    assert f'value="{ASHA}"' in wrong.text
    assert f'value="{target}"' in wrong.text
    page = await somebody.post("/app/login", email=ASHA, password=PASSWORD, next=target)
    assert (page.status, page.path) == (200, "/app/logs")
    assert '<html lang="en">' in page.text, "the user's language"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "/admin/tenants",
        "/app/logout",
        "/app/login?x",
        "",
    ],
)
async def test_a_login_leads_nowhere_else(site: Site, asha: Owner, target: str) -> None:
    fields = {"email": ASHA, "password": PASSWORD, "next": target}
    page = await browser(site).send("/app/login", **fields)
    assert page.headers["Location"] == "/app/status"
    page = await browser(site).post("/app/login", email=ASHA, password="x", next=target)
    assert "evil" not in page.text


async def test_a_disabled_account_is_told_so_only_for_its_password(site: Site, asha: Owner) -> None:
    async with site.services.database.connection() as connection:
        await people.set_disabled(connection, asha.user.id, disabled=True)
    page = await browser(site).post("/app/login", email=ASHA, password=PASSWORD)
    assert page.status == 403
    assert "Akaunti hii imefungwa." in page.said
    assert (await asha.browser.get("/app/status")).path == "/app/login"


async def test_logging_out_here_and_everywhere(site: Site, asha: Owner) -> None:
    elsewhere = browser(site)
    await elsewhere.post("/app/login", email=ASHA, password=PASSWORD)
    page = await asha.browser.post("/app/logout")
    assert page.path == "/app/login"
    assert (await asha.browser.get("/app/account")).path == "/app/login"
    assert (await elsewhere.get("/app/account")).path == "/app/account"
    third = browser(site)
    await third.post("/app/login", email=ASHA, password=PASSWORD)
    await third.post("/app/logout-everywhere")
    assert (await elsewhere.get("/app/account")).path == "/app/login"


async def test_changing_the_password(site: Site, asha: Owner) -> None:
    elsewhere = browser(site)
    await elsewhere.post("/app/login", email=ASHA, password=PASSWORD)
    change = "/app/account/password"
    page = await asha.browser.post(change, current_password="no", password=OTHER_PASSWORD)
    assert page.status == 403
    assert "This is not your password." in page.said
    page = await asha.browser.post(change, current_password=PASSWORD, password="short")
    assert page.status == 422
    assert "Take at least 10 characters." in page.said
    page = await asha.browser.post(change, current_password=PASSWORD, password=ASHA)
    assert "Do not take your e-mail address" in page.said
    page = await asha.browser.post(change, current_password=PASSWORD, password=OTHER_PASSWORD)
    assert "Your password is changed." in page.said
    assert (await elsewhere.get("/app/account")).path == "/app/login"
    page = await browser(site).post("/app/login", email=ASHA, password=OTHER_PASSWORD)
    assert page.path == "/app/status"


@pytest.mark.parametrize("kind", TokenKind)
async def test_a_link_of_the_operators(site: Site, asha: Owner, kind: TokenKind) -> None:
    async with site.services.database.transaction() as connection:
        token = (await portal_tokens.create(connection, kind, asha.user.id)).value
    somebody = browser(site)
    page = await somebody.get(f"/app/{kind}/{token}")
    assert page.status == 200
    assert page.headers["Referrer-Policy"] == "strict-origin"
    assert '<html lang="en">' in page.text, "the language that the user reads"
    assert ASHA in page.text
    page = await somebody.post(f"/app/{kind}/{token}", password="short")
    assert page.status == 422
    page = await somebody.post(f"/app/{kind}/{token}", password=OTHER_PASSWORD)
    assert page.path == "/app/status"
    assert (await asha.browser.get("/app/status")).path == "/app/login"
    for page in (
        await browser(site).get(f"/app/{kind}/{token}"),
        await browser(site).post(f"/app/{kind}/{token}", password=PASSWORD),
        await browser(site).get(f"/app/{kind}/nonsense"),
    ):
        assert page.status == 404
        assert "Kiungo hiki kimeshatumika" in page.said


async def test_a_request_from_draft_to_sent(site: Site, asha: Owner) -> None:
    page = await asha.browser.get("/app/setup")
    assert 'value="+255 "' in page.text
    draft = {**WISH, "whatsapp_number": "+255 ", "template_type": ""}
    page = await asha.browser.post("/app/setup", do="keep", **draft)
    assert page.path == "/app/status"
    assert "Your request is not sent yet" in page.said
    page = await asha.browser.get("/app/setup")
    assert 'value="Saluni &lt;ya&gt; Asha"' in page.text
    page = await asha.browser.post("/app/setup", do="send", **draft)
    assert page.status == 422
    assert "Choose one of these." in page.said
    assert "Fill this in." in page.said
    assert 'value="Saluni &lt;ya&gt; Asha"' in page.text
    assert "Jumapili tumefunga" in page.said
    page = await asha.browser.post("/app/setup", **{**WISH, "whatsapp_number": "0712"})
    assert page.status == 422
    assert "Write the number with its country code" in page.said
    assert 'value="0712"' in page.text
    page = await asha.browser.post("/app/setup", **WISH)
    assert "We have your request" in page.said
    page = await asha.browser.get("/app/setup")
    assert "+255712000002" in page.said
    assert "<textarea" not in page.text
    page = await asha.browser.post("/app/setup/withdraw")
    assert page.path == "/app/setup"
    assert "<textarea" in page.text
    page = await asha.browser.post("/app/setup/withdraw")
    assert page.path == "/app/setup", "a second click changes nothing"
    await asha.ask(SetupStatus.REJECTED)
    page = await asha.browser.post("/app/setup/withdraw")
    assert page.path == "/app/setup"


async def test_a_request_that_is_granted_is_not_taken_back(ready: Owner) -> None:
    page = await ready.browser.post("/app/setup/withdraw")
    assert page.status == 409
    assert "Your business is set up already." in page.said


async def test_bad_fields_of_a_request_are_told_in_swahili(site: Site) -> None:
    juma = await owner(site, language=Language.SW)
    page = await juma.browser.post(
        "/app/setup",
        template_type="NONE_SUCH",
        business_name="x" * 201,
        language="FR",
        whatsapp_number="simu",
        notes="n" * 2001,
    )
    assert page.status == 422
    for said in ("Chagua mojawapo.", "Hii ni ndefu mno.", "Andika namba pamoja na msimbo wa nchi"):
        assert said in page.said
    assert page.text.count('class="error"') == 5
    page = await juma.browser.post("/app/setup", **{**WISH, "business_name": "a\u202eb"})
    assert "Kuna herufi zisizoonekana" in page.said


async def test_a_note_is_read_and_the_request_corrected(site: Site, asha: Owner) -> None:
    await asha.ask(SetupStatus.REJECTED, note="Namba <si> sahihi")
    page = await asha.browser.get("/app/status")
    assert "Something in your request has to change" in page.said
    assert "Namba <si> sahihi" in page.said
    page = await asha.browser.get("/app/setup")
    assert "Namba <si> sahihi" in page.said
    page = await asha.browser.post("/app/setup", **WISH)
    assert "We have your request" in page.said


async def test_whoever_has_a_tenant_needs_no_request(ready: Owner) -> None:
    assert (await ready.browser.get("/app/setup")).path == "/app/status"
    page = await ready.browser.post("/app/setup", **WISH)
    assert page.status == 409
    assert "Your business is set up already." in page.said


async def test_without_a_tenant_the_status_comes_first(asha: Owner) -> None:
    for path in (
        "whatsapp",
        "logs",
        "settings",
        "settings/hours",
        "settings/texts",
        "settings/try",
    ):
        assert (await asha.browser.get(f"/app/{path}")).path == "/app/status"
    assert (await asha.browser.post("/app/whatsapp/code")).path == "/app/status"
    assert (await asha.browser.post("/app/status/off")).path == "/app/status"
    assert (await asha.browser.get("/app/whatsapp/qr.svg")).path == "/app/status"
    assert (await asha.browser.get("/app/events")).status == 404


async def test_the_status_of_a_tenant(
    site: Site, ready: Owner, tenant: str, become: Callable[..., Awaitable[None]]
) -> None:
    async def said() -> str:
        return (await ready.browser.get("/app/status")).said

    assert "Your WhatsApp is not linked" in await said()
    await become(
        "connected",
        tenant=TenantStatus.ACTIVE,
        session=SessionState.CONNECTED,
        worker=WorkerStatus.RUNNING,
    )
    page = await said()
    assert "You're All Set!" in page
    assert "Asha Salon" in page
    assert "+255712345678" in page
    await become("network", session=SessionState.DISCONNECTED)
    page = await said()
    assert "Your bot is coming back" in page
    assert "You're All Set!" not in page
    await become("logged_out", tenant=TenantStatus.ERROR, worker=WorkerStatus.ERROR)
    page = await said()
    assert "The link was ended" in page
    assert "Link WhatsApp" in page
    await become("paused", tenant=TenantStatus.PAUSED)
    assert "Your bot is switched off" in await said()


async def test_the_switch(site: Site, ready: Owner, tenant: str) -> None:
    for path, call in (("off", "pause"), ("on", "resume")):
        page = await ready.browser.send(f"/app/status/{path}")
        assert page.headers["Location"] == "/app/status"
        assert site.control.calls[-1] == (call, UUID(tenant))


async def test_no_code_before_the_consent(site: Site, asha: Owner, tenant: str) -> None:
    await asha.give(tenant)
    page = await asha.browser.get("/app/whatsapp")
    assert "What WhatsApp may do" in page.said
    assert "for 60 minutes" in page.said
    for way in ("code", "qr"):
        assert (await asha.browser.post(f"/app/whatsapp/{way}")).path == "/app/whatsapp"
    assert (await asha.browser.get("/app/whatsapp/qr.svg")).status == 404
    page = await asha.browser.post("/app/whatsapp/agree")
    assert page.status == 422
    assert "Tick the box" in page.said
    assert site.control.calls == []
    page = await asha.browser.post("/app/whatsapp/agree", agree="yes")
    assert "Show a code to type" in page.said
    async with site.services.database.connection() as connection:
        events = await connection.fetch("select event_type, tenant_id from portal_event_log")
    assert [(row["event_type"], str(row["tenant_id"])) for row in events] == [("consented", tenant)]


async def test_linking_by_a_code(site: Site, ready: Owner, tenant: str) -> None:
    page = await ready.browser.get("/app/whatsapp")
    assert 'data-way="rest"' in page.text
    assert "data-may-start" in page.text
    now = datetime.now(UTC)
    await ready.browser.post("/app/whatsapp/code")
    assert site.control.calls == [("pairing_code", UUID(tenant))]
    site.control.given = PairingCode("ABCD1234", now + timedelta(minutes=3))
    page = await ready.browser.get("/app/whatsapp")
    assert 'data-way="code"' in page.text
    assert "ABCD" in page.said
    assert "Link with phone number instead" in page.said
    (expires_at,) = re.findall(r'data-expires="([^"]+)"', page.text)
    assert expires_at == site.control.given.expires_at.isoformat()
    site.control.given = PairingCode("ABCD1234", now - timedelta(seconds=1))
    page = await ready.browser.get("/app/whatsapp")
    assert "ABCD" not in page.said, "over and the page is not at a code: a new one is to be asked"


async def test_a_code_that_is_over_is_shown_as_that(
    site: Site, ready: Owner, become: Callable[..., Awaitable[None]]
) -> None:
    await become(
        "awaiting_scan",
        tenant=TenantStatus.QR_PENDING,
        session=SessionState.QR_READY,
        worker=WorkerStatus.RUNNING,
    )
    site.control.given = PairingCode("ABCD1234", datetime.now(UTC) - timedelta(seconds=1))
    page = await ready.browser.get("/app/whatsapp")
    assert 'data-way="over"' in page.text
    assert "This code is over." in page.said
    site.control.given = None
    page = await ready.browser.get("/app/whatsapp")
    assert 'data-way="opening"' in page.text


async def test_linking_by_scanning(
    site: Site,
    ready: Owner,
    tenant: str,
    show_qr: Callable[[str, str], Awaitable[datetime]],
    connect: Callable[[str], Awaitable[None]],
) -> None:
    await ready.browser.post("/app/whatsapp/qr")
    assert site.control.calls == [("pair", UUID(tenant))]
    await show_qr(tenant, "2@abc")
    page = await ready.browser.get("/app/whatsapp")
    assert 'data-way="qr"' in page.text
    (source,) = re.findall(r'src="(/app/whatsapp/qr\.svg[^"]+)"', page.text)
    picture = await ready.browser.get(source)
    assert picture.headers["Content-Type"] == "image/svg+xml"
    await connect(tenant)
    assert (await ready.browser.get("/app/whatsapp")).path == "/app/status"
    assert (await ready.browser.post("/app/whatsapp/code")).path == "/app/status"
    assert (await ready.browser.post("/app/whatsapp/unlink")).path == "/app/status"
    assert (await ready.browser.get("/app/whatsapp/qr.svg")).status == 404
    assert len(site.control.calls) == 1


async def test_a_code_that_does_not_come(
    site: Site, ready: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow(*_: object, **__: object) -> PairingCode:
        raise PageTimeout("no code within 30 s")

    monkeypatch.setattr(site.control, "pairing_code", slow)
    page = await ready.browser.post("/app/whatsapp/code")
    assert page.status == 504
    assert "WhatsApp is slow at the moment." in page.said
    assert "Show a code to type" in page.said


@pytest.mark.parametrize("reason", ["restricted", "number_in_use"])
async def test_what_a_code_does_not_cure_is_explained_first(
    ready: Owner, become: Callable[..., Awaitable[None]], reason: str
) -> None:
    await become(reason, tenant=TenantStatus.ERROR, worker=WorkerStatus.ERROR)
    page = await ready.browser.get("/app/whatsapp")
    assert "data-may-start" not in page.text
    wanted = {"restricted": "read its notice", "number_in_use": "serves another business"}
    assert wanted[reason] in page.said


async def test_what_the_operator_stopped_stays_stopped(
    site: Site, ready: Owner, become: Callable[..., Awaitable[None]]
) -> None:
    await become("stopped", worker=WorkerStatus.STOPPED)
    assert (await ready.browser.get("/app/whatsapp")).path == "/app/status"
    for way in ("code", "qr"):
        assert (await ready.browser.post(f"/app/whatsapp/{way}")).path == "/app/status"
    assert site.control.calls == []


async def test_the_wrong_phone_can_be_unlinked(
    site: Site, ready: Owner, tenant: str, become: Callable[..., Awaitable[None]]
) -> None:
    await become(
        "wrong_number",
        tenant=TenantStatus.ERROR,
        session=SessionState.CONNECTED,
        worker=WorkerStatus.ERROR,
    )
    page = await ready.browser.get("/app/whatsapp")
    assert "Another phone is linked" in page.said
    page = await ready.browser.send("/app/whatsapp/unlink")
    assert page.headers["Location"] == "/app/whatsapp"
    assert site.control.calls == [("forget_login", UUID(tenant))]


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/app/data", "/app/account"),
        ("/app/unanswered", "/app/logs"),
        ("/app/settings/texts", "/app/settings"),
    ],
)
async def test_the_navigation_marks_where_a_page_belongs(
    ready: Owner, path: str, place: str
) -> None:
    page = await ready.browser.get(path)
    assert page.text.count("aria-current") == 1 + (path == "/app/settings/texts")
    assert f'href="{place}" aria-current="true"' in page.text


async def test_problems_are_pages_of_the_portal(site: Site, asha: Owner) -> None:
    for path, status in (("/app/nothing", 404), ("/app/settings/silent/7/remove", 405)):
        page = await asha.browser.get(path)
        assert page.status == status
        assert "There is no such page" in page.said
        assert "/app/status" in page.text, "with the way back"
    page = await browser(site).get("/app/nothing")
    assert "Ukurasa huu haupo" in page.said


async def test_whoever_is_at_home_in_both_goes_where_they_are_logged_in(site: Site) -> None:
    async with site.client().get("/", allow_redirects=False) as response:
        assert response.headers["Location"] == "/admin/tenants"
    async with site.client(None).get("/", allow_redirects=False) as response:
        assert response.headers["Location"] == "/app"


async def test_every_own_page_asks_for_a_login(site: Site) -> None:
    somebody, walked = browser(site), 0
    for route in create_app(site.services)[TABLE]:
        assert route.resource is not None
        path = route.resource.canonical
        if path.startswith("/app/") and route.method == "GET":
            page = await somebody.get(re.sub(r"{\w+}", "x", path))
            walked += 1
            if page.path != "/app/login":
                assert path in {
                    "/app/",
                    "/app/signup",
                    "/app/gone",
                    "/app/invite/{token}",
                    "/app/reset/{token}",
                }
    assert walked > 20
