"""A simulator, and pages of it in a real Chromium, each in a profile of its own.

One browser serves the whole room, so its tests and fixtures share an event loop: test modules say
``pytestmark = pytest.mark.asyncio(loop_scope="session")``.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

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


@pytest_asyncio.fixture(loop_scope="session")
async def simulator(options: SimulatorOptions) -> AsyncIterator[Simulator]:
    async with Simulator(options) as running:
        yield running


@pytest.fixture
def phone(simulator: Simulator) -> Phone:
    return simulator.phone(OWNER)


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def browsers(open_directory: Path) -> AsyncIterator[BrowserHost]:
    profiles = open_directory / "simulator"
    options = BrowserOptions(find_chromium(), profiles, unprivileged())
    async with BrowserHost(options) as host:
        yield host


@pytest_asyncio.fixture(loop_scope="session")
async def new_tab(browsers: BrowserHost, simulator: Simulator) -> AsyncIterator[Callable[[], Tab]]:
    """Makes tabs, each with a profile of its own; all are closed at the end."""
    tabs: list[Tab] = []

    def make() -> Tab:
        tabs.append(Tab(browsers, simulator, f"tenant-{next(PROFILES)}"))
        return tabs[-1]

    yield make
    for tab in tabs:
        await tab.close()


@pytest.fixture
def tab(new_tab: Callable[[], Tab]) -> Tab:
    return new_tab()


@pytest_asyncio.fixture(loop_scope="session")
async def linked(tab: Tab, simulator: Simulator, phone: Phone) -> Tab:
    """A page that is linked to ``phone``, synced, and shows mode MAIN."""
    await tab.open()
    [code] = await simulator.wait_for_qr()
    await phone.scan(code)
    await tab.until("mode", "MAIN")
    return tab
