"""The DevTools pipe: JSON messages ended by NUL, on the child's descriptors 3 and 4.

Unlike a DevTools port, nobody else on the host can connect to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Self

from flowhqd.browser.child import Child
from flowhqd.log import get_logger

log = get_logger(__name__)

MAX_MESSAGE = 128 << 20
"""Bytes of one message. A result of 8 MB grows up to sevenfold by being escaped twice."""


def with_pipe(command: Sequence[str]) -> list[str]:
    """``command`` with its stdin and stdout moved to descriptors 3 and 4, where Chromium looks.

    The shell does the moving because no Python needs to run between fork and exec then, which
    is what makes it safe in a process with threads.
    """
    move = 'exec "$@" 3<&0 4>&1 </dev/null >/dev/null'
    return ["/bin/sh", "-c", move, "sh", *command, "--remote-debugging-pipe"]


class Pipe:
    """Stands where pyppeteer's Connection has its websocket."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        read: asyncio.ReadTransport,
        write: asyncio.WriteTransport,
    ) -> None:
        self._reader = reader
        self._read = read
        self._write = write

    @classmethod
    async def open(cls, child: Child, *, limit: int = MAX_MESSAGE) -> Pipe:
        """Take the pipes of a child started with them; ``limit`` is in bytes of one message."""
        loop = asyncio.get_running_loop()
        stdin, stdout = child.take_pipes()
        reader = asyncio.StreamReader(limit=limit)
        read, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), stdout)
        write, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, stdin)
        return cls(reader, read, write)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def recv(self) -> bytes:
        """The next message. Raises ConnectionResetError at the end of the pipe.

        A message that is too large is dropped: whoever waits for it has a deadline, and the
        other tenants of this browser must not pay for it.
        """
        dropped = 0
        while True:
            try:
                message = await self._reader.readuntil(b"\0")
            except asyncio.LimitOverrunError as overrun:
                dropped += len(await self._reader.readexactly(overrun.consumed))
            except asyncio.IncompleteReadError as end:
                raise ConnectionResetError("the DevTools pipe has ended") from end
            else:
                if not dropped:
                    return message[:-1]
                log.warning("devtools_message_dropped", bytes=dropped + len(message))
                dropped = 0

    async def send(self, message: str) -> None:
        """Queue a message; one sent after the end goes nowhere, its deadline tells.

        Without waiting for the pipe to take it: a caller waits for each answer, so what is queued
        is bounded by the number of callers.
        """
        if not self._write.is_closing():
            self._write.write(message.encode() + b"\0")

    async def close(self) -> None:
        self._read.close()
        self._write.close()
