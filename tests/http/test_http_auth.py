"""Who gets in, how wrong passwords are slowed down, and what other sites cannot do."""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime
from functools import partial
from ipaddress import ip_address
from itertools import pairwise
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowhqd.http import throttle
from flowhqd.http.throttle import (
    CROWD_SIZE,
    FIRST_DELAY_SECONDS,
    FORGET_SECONDS,
    MAX_ADDRESSES,
    MAX_DELAY_SECONDS,
    MAX_WAITING,
    Throttle,
)
from tests.http.conftest import PASSWORD, Site
from tests.http.problems import problem

URL = "/admin/tenants"
ADDRESS = ip_address("192.0.2.7")


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": aiohttp.encode_basic_auth(user, password)}


async def test_without_a_password_json_is_asked_for_basic(site: Site) -> None:
    client = site.client(None)
    for method, path in (("GET", URL), ("POST", URL), ("GET", "/admin/nothing")):
        async with client.request(method, path) as response:
            found = await problem(response, 401)
            assert response.headers["WWW-Authenticate"].startswith("Basic ")
        assert found["code"] == "unauthorized"


async def test_the_user_name_is_not_looked_at(site: Site) -> None:
    for user in ("admin", "", "mtu"):
        async with site.client(None, **basic(user, PASSWORD)).get(URL) as response:
            assert response.status == 200


async def test_wrong_or_broken_credentials_are_refused(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "FIRST_DELAY_SECONDS", 0.001)
    for header in (
        basic("admin", "wrong")["Authorization"],
        basic("admin", "")["Authorization"],
        basic("admin", PASSWORD + " ")["Authorization"],
        "Basic",
        "Basic !!!",
        "Basic é",
        "Basic " + base64.b64encode(b"no-colon").decode(),
    ):
        async with site.client(None, Authorization=header).get(URL) as response:
            assert (await problem(response, 401))["detail"] == "the password is wrong"


async def test_only_failures_wait(site: Site) -> None:
    """While wrong passwords wait, and however many there were, the right one passes at once."""
    loop = asyncio.get_running_loop()
    wrong, right = site.client("wrong"), site.client()
    started = loop.time()
    async with wrong.get(URL) as response:
        await problem(response, 401)
    assert loop.time() - started >= FIRST_DELAY_SECONDS
    waiting = [asyncio.create_task(wrong.get(URL)) for _ in range(MAX_WAITING + 1)]
    done, still = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    first = await done.pop()
    assert first.status == 429
    assert first.headers["Retry-After"]
    first.release()
    async with right.get(URL) as response:
        assert response.status == 200
    assert len(still) == MAX_WAITING
    assert not any(task.done() for task in still)
    for task in still:
        task.cancel()
    await asyncio.gather(*still, return_exceptions=True)


