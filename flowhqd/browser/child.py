"""A child process in a process group of its own, awaited without a thread.

asyncio's own subprocesses would do, but uvloop's cannot change the user.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Sequence
from typing import IO

from flowhqd.accounts import Account

STDERR_TAIL = 4096
"""Bytes of stderr kept, for error messages."""


class Child:
    """One child; ``ended`` resolves with its exit code once it has been reaped."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        account: Account,
        environment: dict[str, str],
        pipes: bool = False,
    ) -> None:
        """Start ``command`` as ``account``; needs a running loop. Raises OSError.

        With ``pipes`` its stdin and stdout are ours, see ``take_pipes``. The fork, a few
        milliseconds, happens here and now: there is no moment at which a cancelled caller could
        lose the child.
        """
        stream = subprocess.PIPE if pipes else subprocess.DEVNULL
        self._process = subprocess.Popen(  # noqa: S603
            command,
            stdin=stream,
            stdout=stream,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd="/",
            env=environment,
            start_new_session=True,
            **account.spawn_options(),
        )
        self.pid = self._process.pid
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[int] = self._loop.create_future()
        self._said = b""
        self._pidfd = os.pidfd_open(self.pid)
        self._loop.add_reader(self._pidfd, self._reap)
        self._stderr = self._process.stderr
        if self._stderr is not None:
            os.set_blocking(self._stderr.fileno(), False)
            self._loop.add_reader(self._stderr.fileno(), self._listen)

    def take_pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        """The write end of its stdin and the read end of its stdout; the taker closes them."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise ValueError("this child was started without pipes")
        return stdin, stdout

    @property
    def stderr(self) -> str:
        """The last of what it said."""
        return self._said.decode(errors="replace").strip()

    def signal_group(self, number: signal.Signals) -> None:
        """Signal the child and what it started; nothing happens when it has been reaped."""
        if not self.ended.done():
            os.killpg(self.pid, number)

    async def wait(self, timeout: float) -> int:
        """Its exit code. Raises TimeoutError after ``timeout`` seconds; the child lives on."""
        async with asyncio.timeout(timeout):
            return await asyncio.shield(self.ended)

    def _listen(self) -> None:
        if self._stderr is None:
            return
        # None: nothing to read just now; empty: the end.
        said = self._stderr.read(STDERR_TAIL)
        if said:
            self._said = (self._said + said)[-STDERR_TAIL:]
        elif said is not None:
            self._deafen()

    def _deafen(self) -> None:
        if self._stderr is not None:
            self._loop.remove_reader(self._stderr.fileno())
            self._stderr.close()
            self._stderr = None

    def _reap(self) -> None:
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        code = self._process.wait()
        self._listen()
        self._deafen()
        self.ended.set_result(code)
