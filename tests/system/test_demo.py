"""The demo: what it says, what a newcomer does with it, and the story it plays by itself."""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from flowhqd.accounts import unprivileged
from flowhqd.browser.executable import find_chromium
from flowhqd.browser.host import BrowserHost, BrowserOptions
from flowhqd.simulator import Simulator
from flowhqd.story import Story, StoryFailed
from tests.simulator.screen import Screen
from tests.system.daemon import PASSWORD, Daemon, Operator, running

SECONDS = 60.0
NAMES = itertools.count()
LINE = "document.querySelector('#line').textContent"


@asynccontextmanager
async def demo(state: Path, *options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """``flowhqd demo`` with a state of its own; killed if it still runs at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "flowhqd", "demo", *options,
        env={"PATH": os.environ["PATH"], "STATE_PATH": str(state), "PORT": "0"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    text = await asyncio.wait_for(process.stdout.readline(), SECONDS)
    return text.decode().rstrip("\n")


async def ended(process: asyncio.subprocess.Process) -> tuple[str, str]:
    out, err = await asyncio.wait_for(process.communicate(), SECONDS)
    return out.decode(), err.decode()


@pytest.fixture
def state(open_directory: Path) -> Path:
    return open_directory / f"demo-{next(NAMES)}"


async def test_a_newcomer_links_a_phone_and_sees_a_customer_answered(
    state: Path, open_directory: Path
) -> None:
    options = BrowserOptions(find_chromium(), open_directory / "newcomer", unprivileged())
    async with demo(state) as process:
        said = [await line(process) for _ in range(3)]
        admin = re.match(
            r"1\. Open (http://\S+)/admin/tenants \(user admin, password (\S+)\)", said[0]
        )
        phone = re.match(r"2\. Open (http://\S+/phone/\d+) ", said[1])
        assert admin is not None, said
        assert phone is not None, said
        headers = {"Authorization": aiohttp.encode_basic_auth("admin", admin[2])}
        async with (
            aiohttp.ClientSession(admin[1], headers=headers) as session,
            BrowserHost(options) as host,
            await Screen.opened(host, "phone") as screen,
        ):
            operator = Operator(session)
            [tenant] = (await operator.get("/admin/tenants"))["tenants"]
            await operator.state(tenant["id"], "QR_READY")
            await screen.open(phone[1])
            await screen.until(f"{LINE} === 'not linked'")
            await screen.click(".code")
            await operator.state(tenant["id"], "CONNECTED")
            await screen.until(f"{LINE} === 'connected'")

            await screen.click("#reads")
            await screen.click("#tab-owner-chat")
            await screen.write("Nataka kuweka miadi kesho saa nne")
            await screen.until("document.querySelector('#customer-chat .bubble:not(.own) .words')")
            reply = str(await screen.js("document.querySelector('#customer-chat"
                                        " .bubble:not(.own) .words').textContent"))  # fmt: skip
            assert "miadi" in reply
            await screen.until_bubble("customer", "Nataka kuweka miadi kesho saa nne", "read")
            await screen.until_bubble("owner", reply, "delivered")
            await screen.click("#reads")
            await screen.until_bubble("owner", reply, "read")
            inbound, outbound = await operator.logs(tenant["id"])
            assert (inbound["status"], outbound["message_text"]) == ("ANSWERED", reply)
            assert screen.violations == []
        process.send_signal(signal.SIGINT)
        out, err = await ended(process)
        assert (process.returncode, err) == (0, ""), out


async def test_the_script_plays_the_whole_story(state: Path) -> None:
    # Twice: the second run starts from an empty state again.
    for _ in range(2):
        async with demo(state, "--script") as process:
            out, err = await ended(process)
            assert (process.returncode, err) == (0, "")
            *steps, summary = out.splitlines()
            assert [step[:7] for step in steps] == [f"[{n:>2}/10]" for n in range(1, 11)]
            assert summary.startswith("All 10 steps in ")


async def test_a_stopped_script_says_so_and_fails(state: Path) -> None:
    async with demo(state, "--script") as process:
        for _ in range(2):
            await line(process)
        process.send_signal(signal.SIGTERM)
        _, err = await ended(process)
        assert (process.returncode, err) == (
            1,
            "flowhqd: the story was stopped before its end\n",
        )


async def test_a_failed_step_is_named(
    make_daemon: Callable[..., Daemon], simulator: Simulator
) -> None:
    daemon = make_daemon()
    steps: list[str] = []
    async with running(daemon):
        async with Story(daemon.url, "a wrong one", simulator.url, steps.append) as story:
            with pytest.raises(StoryFailed, match=r"^step 1 of 10, create a tenant: .* 401"):
                await story.play()
        assert steps == []
        simulator.options.blocked = "TOS_BLOCK"
        async with Story(daemon.url, PASSWORD, simulator.url, steps.append, 5.0) as story:
            with pytest.raises(StoryFailed, match=r"a QR code appears: not after 5 s; session "):
                await story.play()
        assert len(steps) == 2
