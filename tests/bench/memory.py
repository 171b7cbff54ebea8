"""How much memory processes take, by what they are there for.

PSS, the proportional set size: a page that several processes map is divided among them, so that
the sum over a tree of processes is what the tree takes.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path

from flowhqd.browser.proc import pids
from tests.system.processes import command_line, descendants

KIB_PER_MIB = 1024
STEADY = 0.01
"""Two readings one after the other that differ by no more than this share count as at rest."""
LOOK_SECONDS = 1.0
LOOKS = 12

_PSS = re.compile(r"^Pss:\s+(\d+) kB$", re.MULTILINE)

Memory = dict["Part", float]


class Part(StrEnum):
    """What a process is there for."""

    PROGRAM = "Python or Node"
    DATABASE = "PostgreSQL"
    BROWSER = "Chromium without its pages"
    PAGES = "Chromium's pages"


def part_of(arguments: list[str]) -> Part:
    """What the process with this command line is there for."""
    if "--type=renderer" in arguments:
        return Part.PAGES
    if any(one.startswith(("--type=", "--remote-debugging-pipe")) for one in arguments):
        return Part.BROWSER
    name = Path(arguments[0].rstrip(":")).name
    if name == "postgres":
        return Part.DATABASE
    return Part.BROWSER if name.startswith("chrom") else Part.PROGRAM


def processes_of(pid: int, directory: Path) -> set[int]:
    """The process, all below it, and what has left it but still names its directory.

    That is PostgreSQL's server and Chromium's crash handler, which are nobody's children.
    """
    found = descendants(pid)
    for one in pids():
        if one not in found and any(str(directory) in word for word in command_line(one)):
            found |= descendants(one)
    return found


def chromium_processes() -> int:
    """How many processes of Chromium run on this host, whoever started them."""
    lines = filter(None, map(command_line, pids()))
    return sum(part_of(arguments) in (Part.BROWSER, Part.PAGES) for arguments in lines)


def pss_kib(rollup: str) -> int:
    """The PSS that ``/proc/PID/smaps_rollup`` tells, in KiB; ValueError when it tells none."""
    found = _PSS.search(rollup)
    if found is None:
        raise ValueError("no Pss line in smaps_rollup")
    return int(found[1])


def memory(processes: Iterable[int]) -> Memory:
    """MiB of these processes, by part; one that ends meanwhile takes nothing.

    Raises PermissionError for processes of others, unless we are root.
    """
    taken = dict.fromkeys(Part, 0.0)
    for pid in processes:
        arguments = command_line(pid)
        if not arguments:
            continue
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        taken[part_of(arguments)] += pss_kib(rollup) / KIB_PER_MIB
    return taken


def total(taken: Memory) -> float:
    return sum(taken.values())


async def memory_at_rest(processes: Callable[[], Iterable[int]]) -> Memory:
    """MiB once it hardly changes any more, or after LOOKS looks."""
    taken = memory(processes())
    for _ in range(LOOKS):
        before = total(taken)
        await asyncio.sleep(LOOK_SECONDS)
        taken = memory(processes())
        if abs(total(taken) - before) <= STEADY * before:
            break
    return taken
