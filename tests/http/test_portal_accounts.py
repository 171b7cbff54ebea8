"""Accounts of the portal: who gets in, by what password or link, and what is told of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from io import StringIO
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from argon2 import PasswordHasher

from flowhqd import log
from flowhqd.http import csrf
from flowhqd.http.app import create_app
from flowhqd.http.body import validate
from flowhqd.http.portal import accounts, auth
from flowhqd.http.portal.models import ChangePassword, LogIn, NewPassword, SignUp
from flowhqd.http.responses import json_response
from flowhqd.http.server import serve
from flowhqd.http.throttle import MAX_WAITING
from flowhqd.store import people, portal_tokens
from flowhqd.store.people import Origin, PortalUser
from flowhqd.store.portal_tokens import TokenKind
from tests.http.conftest import Site
from tests.http.problems import problem
from tests.people import new_user

ASHA, PASSWORD = "asha@example.com", "chai ya tangawizi"
OTHER_PASSWORD = "maandazi na chai"
STATUS = "/api/portal/tenant/current/status"
HOME = "/test/home"

pytestmark = pytest.mark.usefixtures("impatient")


async def _home(_: web.Request) -> web.StreamResponse:
    return json_response({})


async def _sign_up(request: web.Request) -> web.StreamResponse:
    user = await accounts.sign_up(request, validate(SignUp, await request.json()))
    raise await auth.log_in(request, user, HOME)


async def _log_in(request: web.Request) -> web.StreamResponse:
    user = await accounts.log_in(request, validate(LogIn, await request.json()))
    raise await auth.log_in(request, user, HOME)


async def _use_link(request: web.Request) -> web.StreamResponse:
    kind, value = TokenKind(request.match_info["kind"]), request.match_info["token"]
    body = validate(NewPassword, await request.json())
    await accounts.use_link(request, kind, value, body)
    return json_response({})


async def _change(request: web.Request) -> web.StreamResponse:
    await accounts.change_password(request, validate(ChangePassword, await request.json()))
    return json_response({})


async def _log_out(request: web.Request) -> web.StreamResponse:
    raise await auth.end_session(request, everywhere="everywhere" in request.query)


def with_doors(site: Site) -> web.Application:
    """The application with routes that do no more than call what its pages call."""
    app = create_app(site.services)
    app.router.add_get(HOME, _home)
    app.router.add_post("/test/sign-up", _sign_up)
    app.router.add_post("/test/log-in", _log_in)
    app.router.add_post("/test/{kind:invite|reset}/{token}", _use_link)
    inside = web.Application(middlewares=[auth.middleware])
    inside.router.add_post("/change", _change)
    inside.router.add_post("/log-out", _log_out)
    app.add_subapp("/test/in/", inside)
    return app


class Doors:
    """What a browser may ask of the accounts."""

    def __init__(self, site: Site, url: str) -> None:
        self.site = site
        self.url = url

    def browser(self, **headers: str) -> Browser:
        session = aiohttp.ClientSession(
            self.url, headers=headers, cookie_jar=aiohttp.CookieJar(unsafe=True)
        )
        self.site.clients.append(session)
        return Browser(session)

    async def user(self, **given: Any) -> PortalUser:
        async with self.site.services.database.connection() as connection:
            return await new_user(connection, **{"email": ASHA, **given})

    async def found(self, email: str = ASHA) -> PortalUser:
        async with self.site.services.database.connection() as connection:
            user = await people.by_email(connection, email, Origin.LOCAL)
        assert user is not None
        return user

    async def link(self, kind: TokenKind, user: PortalUser) -> str:
        async with self.site.services.database.transaction() as connection:
            return (await portal_tokens.create(connection, kind, user.id)).value

    async def execute(self, statement: str) -> None:
        async with self.site.services.database.connection() as connection:
            await connection.execute(statement)


class Browser:
    """Keeps its cookie, and knows its CSRF token as its pages would."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session

    def post(self, path: str, **values: Any) -> Any:
        return self.session.post(f"/test/{path}", json=values, allow_redirects=False)

    @property
    def cookie(self) -> str:
        [cookie] = [one for one in self.session.cookie_jar if one.key == auth.COOKIE]
        return cookie.value

    async def sign_up(self, email: str = ASHA, password: str = PASSWORD) -> None:
        async with self.post("sign-up", email=email, password=password) as response:
            assert response.status == 303, await response.text()

    async def log_in(self, email: str = ASHA, password: str = PASSWORD) -> None:
        async with self.post("log-in", email=email, password=password) as response:
            assert response.status == 303, await response.text()

    async def refused(self, status: int, path: str, **values: Any) -> dict[str, Any]:
        async with self.post(path, **values) as response:
            return await problem(response, status)

    async def is_in(self) -> bool:
        async with self.session.get(STATUS) as response:
            return response.status == 200


