"""A PostgreSQL of the test's own that it may stop, kill, lock and restart under the daemon."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import asyncpg

from flowhqd.accounts import unprivileged
from flowhqd.store.embedded import EmbeddedPostgres
from flowhqd.store.pool import connect
from tests.chaos.line import Line, line


class Server:
    """Verbs on a running server; each leaves it running in the end.

    ``url`` is the daemon's way in, over ``line``; the run itself has a way of its own.
    """

    def __init__(self, server: EmbeddedPostgres, data: Path, way_in: Line, url: str) -> None:
        self.line = way_in
        self.url = url
        self._server = server
        self._data = data

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

    async def revive(self) -> None:
        """Start it if it ended by itself, as one does that cannot write its log."""
        if not self._server.is_running:
            await asyncio.to_thread(self._server.start)

    async def lock(self, seconds: float) -> None:
        """Hold a lock on the message log, as a careless maintenance job does."""
        connection = await self.connect()
        try:
            async with connection.transaction():
                await connection.execute("lock table message_log in access exclusive mode")
                await asyncio.sleep(seconds)
        finally:
            connection.terminate()

    async def fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        """Rows for the count at the end."""
        connection = await self.connect()
        try:
            rows: list[asyncpg.Record] = await connection.fetch(query, *arguments)
            return rows
        finally:
            await connection.close()

    async def connect(self) -> asyncpg.Connection:
        """A connection that does not pass the daemon's line."""
        return await connect(self._server.dsn, deadline_seconds=60)


@asynccontextmanager
async def server(directory: Path, sockets: Path) -> AsyncIterator[Server]:
    """A server with durability on: what it committed must survive its crash."""
    await asyncio.to_thread(directory.mkdir, mode=0o711)
    async with EmbeddedPostgres(directory, unprivileged()) as running:
        socket = Path(unquote(running.dsn.partition("host=")[2]))
        async with line(socket, sockets) as (way_in, url):
            yield Server(running, directory / "postgres" / "data", way_in, url)
