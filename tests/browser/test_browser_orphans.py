"""What a daemon that was killed leaves behind, and the next one clears away."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from flowhqd.browser import orphans, proc
from flowhqd.browser.host import BrowserHost, BrowserOptions

DAEMON = """
import asyncio, sys
from pathlib import Path
from flowhqd.accounts import unprivileged
from flowhqd.browser.host import BrowserHost, BrowserOptions

async def main():
    options = BrowserOptions(Path(sys.argv[1]), Path(sys.argv[2]), unprivileged())
    async with BrowserHost(options) as host:
        await host.open("a")
        print(host.describe()[0].pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
def orphan(options: BrowserOptions) -> int:
    """The process id of a Chromium whose daemon is dead."""
    command = [sys.executable, "-c", DAEMON, str(options.executable), str(options.profiles_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as daemon:
        assert daemon.stdout is not None
        pid = int(daemon.stdout.readline())
        # A running Chromium ends with its pipe; one that hangs does not.
        os.killpg(pid, signal.SIGSTOP)
        daemon.kill()
    assert proc.members(pid)
    return pid


async def test_orphans_of_a_dead_daemon_are_reaped(options: BrowserOptions, orphan: int) -> None:
    assert list((options.profiles_path / "tmp").iterdir())
    async with BrowserHost(options) as host:
        assert proc.members(orphan) == []
        assert list((options.profiles_path / "tmp").iterdir()) == []
        await host.open("a")


def links(directory: Path, target: Path) -> list[Path]:
    paths = [directory / name for name in orphans.SINGLETON_LINKS]
    for path in paths:
        path.symlink_to(target)
    return paths


def test_dead_links_are_removed(tmp_path: Path) -> None:
    paths = links(tmp_path, tmp_path / "nowhere")
    orphans.unlink_singleton(tmp_path)
    assert not any(path.is_symlink() for path in paths)
    orphans.unlink_singleton(tmp_path)


def test_links_of_the_living_stay(tmp_path: Path) -> None:
    paths = links(tmp_path, tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        server.listen()
        orphans.unlink_singleton(tmp_path)
    assert all(path.is_symlink() for path in paths)
