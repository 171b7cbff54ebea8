"""A disk that fills up must not cost a login."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from flowhqd.accounts import unprivileged
from flowhqd.browser import host as browser_host
from flowhqd.browser.executable import find_chromium
from flowhqd.browser.host import BrowserHost, BrowserOptions
from flowhqd.errors import DiskFull
from tests.browser.conftest import serving
from tests.chaos.disk import small_disk


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a file system of its own")
async def test_what_a_page_keeps_outlives_a_full_disk(
    open_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = 64 << 20
    monkeypatch.setattr(browser_host, "ROOM", room)
    monkeypatch.setattr(browser_host, "ROOM_CHECK_SECONDS", 0.05)
    with small_disk(open_directory / "small-disk", megabytes=300) as disk:
        assert disk is not None
        options = BrowserOptions(find_chromium(None), disk.path / "sessions", unprivileged())
        async with serving() as site, BrowserHost(options) as host:
            watching = asyncio.create_task(host.watch())
            page = await host.open("keeper")
            await page.navigate(site, timeout=60)
            assert await page.call("() => remember('the login')", timeout=60) == "kept"

            await asyncio.to_thread(disk.fill, room - (1 << 20))
            async with asyncio.timeout(60):
                assert await page.closed == "browser_lost"
            with pytest.raises(DiskFull, match="MB are left"):
                await host.open("keeper")

            await asyncio.to_thread(disk.fill)
            disk.free()
            page = await host.open("keeper")
            await page.navigate(site, timeout=60)
            assert await page.call("() => recall()", timeout=60) == "the login"
            watching.cancel()
            await asyncio.wait({watching})