@pytest.fixture
async def doors(site: Site) -> AsyncIterator[Doors]:
    async with serve(with_doors(site), "127.0.0.1", 0) as url:
        yield Doors(site, url)


async def with_token(doors: Doors, browser: Browser) -> Browser:
    """The same browser, on a page that told it its CSRF token."""
    async with doors.site.services.database.connection() as connection:
        token = await connection.fetchval(
            "select csrf_token from portal_session where id = $1::uuid",
            browser.cookie.partition(".")[0],
        )
    browser.session.headers["X-CSRF-Token"] = csrf.mask(token)
    return browser


async def test_who_signs_up_is_logged_in(doors: Doors) -> None:
    browser = doors.browser()
    async with browser.post("sign-up", email=" Asha@Example.com", password=PASSWORD,
                            language="EN") as response:  # fmt: skip
        assert response.status == 303
        cookie = response.headers["Set-Cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=Lax", "Path=/"))
    assert "Secure" not in cookie
    assert await browser.is_in()
    user = await doors.found()
    assert user.language == "EN"
    assert user.email_verified_at is None
    assert PASSWORD not in str(user.password_hash)
    again = await browser.refused(409, "sign-up", email=ASHA, password=OTHER_PASSWORD)
    assert again["code"] == "address_taken"


@pytest.mark.parametrize("environ", [{"TRUSTED_PROXIES": "127.0.0.1"}], indirect=True)
async def test_over_https_the_cookie_stays_there(doors: Doors) -> None:
    browser = doors.browser(**{"X-Forwarded-Proto": "https"})
    async with browser.post("sign-up", email=ASHA, password=PASSWORD) as response:
        assert "Secure" in response.headers["Set-Cookie"]


SOON_GUESSED = {
    "": "at least 10",
    "chai chai": "at least 10",
    "0712 345 678": "number alone",
    "+255712345678": "number alone",
    "١٢٣٤٥٦٧٨٩٠": "number alone",
    "aaaaaaaaaaaaaa": "easily",
    "abcabcABCabc": "easily",
    "Asha@Example.com ": "e-mail address",
    "x" * 201: "too long",
    "chai\ud800 ya tangawizi": "string",
}


async def test_a_password_that_is_soon_guessed(doors: Doors) -> None:
    browser = doors.browser()
    for password, says in SOON_GUESSED.items():
        refused = await browser.refused(422, "sign-up", email=ASHA, password=password)
        assert says in refused["errors"]["password"]
        assert not password or password not in str(refused)


async def test_passwords_of_any_script_will_do(doors: Doors) -> None:
    for number, password in enumerate(
        ("密码是很长的一句话了吧", "كلمة مرور طويلة", "🫖 chai ☕ maziwa")
    ):
        await doors.browser().sign_up(f"user{number}@example.com", password)
        await doors.browser().log_in(f"USER{number}@example.com", password)


async def test_a_wrong_password_and_no_such_user_are_told_alike(doors: Doors) -> None:
    await doors.browser().sign_up()
    trusted = await doors.user(email="juma@example.com", origin=Origin.TRUSTED)
    await doors.user(email="neema@example.com")
    browser = doors.browser()
    answers = [
        await browser.refused(401, "log-in", email=email, password=password)
        for email, password in (
            (ASHA, "wrong password"),
            (ASHA, ""),
            (ASHA, PASSWORD.upper()),
            ("nobody@example.com", PASSWORD),
            ("no address", PASSWORD),
            (trusted.email, PASSWORD),
            ("neema@example.com", ""),
        )
    ]
    assert answers[0]["code"] == "wrong_credentials"
    assert all(answer == answers[0] for answer in answers)
    assert not await browser.is_in()


