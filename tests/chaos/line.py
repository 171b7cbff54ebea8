"""The line between a daemon and its database: a relay that may be slow, or cut in mid-commit."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import quote

_SOCKET = ".s.PGSQL.5432"
# asyncpg ends a transaction with this query of the simple protocol.
_COMMIT = b"COMMIT;"

Moment = Literal["before", "after"]
"""Whether the server has heard the COMMIT when the line is cut."""


class Line:
    """Relays between unix sockets; every connection of the daemon passes here."""

    def __init__(self, server: Path) -> None:
        self.delay_seconds = 0.0
        """What each packet waits on its way."""
        self.cuts = 0
        self._server = str(server / _SOCKET)
        self._cut_at: Moment | None = None

    def cut_next_commit(self, moment: Moment) -> None:
        """Cut the connection over which the next transaction is to be committed."""
        self._cut_at = moment

    async def relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection of the daemon until either side ends it."""
        try:
            answers, server = await asyncio.open_unix_connection(self._server)
        except OSError:
            writer.transport.abort()
            return
        cut = asyncio.Event()
        ways = {
            asyncio.create_task(self._ask(reader, server, cut)),
            asyncio.create_task(self._answer(answers, writer, cut)),
        }
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            writer.transport.abort()
            server.transport.abort()

    async def _ask(
        self, reader: asyncio.StreamReader, server: asyncio.StreamWriter, cut: asyncio.Event
    ) -> None:
        while packet := await reader.read(65536):
            await asyncio.sleep(self.delay_seconds)
            if self._cut_at is not None and _COMMIT in packet:
                moment, self._cut_at = self._cut_at, None
                self.cuts += 1
                if moment == "before":
                    return
                cut.set()
            server.write(packet)
            await server.drain()

    async def _answer(
        self, answers: asyncio.StreamReader, writer: asyncio.StreamWriter, cut: asyncio.Event
    ) -> None:
        while packet := await answers.read(65536):
            await asyncio.sleep(self.delay_seconds)
            if cut.is_set():
                # The server has done what it was told, and nobody will hear of it.
                return
            writer.write(packet)
            await writer.drain()


@asynccontextmanager
async def line(server: Path, directory: Path) -> AsyncIterator[tuple[Line, str]]:
    """A line to the server whose sockets are in ``server``, and the URL of its near end."""
    await asyncio.to_thread(directory.mkdir, mode=0o700)
    relay = Line(server)
    near = await asyncio.start_unix_server(relay.relay, directory / _SOCKET)
    try:
        yield relay, f"postgresql://flowhqd@/flowhqd?host={quote(str(directory))}"
    finally:
        near.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await near.wait_closed()
