"""What a daemon that was killed left behind: running Chromiums, their links and their sockets."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import time
from pathlib import Path

from flowhqd.browser import proc
from flowhqd.errors import StartupError
from flowhqd.log import get_logger

log = get_logger(__name__)

REAP_SECONDS = 15.0
SINGLETON_LINKS = ("SingletonLock", "SingletonSocket", "SingletonCookie")


async def reap(root: Path) -> None:
    """Kill every Chromium on a user data directory below ``root``, with its process group.

    Only for the single owner of ``root``: a Chromium of a live daemon looks no different.
    Raises StartupError when one cannot be killed.
    """
    tag = b"--user-data-dir=" + os.fsencode(root) + b"/"
    deadline = time.monotonic() + REAP_SECONDS
    reported = False
    while left := [pid for pid in proc.pids() if tag in proc.command_line(pid)]:
        if not reported:
            log.warning("orphans_killed", pids=left)
            reported = True
        if time.monotonic() > deadline:
            raise StartupError(f"a Chromium of an earlier run cannot be ended; kill: {left}")
        for pid in left:
            _kill(pid)
        await asyncio.sleep(proc.LOOK_AGAIN)


def unlink_singleton(user_data: Path) -> None:
    """Remove Chromium's own lock links unless a process answers behind them.

    A link left from a host or container of another name makes Chromium refuse to start.
    """
    address = user_data / "SingletonSocket"
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        try:
            # By the target: the link's own path may be too long for a socket address.
            client.connect(str(address.readlink()))
        except OSError:
            for name in SINGLETON_LINKS:
                (user_data / name).unlink(missing_ok=True)


def empty(directory: Path) -> None:
    """Delete what is in a TMPDIR of ours: a killed Chromium leaves its socket's directory."""
    for entry in directory.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)


def _kill(pid: int) -> None:
    try:
        # We start each browser as the leader of its own group; any other group may hold
        # processes that are none of ours.
        if proc.group_of(pid) == pid:
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    except PermissionError as error:
        raise StartupError(
            f"process {pid} holds a profile of ours but belongs to another user; end it first"
        ) from error
