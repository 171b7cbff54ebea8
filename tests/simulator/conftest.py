"""A simulator, and pages of it in a real Chromium, each in a profile of its own."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from flowhqd.accounts import unprivileged
from flowhqd.browser.executable import find_chromium
from flowhqd.browser.host import BrowserHost, BrowserOptions
from flowhqd.simulator import Phone, Simulator, SimulatorOptions
from tests.simulator.tab import Tab

PROFILES = itertools.count(1)
OWNER = "255712000001"


@pytest.fixture
def options() -> SimulatorOptions:
    return SimulatorOptions(sync_delay_seconds=0.05, module_delay_seconds=0.05)


@pytest.fixture
async def simulator(options: SimulatorOptions) -> AsyncIterator[Simulator]:
    async with Simulator(options) as running:
        yield running


@pytest.fixture
def phone(simulator: Simulator) -> Phone:
    return simulator.phone(OWNER)


@pytest.fixture
async def browsers() -> AsyncIterator[BrowserHost]:
    account = unprivileged()
    root = Path(tempfile.mkdtemp(prefix="flowhqd-simulator-", dir="/tmp"))
    root.chmod(0o711)
    options = BrowserOptions(find_chromium(), root / "profiles", account)
    try:
        async with BrowserHost(options) as host:
            yield host
    finally:
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def new_tab(browsers: BrowserHost, simulator: Simulator) -> Callable[[], Tab]:
    return lambda: Tab(browsers, simulator, f"tenant-{next(PROFILES)}")


@pytest.fixture
def tab(new_tab: Callable[[], Tab]) -> Tab:
    return new_tab()


@pytest.fixture
async def linked(tab: Tab, simulator: Simulator, phone: Phone) -> Tab:
    """A page that is linked to ``phone``, synced, and shows mode MAIN."""
    await tab.open()
    [code] = await simulator.wait_for_qr()
    await phone.scan(code)
    await tab.until("mode", "MAIN")
    return tab
