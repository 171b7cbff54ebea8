"""A child process in a process group of its own, awaited without a thread.

asyncio's own subprocesses would do, but uvloop's cannot change the user.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from flowhqd.accounts import Account

STDERR_TAIL = 4096
"""Bytes of stderr kept, for error messages."""


class Tail(asyncio.Protocol):
    """Reads a stream to its end and keeps only the last bytes."""

    def __init__(self) -> None:
        self._bytes = b""

    def data_received(self, data: bytes) -> None:
        self._bytes = (self._bytes + data)[-STDERR_TAIL:]

    def text(self) -> str:
        return self._bytes.decode(errors="replace").strip()


class Child:
    """One child; ``ended`` resolves with its exit code once it has been reaped."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.pid = process.pid
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._process = process
        self._tail = Tail()
        self._stderr: asyncio.ReadTransport | None = None
        self._pidfd = os.pidfd_open(process.pid)
        asyncio.get_running_loop().add_reader(self._pidfd, self._reap)

    @classmethod
    async def spawn(
        cls, command: Sequence[str], *, account: Account, environment: dict[str, str], pipes: bool
    ) -> Child:
        """Start ``command`` as ``account``.

        With ``pipes`` its stdin and stdout are ours, see ``take_pipes``. The fork happens on the
        event loop, a few milliseconds, so that a cancelled caller can never lose the child.
        Raises OSError when it cannot be executed.
        """
        stream = subprocess.PIPE if pipes else subprocess.DEVNULL
        child = cls(
            subprocess.Popen(  # noqa: ASYNC220, S603
                command,
                stdin=stream,
                stdout=stream,
                stderr=subprocess.PIPE,
                bufsize=0,
                cwd=Path("/"),
                env=environment,
                start_new_session=True,
                **account.spawn_options(),
            )
        )
        child._stderr, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: child._tail, child._process.stderr
        )
        return child

    def take_pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        """The write end of its stdin and the read end of its stdout; the taker closes them."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise ValueError("this child was started without pipes")
        return stdin, stdout

    @property
    def stderr(self) -> str:
        """The last of what it said."""
        return self._tail.text()

    def signal_group(self, number: signal.Signals) -> None:
        """Signal the child and what it started; nothing happens when it has been reaped."""
        if not self.ended.done():
            os.killpg(self.pid, number)

    async def wait(self, timeout: float) -> int:
        """Its exit code. Raises TimeoutError after ``timeout`` seconds; the child lives on."""
        async with asyncio.timeout(timeout):
            return await asyncio.shield(self.ended)

    def _reap(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pidfd)
        os.close(self._pidfd)
        code = self._process.wait()
        if self._stderr is not None:
            self._stderr.close()
        self.ended.set_result(code)
