"""A real Chromium, real pages from a small server on loopback, and the daemon's own event loop."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import pytest_asyncio
import uvloop
from aiohttp import web

from flowhqd.accounts import unprivileged
from flowhqd.browser import proc
from flowhqd.browser.executable import find_chromium
from flowhqd.browser.host import BrowserHost, BrowserOptions
from flowhqd.browser.page import Page

NUMBERS = itertools.count(1)

HOME = """<!doctype html><title>home</title><script>
const database = new Promise((resolve, reject) => {
  const opening = indexedDB.open("memory");
  opening.onupgradeneeded = () => opening.result.createObjectStore("memory");
  opening.onsuccess = () => resolve(opening.result);
  opening.onerror = () => reject(opening.error);
});
async function remember(value) {
  const transaction = (await database).transaction("memory", "readwrite");
  transaction.objectStore("memory").put(value, "it");
  return new Promise(resolve => { transaction.oncomplete = () => resolve("kept"); });
}
async function recall() {
  const asked = (await database).transaction("memory").objectStore("memory").get("it");
  return new Promise(resolve => { asked.onsuccess = () => resolve(asked.result ?? null); });
}
</script>"""


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """uvloop, as the daemon; a test may ask for others by mark.asyncio(loop_factories=...)."""
    factories = {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}
    mark = item.get_closest_marker("asyncio")
    if mark is not None and "loop_factories" in mark.kwargs:
        return factories
    return {"uvloop": factories["uvloop"]}


@asynccontextmanager
async def serving() -> AsyncIterator[str]:
    """The address of a server with a page that remembers, one that never comes, and a file."""
    stopping = asyncio.Event()

    async def home(request: web.Request) -> web.Response:
        return web.Response(text=HOME, content_type="text/html")

    async def never(request: web.Request) -> web.Response:
        await stopping.wait()
        return web.Response()

    async def file(request: web.Request) -> web.Response:
        return web.Response(
            body=b"x" * 100, headers={"Content-Disposition": "attachment; filename=file.bin"}
        )

    application = web.Application()
    application.add_routes([web.get("/", home), web.get("/never", never), web.get("/file", file)])
    runner = web.AppRunner(application, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        stopping.set()
        await runner.cleanup()


@contextmanager
def fresh_options(directory: Path) -> Iterator[BrowserOptions]:
    """Options on an empty profiles path; fails if a process of it is left at the end."""
    path = directory / f"s{next(NUMBERS)}"
    yield BrowserOptions(executable=find_chromium(), profiles_path=path, account=unprivileged())
    assert [pid for pid in proc.pids() if bytes(path) in proc.command_line(pid)] == []


@pytest.fixture
async def site() -> AsyncIterator[str]:
    async with serving() as address:
        yield address


@pytest.fixture
def options(open_directory: Path) -> Iterator[BrowserOptions]:
    with fresh_options(open_directory) as fresh:
        yield fresh


@dataclass(frozen=True)
class Shared:
    """A host and a site that many tests share, each with profiles of its own."""

    host: BrowserHost
    site: str
    profiles_path: Path

    async def open(self, profile: str) -> Page:
        page = await self.host.open(profile)
        await page.navigate(self.site, timeout=60)
        return page


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared(open_directory: Path) -> AsyncIterator[Shared]:
    with fresh_options(open_directory) as fresh:
        # So that a popup needs no click.
        options = replace(fresh, extra_args=("--disable-popup-blocking",))
        async with serving() as address, BrowserHost(options) as running:
            yield Shared(running, address, fresh.profiles_path)
