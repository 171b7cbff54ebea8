"""A PostgreSQL of the test's own that it may stop, freeze and restart under the daemon."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from flowhqd.accounts import unprivileged
from flowhqd.store.embedded import EmbeddedPostgres


class Server:
    """Verbs on a running server; each leaves it running in the end."""

    def __init__(self, server: EmbeddedPostgres, data: Path) -> None:
        self._server = server
        self._data = data
        self.dsn = server.dsn

    @property
    def _postmaster(self) -> int:
        return int((self._data / "postmaster.pid").read_text().splitlines()[0])

    async def restart(self, away_seconds: float) -> None:
        """Stop it, as an upgrade does, and start it again after a while."""
        await asyncio.to_thread(self._server.stop)
        await asyncio.sleep(away_seconds)
        await asyncio.to_thread(self._server.start)

    async def crash(self) -> None:
        """Kill it without warning; it recovers from its log."""
        os.kill(self._postmaster, signal.SIGKILL)
        await asyncio.to_thread(self._server.start)


@asynccontextmanager
async def server(directory: Path) -> AsyncIterator[Server]:
    """A server with durability on: what it committed must survive its crash."""
    await asyncio.to_thread(directory.mkdir, mode=0o711)
    async with EmbeddedPostgres(directory, unprivileged()) as running:
        yield Server(running, directory / "postgres" / "data")
