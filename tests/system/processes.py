"""Looking at a daemon's processes from outside, through /proc."""

from __future__ import annotations

import contextlib
from pathlib import Path

from tests.system.daemon import Daemon

_LISTEN = "0A"


def descendants(pid: int) -> set[int]:
    """The process and all below it."""
    children: dict[int, set[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            children.setdefault(int(fields[1]), set()).add(int(stat.parent.name))
    found, todo = set(), {pid}
    while todo:
        one = todo.pop()
        found.add(one)
        todo |= children.get(one, set()) - found
    return found


def command_line(pid: int) -> list[str]:
    """A process's arguments; empty when it is gone. Chromium's children join theirs by blanks."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").split()
    except OSError:
        return []


def daemon_tree(daemon: Daemon) -> set[int]:
    """Every process of a running daemon; those of sessions of their own are found by its state."""
    assert daemon.process is not None
    return descendants(daemon.process.pid)


def browsers(daemon: Daemon) -> list[int]:
    """The main processes of a daemon's Chromiums."""
    return [
        pid
        for pid in daemon_tree(daemon)
        if "--remote-debugging-pipe" in command_line(pid)
        and not any(argument.startswith("--type=") for argument in command_line(pid))
    ]


def renderers(daemon: Daemon) -> list[int]:
    """The renderers of a daemon's Chromiums, in order of their start."""
    return sorted(pid for pid in daemon_tree(daemon) if "--type=renderer" in command_line(pid))


def listening_ports(daemon: Daemon) -> set[int]:
    """The TCP ports that any process of a daemon listens on."""
    inodes = set()
    for pid in daemon_tree(daemon):
        with contextlib.suppress(OSError):
            for descriptor in Path(f"/proc/{pid}/fd").iterdir():
                with contextlib.suppress(OSError):
                    target = str(descriptor.readlink())
                    if target.startswith("socket:["):
                        inodes.add(target[8:-1])
    ports = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == _LISTEN and fields[9] in inodes:
                ports.add(int(fields[1].rpartition(":")[2], 16))
    return ports