async def test_a_login_takes_the_place_of_the_one_before(doors: Doors) -> None:
    browser = doors.browser()
    await browser.sign_up()
    before = browser.cookie
    await browser.log_in()
    assert browser.cookie != before
    old = doors.browser(Cookie=f"{auth.COOKIE}={before}")
    assert not await old.is_in()
    assert await browser.is_in()


async def test_log_out_here_and_everywhere(doors: Doors) -> None:
    phone, shop, home = doors.browser(), doors.browser(), doors.browser()
    await phone.sign_up()
    for browser in (shop, home):
        await browser.log_in()
    assert (await phone.refused(403, "in/log-out"))["code"] == "bad_csrf_token"
    async with (await with_token(doors, phone)).post("in/log-out") as response:
        assert response.headers["Location"] == auth.LOGIN_PATH
        assert "Max-Age=0" in response.headers["Set-Cookie"]
    assert [await one.is_in() for one in (phone, shop, home)] == [False, True, True]
    async with (await with_token(doors, shop)).post("in/log-out?everywhere") as response:
        assert response.status == 303
    assert [await one.is_in() for one in (phone, shop, home)] == [False, False, False]


async def test_a_changed_password_ends_the_other_logins(doors: Doors) -> None:
    phone, shop = doors.browser(), doors.browser()
    await phone.sign_up()
    await shop.log_in()
    link = await doors.link(TokenKind.RESET, await doors.found())
    await with_token(doors, phone)
    wrong = {"current_password": "wrong password", "password": OTHER_PASSWORD}
    assert (await phone.refused(403, "in/change", **wrong))["code"] == "wrong_password"
    weak = {"current_password": PASSWORD, "password": ASHA}
    assert "password" in (await phone.refused(422, "in/change", **weak))["errors"]
    async with phone.post(
        "in/change", current_password=PASSWORD, password=OTHER_PASSWORD
    ) as response:
        assert response.status == 200
    assert [await one.is_in() for one in (phone, shop)] == [True, False]
    await doors.browser().refused(401, "log-in", email=ASHA, password=PASSWORD)
    await doors.browser().log_in(password=OTHER_PASSWORD)
    await shop.refused(404, f"reset/{link}", password=PASSWORD)


@pytest.mark.parametrize(
    ("environ", "may_sign_up", "may_use_invitation"),
    [({}, True, True), ({"SIGNUP": "invite"}, False, True), ({"SIGNUP": "off"}, False, False)],
    indirect=["environ"],
)
async def test_who_may_make_an_account(
    doors: Doors, may_sign_up: bool, may_use_invitation: bool
) -> None:
    browser = doors.browser()
    if may_sign_up:
        await browser.sign_up("juma@example.com")
    else:
        refused = await browser.refused(403, "sign-up", email="juma@example.com", password=PASSWORD)
        assert refused["code"] == "signup_closed"
    link = await doors.link(TokenKind.INVITE, await doors.user())
    async with browser.post(f"invite/{link}", password=PASSWORD) as response:
        assert response.status == (200 if may_use_invitation else 403)
    reset = await doors.link(TokenKind.RESET, await doors.found())
    async with browser.post(f"reset/{reset}", password=PASSWORD) as response:
        assert response.status == 200, "who has an account gets in again"


async def test_a_link_sets_the_password_once(doors: Doors) -> None:
    browser = doors.browser()
    await browser.sign_up()
    user = await doors.found()
    link = await doors.link(TokenKind.RESET, user)
    for weak in ("short", ASHA):
        await browser.refused(422, f"reset/{link}", password=weak)
    await browser.refused(404, f"invite/{link}", password=OTHER_PASSWORD)
    async with browser.post(f"reset/{link}", password=OTHER_PASSWORD) as response:
        assert response.status == 200
        assert "Set-Cookie" not in response.headers
    assert not await browser.is_in()
    used = await browser.refused(404, f"reset/{link}", password=PASSWORD)
    assert used["code"] == "link_over"
    await browser.log_in(password=OTHER_PASSWORD)
    assert (await doors.found()).email_verified_at is not None

    old = await doors.link(TokenKind.RESET, user)
    await doors.execute("update portal_token set expires_at = now()")
    never = await browser.refused(404, "reset/never-was", password=PASSWORD)
    assert await browser.refused(404, f"reset/{old}", password=PASSWORD) == never == used


