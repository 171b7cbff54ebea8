"""The admin's and the portal's pages in a real Chromium, on a site that has some of everything.

One browser and one server serve the whole room, so its tests and fixtures share an event loop: test
modules say ``pytestmark = pytest.mark.asyncio(loop_scope="session")``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from flowhqd.accounts import unprivileged
from flowhqd.browser.executable import find_chromium
from flowhqd.browser.host import BrowserHost, BrowserOptions
from flowhqd.store.pool import open_pool
from tests.database import Server, new_name
from tests.http.conftest import PASSWORD, serving
from tests.pages.some import some_of_everything
from tests.pages.world import World
from tests.window import Window


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def world(postgres: Server, migrated: str, open_directory: Path) -> AsyncIterator[World]:
    """Three windows: of the admin, of a user of the portal, and of nobody."""
    pool = await open_pool(await postgres.create(new_name(), migrated), deadline_seconds=5)
    options = BrowserOptions(find_chromium(), open_directory / "pages", unprivileged())
    environ = {"STATE_PATH": str(open_directory)}
    async with serving(pool, environ) as site, BrowserHost(options) as host:
        some = await some_of_everything(site)
        windows = {who: await Window.opened(host, who) for who in ("admin", "user", "nobody")}
        world = World(site, some, windows)
        await world.log_in("admin", "/admin/login", password=PASSWORD)
        await world.log_in("user", "/app/login", email=some.email, password=some.password)
        yield world
        for window in windows.values():
            assert window.violations == []
            await window.page.close()
    await pool.close()
