"""The control API: what curl and the README use."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from flowhqd.simulator import Simulator
from tests.simulator.tab import Tab

pytestmark = pytest.mark.asyncio(loop_scope="session")

PHONE = "/control/phones/255712000001"
ASHA = f"{PHONE}/customers/255754000001"


@pytest_asyncio.fixture(loop_scope="session")
async def http(simulator: Simulator) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(simulator.url) as session:
        yield session


async def ask(
    http: aiohttp.ClientSession, method: str, path: str, body: Any = None
) -> tuple[int, Any]:
    async with http.request(method, path, json=body) as response:
        return response.status, await response.json()


async def test_a_whole_story_by_http(
    http: aiohttp.ClientSession, tab: Tab, simulator: Simulator
) -> None:
    await tab.open()
    await simulator.wait_for_qr()
    _, listing = await ask(http, "GET", "/control/devices")
    [device] = listing["devices"]
    assert device["phone"] is None
    status, answer = await ask(http, "POST", f"{PHONE}/scan", {"qr": "nonsense"})
    assert (status, answer["error"]) == (409, "qr_rejected")
    status, _ = await ask(http, "POST", f"{PHONE}/scan", {"qr": device["qr"]})
    assert status == 201
    await tab.until("mode", "MAIN")
    _, listing = await ask(http, "GET", "/control/phones")
    assert listing == {"phones": [{"number": "255712000001", "link_state": "online"}]}

    asha = {"number": "+255 754 000 001", "name": "Asha"}
    status, answer = await ask(http, "POST", f"{PHONE}/customers", asha)
    assert (status, answer) == (201, {"customer": "255754000001"})
    status, sent = await ask(http, "POST", f"{ASHA}/messages", {"text": "Habari"})
    assert status == 201
    key = f"false_255754000001@c.us_{sent['message_id']}"
    await tab.until("add", key, "chat", "Habari")
    await tab.send("255754000001@c.us", "3EB001", "Karibu", quoted=key)
    await simulator.phone("255712000001").customer("255754000001").wait_for(1)
    _, answer = await ask(http, "GET", f"{ASHA}/messages")
    [reply] = answer["messages"]
    assert (reply["text"], reply["quoted_id"]) == ("Karibu", sent["message_id"])

    await ask(http, "POST", f"{PHONE}/logout", {"reason": "account_locked"})
    await tab.until("logout")
    _, listing = await ask(http, "GET", "/control/phones")
    assert listing["phones"][0]["link_state"] == "unlinked"


async def test_options_change_while_it_runs(
    http: aiohttp.ClientSession, simulator: Simulator
) -> None:
    status, options = await ask(http, "PATCH", "/control/options", {"hold_acks": True})
    assert (status, options["hold_acks"]) == (200, True)
    assert simulator.options.hold_acks
    assert "tls" not in options


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PATCH", "/control/options", {"port": 1}, 422),
        ("PATCH", "/control/options", {"hold_acks": "yes"}, 422),
        ("PATCH", "/control/options", [], 422),
        ("POST", f"{ASHA}/messages", {"txt": "Habari"}, 422),
        ("POST", f"{ASHA}/messages", {"text": 1}, 422),
        ("POST", f"{ASHA}/messages/unknown/decrypt", {}, 404),
        ("POST", f"{ASHA}/messages/unknown/edit", {"text": "Habari"}, 404),
        ("POST", f"{ASHA}/messages/unknown/edit", {}, 422),
        ("POST", f"{ASHA}/messages/unknown/revoke", {}, 404),
        ("POST", f"{PHONE}/customers", {"number": "12"}, 422),
        ("POST", f"{PHONE}/customers", {"number": "255754000001", "lid": "x"}, 422),
        ("POST", f"{PHONE}/customers", {"number": "255754000001", "name": None}, 422),
        ("POST", f"{PHONE}/scan", {}, 422),
        ("POST", f"{PHONE}/code", {"code": "ABCD1234"}, 409),
        ("POST", f"{PHONE}/explode", {}, 404),
    ],
)
async def test_bad_requests_are_refused(
    http: aiohttp.ClientSession, method: str, path: str, body: Any, status: int
) -> None:
    async with http.request(method, path, json=body) as response:
        assert response.status == status
