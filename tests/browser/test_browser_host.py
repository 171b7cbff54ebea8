"""Many tenants in few processes: together, apart, and after every kind of death."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from flowhqd.browser import proc
from flowhqd.browser.host import BrowserHost, BrowserOptions
from flowhqd.browser.page import Page
from flowhqd.errors import Invalid, PageLost, StartupError
from tests.browser.conftest import Shared


def family(host: BrowserHost) -> list[int]:
    """Every process of the host's browsers."""
    return [pid for view in host.describe() for pid in proc.members(view.pid)]


def renderers(host: BrowserHost) -> set[int]:
    return {pid for pid in family(host) if b"--type=renderer" in proc.command_line(pid)}


def descriptors(pid: int) -> set[str]:
    targets = set()
    # A process or a descriptor may go while we look.
    with suppress(FileNotFoundError):
        for path in Path(f"/proc/{pid}/fd").iterdir():
            targets.add(str(path.readlink()))
    return targets


def listening() -> set[str]:
    """The socket inodes of every TCP listener of the host."""
    lines = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
    ]
    return {fields[9] for fields in lines if fields[3] == "0A"}


def status(pid: int, name: str) -> str:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return line.split()[1]
    raise LookupError(name)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what no event announces, at most 10 seconds."""
    for _ in range(200):
        if condition():
            return
        await asyncio.sleep(0.05)
    pytest.fail("it did not come true")


async def opened(host: BrowserHost, site: str, profile: str) -> Page:
    page = await host.open(profile)
    await page.navigate(site, timeout=60)
    return page


async def recall(page: Page) -> object:
    return await page.call("recall", timeout=60)


async def remember(page: Page) -> None:
    assert await page.call("remember", page.profile, timeout=60) == "kept"


async def test_tenants_share_a_process_and_nothing_else(options: BrowserOptions, site: str) -> None:
    names = ["a", "b", "c"]
    async with BrowserHost(options) as host:
        assert host.hand_over
        assert host.sandbox
        pages = await asyncio.gather(*(opened(host, site, name) for name in names))
        [view] = host.describe()
        assert view.profiles == ("a", "b", "c")
        assert proc.memory([view.pid, 1 << 30])[1 << 30] == 0
        assert 50 * 1024**2 < proc.memory([view.pid])[view.pid] < 4 * 1024**3
        assert [await recall(page) for page in pages] == [None, None, None]
        for page in pages:
            await remember(page)
    assert [page.closed.result() for page in pages] == ["browser_lost"] * 3
    async with BrowserHost(options) as host:
        pages = await asyncio.gather(*(opened(host, site, name) for name in [*names, "d"]))
        assert [await recall(page) for page in pages] == ["a", "b", "c", None]


@pytest.mark.asyncio(loop_factories=["asyncio"])
async def test_default_event_loop_will_do(options: BrowserOptions, site: str) -> None:
    async with BrowserHost(options) as host:
        page = await opened(host, site, "a")
        assert await recall(page) is None
        [view] = host.describe()
        os.kill(view.pid, signal.SIGKILL)
        async with asyncio.timeout(60):
            assert await page.closed == "browser_lost"


async def test_full_browser_is_followed_by_another(options: BrowserOptions, site: str) -> None:
    async with BrowserHost(replace(options, tenants_per_browser=2)) as host:
        for name in ("a", "b", "c"):
            await remember(await opened(host, site, name))
        assert [view.profiles for view in host.describe()] == [("a", "b"), ("c",)]
        await host.restart_process_of("a")
        assert [view.profiles for view in host.describe()] == [("c",)]
        page = await opened(host, site, "b")
        assert await recall(page) == "b"
        await page.call("() => { document.cookie = 'kept=yes; max-age=9999' }", timeout=60)
    # A profile whose place is taken moves, with what it holds.
    async with BrowserHost(replace(options, hand_over=False)) as host:
        pages = [await opened(host, site, name) for name in ("a", "b")]
        assert [view.profiles for view in host.describe()] == [("a",), ("b",)]
        assert [await recall(page) for page in pages] == ["a", "b"]
        assert await pages[1].call("() => document.cookie", timeout=60) == "kept=yes"


@pytest.mark.asyncio(loop_scope="session")
async def test_dead_renderer_takes_one_tenant(shared: Shared) -> None:
    a = await shared.open("crash-a")
    others = renderers(shared.host)
    b = await shared.open("crash-b")
    await remember(b)
    [victim] = renderers(shared.host) - others
    waiting = asyncio.create_task(b.call("() => new Promise(() => {})", timeout=60))
    await b.call("() => 1", timeout=60)
    os.kill(victim, signal.SIGKILL)
    async with asyncio.timeout(60):
        assert await b.closed == "crashed"
        with pytest.raises(PageLost):
            await waiting
    assert await recall(a) is None
    b = await shared.open("crash-b")
    assert await recall(b) == "crash-b"
    assert len(shared.host.describe()) == 1
    await asyncio.gather(a.close(), b.close())


@pytest.mark.asyncio(loop_scope="session")
async def test_killed_browser_comes_back_with_its_logins(shared: Shared) -> None:
    names = ["kill-a", "kill-b"]
    pages = await asyncio.gather(*(shared.open(name) for name in names))
    for page in pages:
        await remember(page)
    waiting = asyncio.create_task(pages[0].call("() => new Promise(() => {})", timeout=60))
    await pages[0].call("() => 1", timeout=60)
    [view] = shared.host.describe()
    os.kill(view.pid, signal.SIGKILL)
    async with asyncio.timeout(60):
        assert [await page.closed for page in pages] == ["browser_lost", "browser_lost"]
        with pytest.raises(PageLost):
            await waiting
    assert shared.host.describe() == []
    pages = await asyncio.gather(*(shared.open(name) for name in names))
    assert [await recall(page) for page in pages] == names
    [view] = shared.host.describe()
    assert view.profiles == ("kill-a", "kill-b")
    await asyncio.gather(*(page.close() for page in pages))


@pytest.mark.asyncio(loop_scope="session")
async def test_opening_again_closes_the_first_page(shared: Shared) -> None:
    first, second = await asyncio.gather(shared.host.open("twice"), shared.host.open("twice"))
    assert {first.closed.done(), second.closed.done()} == {True, False}
    for _ in range(3):
        last = await shared.open("twice")
    [view] = shared.host.describe()
    assert view.profiles == ("twice",)
    await last.close()
    [view] = shared.host.describe()
    assert view.profiles == ()


@pytest.mark.asyncio(loop_scope="session")
async def test_abandoned_opening_leaves_no_page(shared: Shared) -> None:
    page = await shared.open("abandoned")
    await page.close()
    alone = renderers(shared.host)
    for seconds in (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3):
        opening = asyncio.create_task(shared.host.open("abandoned"))
        await asyncio.sleep(seconds)
        opening.cancel()
        await asyncio.wait([opening])
        if not opening.cancelled():
            await opening.result().close()
        [view] = shared.host.describe()
        assert view.profiles == ()
    page = await shared.open("abandoned")
    await until(lambda: len(renderers(shared.host) - alone) == 1)
    await page.close()


@pytest.mark.asyncio(loop_scope="session")
async def test_forgotten_profile_starts_empty(shared: Shared) -> None:
    neighbour = await shared.open("beside")
    page = await shared.open("forgotten")
    await remember(page)
    await shared.host.forget("forgotten")
    assert page.closed.result() == "closed"
    assert await recall(neighbour) is None
    assert list(shared.profiles_path.rglob("*forgotten*")) == []
    page = await shared.open("forgotten")
    assert await recall(page) is None
    await shared.host.forget("never-seen")
    await asyncio.gather(page.close(), neighbour.close())


@pytest.mark.asyncio(loop_scope="session")
async def test_nothing_listens_and_children_are_unprivileged(shared: Shared) -> None:
    page = await shared.open("sockets")
    sockets = {target for pid in family(shared.host) for target in descriptors(pid)}
    assert not {f"socket:[{inode}]" for inode in listening()} & sockets
    for pid in renderers(shared.host):
        assert status(pid, "Uid") != "0"
        assert status(pid, "Seccomp") == "2"
    await page.close()


@pytest.mark.parametrize("name", ["", "A", "a/b", "..", "a" * 65, "a b", "a\n"])
async def test_bad_profile_names_are_refused(options: BrowserOptions, name: str) -> None:
    host = BrowserHost(options)
    for refused in (host.open, host.forget, host.restart_process_of):
        with pytest.raises(Invalid):
            await refused(name)


async def test_unreachable_profiles_path_says_what_to_do(
    options: BrowserOptions, tmp_path: Path
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root runs Chromium as another user")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(StartupError, match="SESSIONS_PATH"):
        async with BrowserHost(replace(options, profiles_path=closed / "sessions")):
            pass


async def test_file_in_place_of_the_profiles_path_is_reported(options: BrowserOptions) -> None:
    options.profiles_path.write_text("")
    with pytest.raises(StartupError, match="SESSIONS_PATH"):
        async with BrowserHost(options):
            pass


async def test_program_that_is_no_chromium_is_reported(options: BrowserOptions) -> None:
    with pytest.raises(StartupError, match="does not start"):
        async with BrowserHost(replace(options, executable=Path("/bin/false"))):
            pass


async def test_what_chromium_says_at_its_end_is_told_on_one_line(options: BrowserOptions) -> None:
    """Regression: the one line of a daemon that cannot start had several."""
    talker = options.profiles_path.with_name("talker")
    talker.write_text("#!/bin/sh\nprintf 'one\\n  two\\n\\nthree\\n' >&2\nexit 1\n")
    talker.chmod(0o755)
    with pytest.raises(StartupError, match=r"it said: one two three$"):
        async with BrowserHost(replace(options, executable=talker)):
            pass


async def test_long_profiles_path_works(options: BrowserOptions, site: str) -> None:
    parent = options.profiles_path / ("long" * 20)
    parent.mkdir(parents=True)
    options.profiles_path.chmod(0o711)
    parent.chmod(0o711)
    async with BrowserHost(replace(options, profiles_path=parent / "sessions")) as host:
        assert host.hand_over
        await opened(host, site, "a")
