"""The daemon that runs on a state directory, found and asked without disturbing it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import aiohttp

ANSWER_SECONDS = 6.0
"""A little longer than /readyz itself takes to give up."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """What /readyz says: the daemon's parts, and whether each is well."""

    parts: dict[str, bool]

    @property
    def is_ready(self) -> bool:
        return bool(self.parts) and all(self.parts.values())


def holder(state_path: Path) -> int | None:
    """The process that holds the state directory's lock, or None.

    The lock is read, not tried: a daemon that starts meanwhile would find it taken.
    """
    try:
        info = (state_path / "daemon.lock").stat()
        named = (state_path / "daemon.lock").read_text().strip()
        locks = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return None
    device = f"{os.major(info.st_dev):02x}:{os.minor(info.st_dev):02x}"
    for line in locks:
        # "7: FLOCK  ADVISORY  WRITE 708 fd:00:131086 0 EOF"; some file systems show a device here
        # that stat does not know, so the process that the file names will do as well.
        words = line.split()
        if len(words) < 6 or words[1] != "FLOCK":
            continue
        pid, place = words[4], words[5]
        if place.rpartition(":")[2] == str(info.st_ino) and (
            place.rpartition(":")[0] == device or pid == named
        ):
            return int(pid)
    return None


async def ask(url: str) -> Readiness | None:
    """The readiness of the flowhqd at ``url``; None when nobody, or something else, answers."""
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as http,
            http.get(f"{url}/readyz") as response,
        ):
            answer = await response.json()
        return Readiness({str(part): bool(well) for part, well in answer["parts"].items()})
    except (
        aiohttp.ClientError,
        TimeoutError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
    ):
        return None
