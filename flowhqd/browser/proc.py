"""What /proc tells about processes: who they are, their group, and the files they hold open."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path

PROC = Path("/proc")
LOOK_AGAIN = 0.02
"""Seconds between two looks at processes that are not our children, which nothing announces."""


def pids() -> list[int]:
    """Every process of the host that we may see."""
    return [int(name) for name in os.listdir(PROC) if name.isdigit()]  # noqa: PTH208


def command_line(pid: int) -> bytes:
    """The arguments, each ended by NUL; empty for a process that is gone or a zombie."""
    try:
        return (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return b""


def group_of(pid: int) -> int | None:
    """The process group, or None for a process that is gone or a zombie."""
    try:
        stat = (PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    # The name in parentheses may itself hold spaces and parentheses.
    state, _, group = stat.rpartition(")")[2].split()[:3]
    return None if state in "ZX" else int(group)


def members(group: int) -> list[int]:
    """The living processes of a group."""
    return [pid for pid in pids() if group_of(pid) == group]


def memory(groups: Iterable[int]) -> dict[int, int]:
    """The bytes that each of these process groups takes; looking takes milliseconds per process.

    It is the proportional set size (proc_pid_smaps_rollup(5)): what several processes map is
    divided among them, so that the sum is what they take together. Where the kernel does not tell
    it to our account, the resident set size stands in.
    """
    taken = dict.fromkeys(groups, 0)
    for pid in pids():
        group = group_of(pid)
        if group in taken:
            taken[group] += _memory_of(pid)
    return taken


def _memory_of(pid: int) -> int:
    for name, field in (("smaps_rollup", "Pss:"), ("status", "VmRSS:")):
        try:
            lines = (PROC / str(pid) / name).read_text(errors="replace").splitlines()
        except OSError:
            continue
        for line in lines:
            if line.startswith(field):
                return int(line.split()[1]) * 1024
    return 0


def holds_files_under(directory: Path, candidates: Iterable[int]) -> bool:
    """Whether one of the processes has a file open in ``directory`` or below."""
    prefix = f"{directory}/"
    for pid in candidates:
        descriptors = PROC / str(pid) / "fd"
        try:
            for name in os.listdir(descriptors):  # noqa: PTH208
                if os.readlink(descriptors / name).startswith(prefix):  # noqa: PTH115
                    return True
        except OSError:
            # Gone meanwhile, or sandboxed so that not even its own account may look; a renderer
            # of that kind opens no files itself.
            continue
    return False


def kill(pid: int) -> None:
    """SIGKILL one process, if it is still there."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


async def end_group(group: int, *, grace: float) -> None:
    """Wait ``grace`` seconds for the members of a group to end by themselves, then kill them.

    For what a browser leaves behind: its children end when they notice that it has gone.
    """
    deadline = time.monotonic() + grace
    while left := members(group):
        if time.monotonic() > deadline:
            for pid in left:
                kill(pid)
        await asyncio.sleep(LOOK_AGAIN)
