"""Node programs with the libraries from npm, run as an unprivileged user where that is possible."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any, Self

from flowhqd.accounts import Account, unprivileged
from flowhqd.browser.executable import find_chromium
from flowhqd.simulator.signals import Changed
from tests import npm
from tests.npm import NODE

ROOM = Path(__file__).resolve().parent
MODULES = ROOM / "node_modules"
TIMEOUT = 45.0


def install() -> None:
    """Bring the libraries up to date."""
    npm.install(ROOM)


class NodeProgram:
    """A running program; ``events`` are the arrays it printed, such as ``["qr", "2@..."]``."""

    def __init__(self, script: str, home: Path, **arguments: Any) -> None:
        self.events: list[list[Any]] = []
        self._script = ROOM / script
        self._home = home
        self._arguments = arguments
        self._changed = Changed()
        self._process: asyncio.subprocess.Process
        self._reader: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        account = unprivileged()
        chromium = find_chromium()
        apart = all(account.can_reach(path) for path in (NODE, self._script, chromium))
        switches = ["--ozone-platform=headless", "--disable-gpu", "--disable-dev-shm-usage"]
        if apart:
            _give(self._home, account)
        else:
            switches.append("--no-sandbox")
        arguments = {**self._arguments, "chromium": str(chromium)}
        arguments["args"] = [*switches, *arguments["args"]]
        self._process = await asyncio.create_subprocess_exec(
            NODE,
            self._script,
            json.dumps(arguments),
            cwd=self._home,
            env={"HOME": str(self._home), "PATH": os.environ["PATH"], "TMPDIR": str(self._home)},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            **(account.spawn_options() if apart else {}),
        )
        assert self._process.stdout is not None
        self._reader = asyncio.create_task(self._read(self._process.stdout), name="node:reader")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Ask the program to end, as an operator would; kill it if it does not."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(TIMEOUT):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
            raise
        finally:
            await self._reader

    async def _read(self, output: asyncio.StreamReader) -> None:
        async for line in output:
            self.events.append(json.loads(line))
            self._changed.notify()

    def seen(self, kind: str) -> list[list[Any]]:
        """The details of every event of this kind so far."""
        return [event[1:] for event in self.events if event[0] == kind]

    async def until(self, kind: str, count: int = 1) -> list[Any]:
        """The details of the ``count``-th event of this kind, once there is one."""
        try:
            await self._changed.wait_until(lambda: len(self.seen(kind)) >= count, TIMEOUT)
        except TimeoutError:
            raise AssertionError(f"no {kind!r} x {count} in {self.events}") from None
        return self.seen(kind)[count - 1]

    async def until_exactly(self, kind: str, *details: Any) -> None:
        """Return once there was this very event."""
        try:
            await self._changed.wait_until(lambda: [kind, *details] in self.events, TIMEOUT)
        except TimeoutError:
            raise AssertionError(f"no {[kind, *details]} in {self.events}") from None


def _give(home: Path, account: Account) -> None:
    if os.geteuid() == 0:
        os.chown(home, account.uid, account.gid)