async def test_of_two_who_use_a_link_at_once_one_does(doors: Doors) -> None:
    link = await doors.link(TokenKind.INVITE, await doors.user())
    passwords = [f"chai number {number}" for number in range(4)]

    async def use(password: str) -> int:
        async with doors.browser().post(f"invite/{link}", password=password) as response:
            status: int = response.status
            return status

    statuses = await asyncio.gather(*(use(password) for password in passwords))
    assert sorted(statuses) == [200, 404, 404, 404]
    await doors.browser().log_in(password=passwords[statuses.index(200)])


async def test_a_disabled_user_is_told_so_with_the_right_password_alone(doors: Doors) -> None:
    browser = doors.browser()
    await browser.sign_up()
    await doors.execute("update portal_user set disabled_at = now()")
    assert not await browser.is_in()
    right = await browser.refused(403, "log-in", email=ASHA, password=PASSWORD)
    assert right["code"] == "account_disabled"
    await browser.refused(401, "log-in", email=ASHA, password="wrong password")


async def test_a_hash_of_other_costs_is_renewed_at_login(doors: Doors) -> None:
    browser = doors.browser()
    await browser.sign_up()
    before = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    async with doors.site.services.database.connection() as connection:
        await people.set_password(connection, (await doors.found()).id, before)
    await browser.log_in()
    assert (await doors.found()).password_hash != before
    await browser.log_in()


@pytest.mark.parametrize("environ", [{"TRUSTED_PROXIES": "127.0.0.1"}], indirect=True)
async def test_guesses_are_few_for_an_account_and_for_an_address(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever guesses from many addresses is slowed down, and whoever guesses at many accounts."""
    await doors.browser().sign_up()
    may_be_told = asyncio.Event()

    async def wait(_: object) -> None:
        await may_be_told.wait()

    monkeypatch.setattr(accounts._Attempt, "failed", wait)

    def guess(address: int, email: str) -> asyncio.Task[int]:
        async def ask() -> int:
            browser = doors.browser(**{"X-Forwarded-For": f"203.0.113.{address}"})
            async with browser.post("log-in", email=email, password="wrong one") as response:
                status: int = response.status
                return status

        return asyncio.create_task(ask())

    elsewhere = doors.browser(**{"X-Forwarded-For": "198.51.100.1"})
    for kind in ("account", "address"):
        emails = [ASHA if kind == "account" else f"u{n}@example.com" for n in range(MAX_WAITING)]
        addresses = [n + 1 if kind == "account" else 99 for n in range(MAX_WAITING)]
        may_be_told.clear()
        waiting = [guess(a, e) for a, e in zip(addresses, emails, strict=True)]
        waiting.append(guess(50 if kind == "account" else 99, ASHA))
        done, still = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        assert [task.result() for task in done] == [429]
        # Others, elsewhere, are not held up.
        await elsewhere.sign_up(f"{kind}@example.com")
        await elsewhere.log_in(f"{kind}@example.com")
        assert not any(task.done() for task in still)
        may_be_told.set()
        assert set(await asyncio.gather(*still)) == {401}
        await elsewhere.log_in()


async def test_no_log_has_a_password_or_a_link(doors: Doors) -> None:
    stream = StringIO()
    with log.configure(level="DEBUG", stream=stream):
        browser = doors.browser()
        await browser.sign_up()
        cookie = browser.cookie
        await browser.refused(401, "log-in", email=ASHA, password="wrong chai here")
        link = await doors.link(TokenKind.RESET, await doors.found())
        for kind in ("reset", "invite"):
            async with browser.session.get(f"/app/{kind}/{link}") as response:
                assert response.headers["Referrer-Policy"] == "strict-origin"
        async with browser.post(f"reset/{link}", password=OTHER_PASSWORD) as response:
            assert response.status == 200
        async with doors.browser(**{auth.KEY_HEADER: "no key of ours"}).session.get(
            "/portal/tenant/current/status", headers={auth.EMAIL_HEADER: ASHA}
        ) as response:
            assert response.status == 401
    text = stream.getvalue()
    assert "/app/reset/***" in text
    assert "/app/invite/***" in text
    assert "wrong_password" in text
    assert "wrong_portal_key" in text
    for secret in (PASSWORD, OTHER_PASSWORD, "wrong chai", cookie, cookie.partition(".")[2],
                   "no key of ours", ASHA):  # fmt: skip
        assert secret not in text
    assert link not in text.replace(f"/test/reset/{link}", "")
