"""The main job from an empty state to an answered customer, played over HTTP as people would."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Self

import aiohttp

from flowhqd.errors import FlowHQError

BUSINESS = "Saluni ya Asha"
OWNER = "255712000001"
CUSTOMER = "255754000001"
BOOKING = "Habari, nataka kuweka miadi kesho saa nne"
AFTER = "Bei ya kusuka ni gani?"
STEP_SECONDS = 60.0
POLL_SECONDS = 0.1
WIDTH = 60
"""Characters of a reply that a line shows."""


class StoryFailed(FlowHQError):
    """A step of the story did not happen; the message names the step and what was seen last."""

    code = "story_failed"


class Story:
    """An operator at ``url`` and the owner's and a customer's phone in the simulator.

    An async context manager; ``say`` is told each step once it is done, and none may take longer
    than ``step_seconds``.
    """

    def __init__(
        self,
        url: str,
        password: str,
        simulator_url: str,
        say: Callable[[str], None],
        step_seconds: float = STEP_SECONDS,
    ) -> None:
        login = aiohttp.encode_basic_auth("admin", password)
        self._admin = aiohttp.ClientSession(url, headers={"Authorization": login})
        self._phones = aiohttp.ClientSession(simulator_url)
        self._say = say
        self._step_seconds = step_seconds
        self._tenant = ""
        self._code = ""
        self._asked = ""
        self._replies = 0
        self._last: dict[str, Any] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._admin.close()
        await self._phones.close()

    async def play(self) -> None:
        """Every step in order; raises StoryFailed at the first that fails."""
        steps: list[tuple[str, Callable[[], Awaitable[str]]]] = [
            ("create a tenant", self._create),
            ("start its worker", self._start),
            ("a QR code appears", self._show_code),
            ("scan it with the owner's phone", self._scan),
            ("the session is CONNECTED", self._connect),
            ("a customer writes", self._write),
            ("the reply arrives and quotes it", self._receive),
            ("the log has both", self._check_log),
            ("the worker restarts and keeps its login", self._restart),
            ("the next message is answered too", self._write_again),
        ]
        began = time.monotonic()
        for number, (title, step) in enumerate(steps, 1):
            at = time.monotonic()
            place = f"step {number} of {len(steps)}, {title}"
            try:
                async with asyncio.timeout(self._step_seconds):
                    result = await step()
            except TimeoutError:
                seconds = self._step_seconds
                raise StoryFailed(f"{place}: not after {seconds:g} s{self._seen()}") from None
            except aiohttp.ClientError as error:
                raise StoryFailed(f"{place}: {error}{self._seen()}") from error
            except StoryFailed as error:
                raise StoryFailed(f"{place}: {error}{self._seen()}") from None
            seconds = time.monotonic() - at
            self._say(f"[{number:>2}/{len(steps)}] {title:<40} {seconds:5.1f} s  {result}")
        self._say(
            f"All {len(steps)} steps in {time.monotonic() - began:.1f} s: one scan, "
            f"{self._replies} messages, each answered once with a quote and logged."
        )

    async def _create(self) -> str:
        body = {
            "name": BUSINESS,
            "phone_number": f"+{OWNER}",
            "template_type": "BOOKING",
            "business_name": BUSINESS,
            "language": "SW",
        }
        tenant = (await _ask(self._admin, "POST", "/admin/tenants", body))["tenant"]
        self._tenant = f"/admin/tenants/{tenant['id']}"
        return f"{tenant['name']}, {tenant['phone_number']}"

    async def _start(self) -> str:
        await _ask(self._admin, "POST", f"{self._tenant}/worker/start")
        tenant = await self._until(lambda tenant: tenant["worker"]["status"] == "RUNNING")
        return str(tenant["worker"]["status"])

    async def _show_code(self) -> str:
        await self._until(lambda tenant: tenant["session"]["state"] == "QR_READY")
        async with self._admin.get(f"{self._tenant}/qr?format=raw") as response:
            self._code = (await response.text()).strip()
            if response.status != 200:
                raise StoryFailed(f"GET {response.url.path} says {response.status}")
        return f"a text of {len(self._code)} characters"

    async def _scan(self) -> str:
        path = f"/control/phones/{OWNER}/scan"
        answer = await _ask(self._phones, "POST", path, {"qr": self._code})
        return f"linked as {answer['device']}"

    async def _connect(self) -> str:
        tenant = await self._until(lambda tenant: tenant["session"]["state"] == "CONNECTED")
        if tenant["status"] != "ACTIVE":
            raise StoryFailed(f"the tenant is {tenant['status']} instead of ACTIVE")
        return f"the tenant is {tenant['status']}"

    async def _write(self) -> str:
        path = f"/control/phones/{OWNER}/customers"
        await _ask(self._phones, "POST", path, {"number": CUSTOMER, "name": "Neema"})
        return await self._send(BOOKING)

    async def _send(self, text: str) -> str:
        path = f"/control/phones/{OWNER}/customers/{CUSTOMER}/messages"
        self._asked = (await _ask(self._phones, "POST", path, {"text": text}))["message_id"]
        return f"“{text}”"

    async def _receive(self) -> str:
        path = f"/control/phones/{OWNER}/customers/{CUSTOMER}/messages"
        while True:
            messages = (await _ask(self._phones, "GET", path))["messages"]
            if len(messages) > self._replies:
                break
            await asyncio.sleep(POLL_SECONDS)
        self._replies += 1
        if len(messages) != self._replies:
            raise StoryFailed(f"{len(messages)} replies arrived instead of {self._replies}")
        reply = messages[-1]
        if reply["quoted_id"] != self._asked:
            raise StoryFailed("the reply does not quote the message")
        line = " ".join(reply["text"].split())
        return f"“{line if len(line) <= WIDTH else line[: WIDTH - 1] + '…'}”"

    async def _check_log(self) -> str:
        wanted = [("IN", "ANSWERED"), ("OUT", "DELIVERED")] * self._replies
        while True:
            rows = (await _ask(self._admin, "GET", f"{self._tenant}/logs?limit=100"))["logs"]
            found = [(row["direction"], row["status"]) for row in reversed(rows)]
            if found == wanted:
                return ", ".join(" ".join(row) for row in found)
            await asyncio.sleep(POLL_SECONDS)

    async def _restart(self) -> str:
        before = await self._until(lambda tenant: tenant["worker"]["reason"] == "connected")
        await _ask(self._admin, "POST", f"{self._tenant}/worker/restart")

        def is_back(tenant: dict[str, Any]) -> bool:
            state, worker = tenant["session"]["state"], tenant["worker"]
            if state == "QR_READY":
                raise StoryFailed("the login was lost: a code is asked for")
            # The worker's state, for the session's is the last one seen until there is a new one.
            return bool(
                state == "CONNECTED"
                and worker["reason"] == "connected"
                and worker["since"] != before["worker"]["since"]
            )

        await self._until(is_back)
        return "CONNECTED again without a code"

    async def _write_again(self) -> str:
        await self._send(AFTER)
        reply = await self._receive()
        await self._check_log()
        return reply

    async def _until(self, is_there: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        while True:
            self._last = (await _ask(self._admin, "GET", f"{self._tenant}/status"))["tenant"]
            if is_there(self._last):
                return self._last
            await asyncio.sleep(POLL_SECONDS)

    def _seen(self) -> str:
        """What was seen of the tenant last, to be appended to a complaint."""
        if not self._last:
            return ""
        session, worker = self._last["session"], self._last["worker"]
        reason = worker["reason"] or session["reason"]
        because = f" ({reason})" if reason else ""
        return f"; session {session['state']}, worker {worker['status']}{because}"


async def _ask(http: aiohttp.ClientSession, method: str, path: str, body: Any = None) -> Any:
    """The JSON answer; raises StoryFailed for a refusal."""
    async with http.request(method, path, json=body) as response:
        if response.ok:
            return await response.json()
        raise StoryFailed(f"{method} {path} says {response.status}: {await response.text()}")