async def test_guesses_that_come_one_at_a_time_wait_ever_longer(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through whichever door they come, and though the right password comes in between."""
    monkeypatch.setattr(throttle, "FIRST_DELAY_SECONDS", 0.02)
    loop = asyncio.get_running_loop()
    nobody, form = site.client(None), {"password": "wrong"}
    doors: tuple[Any, ...] = (
        partial(site.client("wrong").get, URL),
        partial(nobody.get, URL, params=form),
        partial(nobody.get, URL, headers={"X-Api-Key": "wrong"}),
        partial(nobody.post, "/admin/login", data=form),
    )
    for number, guess in enumerate(doors):
        started = loop.time()
        async with guess() as response:
            await problem(response, 401)
        assert loop.time() - started >= 0.02 * 2**number
        async with site.client().get(URL) as response:
            assert response.status == 200


async def test_the_password_in_the_url_reads_json(site: Site) -> None:
    client = site.client(None)
    async with client.get(URL, params={"password": PASSWORD}) as response:
        assert response.status == 200
        assert "Set-Cookie" not in response.headers
    async with client.get(URL, params={"password": "wrong"}) as response:
        await problem(response, 401)


async def test_the_password_in_the_url_changes_nothing(
    site: Site, tenant: str, admin: aiohttp.ClientSession
) -> None:
    for client in (site.client(None), admin):
        for method, path in (
            ("POST", f"{URL}/{tenant}/worker/start"),
            ("DELETE", f"{URL}/{tenant}"),
        ):
            async with client.request(method, path, params={"password": PASSWORD}) as response:
                assert (await problem(response, 400))["code"] == "password_in_url"
    assert site.control.calls == []


async def test_another_site_cannot_use_a_browsers_basic_password(site: Site, tenant: str) -> None:
    host = site.url.removeprefix("http://")
    foreign: tuple[dict[str, str], ...] = (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Origin": f"http://{host}.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": f"http://{host}"},
    )
    own: tuple[dict[str, str], ...] = (
        {},
        {"Origin": f"http://{host}"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
    )
    path = f"{URL}/{tenant}/worker/start"
    for headers in foreign:
        async with site.client(PASSWORD, **headers).post(path) as response:
            assert (await problem(response, 403))["code"] == "foreign_origin"
    assert site.control.calls == []
    for headers in own:
        async with site.client(PASSWORD, **headers).post(path) as response:
            assert response.status == 202
    async with site.client(PASSWORD, Origin="https://evil.example").get(URL) as response:
        assert response.status == 200


@pytest.mark.parametrize(
    ("environ", "expected"),
    [({}, "127.0.0.1"), ({"TRUSTED_PROXIES": "127.0.0.1"}, "203.0.113.9")],
    indirect=["environ"],
)
async def test_a_forwarded_address_counts_only_from_a_trusted_proxy(
    site: Site, expected: str, caplog: pytest.LogCaptureFixture
) -> None:
    headers = {"X-Forwarded-For": "198.51.100.7, 203.0.113.9"}
    async with site.client("wrong", **headers).get(URL) as response:
        await problem(response, 401)
    events: list[Any] = [record.msg for record in caplog.records]
    assert [event["address"] for event in events if "address" in event] == [expected]


class StillClock:
    """A clock that goes only when told."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)


@given(st.integers(1, 40))
def test_each_failure_waits_twice_as_long_up_to_a_limit(failures: int) -> None:
    guesses = Throttle(StillClock())
    delays = []
    for _ in range(failures):
        delay = guesses.failed(ADDRESS)
        assert delay is not None
        delays.append(delay)
        guesses.waited(ADDRESS)
    assert delays[0] == FIRST_DELAY_SECONDS
    for before, after in pairwise(delays):
        assert after == min(before * 2, MAX_DELAY_SECONDS)


def test_failures_are_forgotten_after_a_while() -> None:
    clock = StillClock()
    guesses = Throttle(clock)
    for _ in range(3):
        guesses.failed(ADDRESS)
        guesses.waited(ADDRESS)
    clock.seconds += FORGET_SECONDS + 1
    assert guesses.failed(ADDRESS) == FIRST_DELAY_SECONDS


def test_addresses_are_counted_apart_and_ipv6_by_its_network() -> None:
    guesses = Throttle(StillClock())
    guesses.failed(ADDRESS)
    assert guesses.failed(ip_address("192.0.2.8")) == FIRST_DELAY_SECONDS
    assert guesses.failed(ip_address("2001:db8::1")) == FIRST_DELAY_SECONDS
    assert guesses.failed(ip_address("2001:db8::ffff:1")) == 2 * FIRST_DELAY_SECONDS
    assert guesses.failed(ip_address("2001:db8:0:1::1")) == FIRST_DELAY_SECONDS
    assert guesses.failed(None) == FIRST_DELAY_SECONDS


def test_many_addresses_together_are_slowed_down() -> None:
    """Also more than are remembered, one guess each."""
    clock = StillClock()
    guesses = Throttle(clock)
    first = int(ADDRESS)
    delays = [guesses.penalty(ip_address(first + number)) for number in range(2 * MAX_ADDRESSES)]
    assert delays[0] == FIRST_DELAY_SECONDS
    assert set(delays[:CROWD_SIZE]) == {FIRST_DELAY_SECONDS}
    assert delays[CROWD_SIZE + 1] == 2 * FIRST_DELAY_SECONDS
    assert all(before <= after for before, after in pairwise(delays))
    assert delays[-1] == MAX_DELAY_SECONDS
    clock.seconds += FORGET_SECONDS
    assert guesses.failed(ADDRESS) == FIRST_DELAY_SECONDS


@given(st.lists(st.floats(1.0, 60.0), max_size=300))
def test_what_people_mistype_does_not_add_up(pauses: list[float]) -> None:
    clock = StillClock()
    guesses = Throttle(clock)
    for number, pause in enumerate(pauses):
        clock.seconds += pause
        assert guesses.failed(ip_address(int(ADDRESS) + number)) == FIRST_DELAY_SECONDS


def test_memory_is_bounded() -> None:
    clock = StillClock()
    guesses = Throttle(clock)
    first = int(ADDRESS)
    for number in range(MAX_ADDRESSES + 1):
        guesses.failed(ip_address(first + number))
    assert len(guesses) == MAX_ADDRESSES
    clock.seconds += FORGET_SECONDS - 1
    assert guesses.failed(ADDRESS) == FIRST_DELAY_SECONDS, "the oldest was forgotten"
    assert guesses.failed(ip_address(first + MAX_ADDRESSES)) == 2 * FIRST_DELAY_SECONDS
