"""One Chromium process: started on one user data directory, driven over its pipe, always reaped."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from flowhqd.browser import connection as devtools
from flowhqd.browser import proc
from flowhqd.browser.child import Child
from flowhqd.browser.connection import CommandFailed, CommandTimeout, PipeConnection
from flowhqd.browser.flags import Launch
from flowhqd.browser.pipe import Pipe, with_pipe
from flowhqd.browser.targets import MARKER, Targets
from flowhqd.errors import BrowserError, BrowserLost
from flowhqd.log import get_logger

log = get_logger(__name__)

T = TypeVar("T")

START_SECONDS = 40.0
"""A cold start took 3.6 s on two idle cores; a host that boots is far from idle."""
HAND_OVER_SECONDS = 20.0
COMMAND_SECONDS = 15.0
CLOSE_SECONDS = 8.0
"""How long Browser.close may take: it writes what is unsaved of every profile."""
TERMINATE_SECONDS = 4.0
KILL_SECONDS = 10.0


class HandOverRefused(BrowserError):
    """The running Chromium did not take over the window of a second one."""

    code = "hand_over_refused"


class Chromium:
    """A running Chromium. ``lost`` resolves, once, when the process or its pipe is gone."""

    def __init__(self, launch: Launch, user_data: Path, child: Child, pipe: Pipe) -> None:
        self.started_at = datetime.now(UTC)
        self.user_data = user_data
        self.sandbox = launch.sandbox
        self.pid = child.pid
        self.version = ""
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.connection = PipeConnection(pipe, self._on_lost)
        self.targets = Targets(self.connection)
        self._launch = launch
        self._child = child
        self._disposal: asyncio.Task[None] | None = None
        child.ended.add_done_callback(lambda _: self._on_lost())

    @classmethod
    async def start(
        cls, launch: Launch, user_data: Path, directory: str
    ) -> tuple[Chromium, dict[str, Any]]:
        """Start on ``user_data`` with one window in its profile ``directory``.

        Returns it with that window's targetInfo. It lives no longer than its last window.
        Raises BrowserLost with Chromium's last words when it does not come up.
        """
        url = marker(directory)
        child = Child(
            with_pipe(launch.command(user_data, directory, url)),
            account=launch.account,
            environment=launch.environment(),
            pipes=True,
        )
        browser = cls(launch, user_data, child, await _open_pipe(child))
        try:
            async with asyncio.timeout(START_SECONDS):
                with browser.targets.expect(url) as opened:
                    await browser.command("Target.setDiscoverTargets", {"discover": True})
                    about = await browser.command("Browser.getVersion")
                    browser.version = about["product"].rpartition("/")[2]
                    return browser, await browser._unless_lost(opened)
        except TimeoutError:
            log.warning("browser_without_window", pid=browser.pid, stderr=child.stderr)
            await browser.stop()
            raise BrowserLost(
                f"Chromium opened no window in {START_SECONDS:g} s{browser._last_words()}"
            ) from None
        except BaseException:
            await browser.stop()
            raise

    async def hand_over(self, directory: str) -> dict[str, Any]:
        """Open a window in another profile of the same user data directory; its targetInfo.

        Runs the same command once more: that process finds this one, hands the window over and
        exits with 0. Undocumented in Chromium, hence probed (see ``probe``).
        Raises HandOverRefused, BrowserLost.
        """
        url = marker(directory)
        with self.targets.expect(url) as opened:
            child = Child(
                self._launch.command(self.user_data, directory, url),
                account=self._launch.account,
                environment=self._launch.environment(),
            )
            try:
                async with asyncio.timeout(HAND_OVER_SECONDS):
                    code = await self._unless_lost(child.ended)
                    if code != 0:
                        raise HandOverRefused(f"Chromium refused a further profile (exit {code})")
                    return await self._unless_lost(opened)
            except TimeoutError:
                await self.command("Browser.getVersion")
                raise HandOverRefused(
                    f"Chromium opened no window for a further profile in {HAND_OVER_SECONDS:g} s"
                ) from None
            finally:
                # One that finds nobody to hand over to becomes a browser, which nobody drives.
                child.signal_group(signal.SIGKILL)
                with contextlib.suppress(TimeoutError):
                    await child.wait(KILL_SECONDS)

    async def command(self, method: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A browser-level command. Raises BrowserLost, or BrowserError when it is refused.

        A browser that does not answer within COMMAND_SECONDS is killed: only its own thread
        serves these, so no tenant of it can be well.
        """
        try:
            return await devtools.command(self.connection, method, params, timeout=COMMAND_SECONDS)
        except CommandTimeout as error:
            log.error("browser_hung", pid=self.pid, error=str(error))
            self.kill()
            raise BrowserLost(f"Chromium {self.pid} hung and was killed: {error}") from error
        except CommandFailed as error:
            if self.lost.done():
                raise BrowserLost(f"Chromium {self.pid} is gone{self._last_words()}") from error
            raise BrowserError(f"Chromium refused a command: {error}") from error

    def kill(self) -> None:
        """End it and its children at once; profiles lose no committed IndexedDB write by it."""
        self._child.signal_group(signal.SIGKILL)

    async def stop(self) -> None:
        """Close it, kindly at first, and return when no process of it is left; idempotent.

        ``lost`` resolves at once, before the windows go one by one.
        """
        if not self.lost.done():
            self.lost.set_result(None)
        ladder: tuple[tuple[Callable[[], None], float], ...] = (
            (lambda: devtools.post(self.connection, "Browser.close"), CLOSE_SECONDS),
            (lambda: self._child.signal_group(signal.SIGTERM), TERMINATE_SECONDS),
            (self.kill, KILL_SECONDS),
        )
        for ask, seconds in ladder:
            if not self._child.ended.done():
                ask()
            with contextlib.suppress(TimeoutError):
                await self._child.wait(seconds)
                break
        else:
            log.error("browser_unkillable", pid=self.pid)
        await proc.end_group(self.pid, grace=TERMINATE_SECONDS)
        await self.connection.dispose()

    async def _unless_lost(self, future: asyncio.Future[T]) -> T:
        awaited: set[asyncio.Future[Any]] = {future, self.lost}
        await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
        if future.done():
            return future.result()
        raise BrowserLost(f"Chromium {self.pid} is gone{self._last_words()}")

    def _on_lost(self) -> None:
        if self.lost.done():
            return
        self.lost.set_result(None)
        log.warning("browser_lost", pid=self.pid, stderr=self._child.stderr)
        # Without its pipe it is of no use; without its process the pipe may live on in a child.
        self.kill()
        self._disposal = asyncio.create_task(self.connection.dispose())

    def _last_words(self) -> str:
        lines = self._child.stderr.splitlines()
        # Why it ended is followed by what its crash reporter has to say of the machine.
        fatal = [line for line in lines if ":FATAL:" in line]
        said = " ".join(" ".join(fatal or lines).split())[-500:]
        return f"; it said: {said}" if said else ""


def marker(directory: str) -> str:
    """An address that no other window has, to know a window by when it appears."""
    return f"{MARKER}{directory}-{secrets.token_hex(4)}"


async def _open_pipe(child: Child) -> Pipe:
    opening = asyncio.create_task(Pipe.open(child))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        # Half-connected pipes would keep their descriptors registered with the event loop.
        child.signal_group(signal.SIGKILL)
        await (await opening).close()
        await child.wait(KILL_SECONDS)
        raise
