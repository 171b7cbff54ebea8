"""A browser host at the supervisor's boundary, with WhatsApp and one tenant's phone behind it.

Its pages keep what the real ones promise: no call outlasts its deadline, a page that is gone fails
what waits for it. Only a DEAF one breaks that promise.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, cast

import orjson

from flowhqd.errors import PageError, PageLost, PageTimeout
from flowhqd.whatsapp.events import PageState
from tests.supervisor.tab import OFFLINE, READY, SYNCING, UNPAIRED, Tab

if TYPE_CHECKING:
    from flowhqd.browser.host import ProcessView
    from flowhqd.browser.page import Page
    from flowhqd.clock import Clock


class Manner(Enum):
    """How a page that is loaded next behaves."""

    FINE = auto()
    NO_CHROMIUM = auto()
    """Chromium does not open the profile."""
    NO_NETWORK = auto()
    SILENT = auto()
    """Nothing is loaded within the deadline."""
    DEAF = auto()
    """Not even the deadline is kept."""


class Window(Tab):
    """One window of the tenant's profile."""

    def __init__(self, clock: Clock, host: FakeHost) -> None:
        super().__init__(clock)
        self.closed: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.on_navigated: Callable[[str], None] | None = None
        self.is_gone = False
        self.is_hung = False
        self._host = host
        self._listen: Callable[[str], None] | None = None

    @property
    def is_open(self) -> bool:
        return not self.closed.done()

    # What the browser room offers.

    async def install(
        self, script: str, *, binding: str, on_message: Callable[[str], None]
    ) -> None:
        assert script
        assert binding
        self._listen = on_message

    async def navigate(self, url: str, *, timeout: float) -> None:
        await asyncio.sleep(0)
        self._must_be_open()
        self._host.loads += 1
        match self._host.manner:
            case Manner.NO_NETWORK:
                raise PageError(f"{url} could not be opened: net::ERR_INTERNET_DISCONNECTED")
            case Manner.SILENT:
                await self._time_out(timeout)
            case Manner.DEAF:
                await self._host.be_deaf()
                self._must_be_open()
        self.is_hung = False
        self.load()

    async def call(self, function: str, name: str, args: dict[str, Any], *, timeout: float) -> Any:
        await asyncio.sleep(0)
        self._must_be_open()
        if self.is_hung:
            await self._time_out(timeout)
        return await super().call(function, name, args, timeout=timeout)

    async def unstick(self, *, timeout: float) -> bool:
        self._must_be_open()
        if self._host.frees_pages:
            self.is_hung = False
        return not self.is_hung

    async def close(self) -> None:
        self.end("closed")
        if not self.is_gone:
            await asyncio.sleep(self._host.close_seconds)
            self.is_gone = True

    # What happens to it.

    def end(self, why: str) -> None:
        """The page is no more; a crashed one's window stays until it is closed."""
        self.is_gone |= why == "browser_lost"
        if self.is_open:
            self.closed.set_result(why)

    def load(self) -> None:
        """A new document, which shows how the phone stands."""
        self.emit("hello", url="https://web.whatsapp.com/")
        if not self._host.is_linked:
            self.moves_to(UNPAIRED)
            self.shows_code()
        else:
            self.moves_to(READY if self._host.is_online else OFFLINE)

    def shows_code(self) -> None:
        self._host.codes += 1
        self.emit("qr", text=f"2@{self._host.codes}")

    def moves_to(self, *states: PageState) -> None:
        for state in states:
            self.looks = state
            self.emit("state", state=asdict(state))

    def emit(self, kind: str, **given: Any) -> None:
        if self._listen is not None and self.is_open:
            self._listen(orjson.dumps({"kind": kind, **given}).decode())

    def _link_by_qr(self) -> None:
        self.shows_code()

    def _logout(self) -> None:
        self._host.is_linked = False
        if self.on_navigated is not None:
            asyncio.get_running_loop().call_soon(self.on_navigated, "https://web.whatsapp.com/")
        asyncio.get_running_loop().call_soon(self.load)

    def _must_be_open(self) -> None:
        if not self.is_open:
            raise PageLost(f"the page is gone: {self.closed.result()}")

    async def _time_out(self, timeout: float) -> None:
        await asyncio.wait({self.closed}, timeout=timeout)
        self._must_be_open()
        raise PageTimeout(f"no answer within {timeout:g} s")


class FakeHost:
    """``windows`` are all that were ever opened; ``overlaps`` counts those opened beside another.

    ``loads`` counts documents that were asked for, ``is_linked`` is the phone's word.
    """

    def __init__(self, clock: Clock, *, is_linked: bool) -> None:
        self._clock = clock
        self.is_linked = is_linked
        self.is_online = True
        self.manner = Manner.FINE
        self.frees_pages = True
        self.close_seconds = 0.0
        self.was_deaf = False
        self._deaf_since: float | None = None
        self.is_heard = asyncio.Event()
        self.windows: list[Window] = []
        self.overlaps = 0
        self.loads = 0
        self.codes = 0

    @property
    def window(self) -> Window | None:
        """The one whose page is there."""
        return next((window for window in self.windows if window.is_open), None)

    @property
    def left(self) -> list[Window]:
        """The windows that are still to be seen, page or not."""
        return [window for window in self.windows if not window.is_gone]

    @property
    def deaf_for(self) -> float:
        """How many seconds somebody has been waiting for a page that keeps no deadline."""
        return 0.0 if self._deaf_since is None else self._clock.monotonic() - self._deaf_since

    async def be_deaf(self) -> None:
        self.was_deaf = True
        self._deaf_since = self._clock.monotonic()
        try:
            await self.is_heard.wait()
        finally:
            self._deaf_since = None

    # What the browser room offers.

    async def open(self, profile: str) -> Page:
        assert profile
        if self.manner is Manner.NO_CHROMIUM:
            self.loads += 1
            await asyncio.Event().wait()
        await asyncio.sleep(0)
        self.overlaps += bool(self.left)
        self.windows.append(Window(self._clock, self))
        return cast("Page", self.windows[-1])

    async def restart_process_of(self, profile: str) -> None:
        assert profile
        self.lose_browser()

    async def forget(self, profile: str) -> None:
        assert profile
        for window in self.left:
            await window.close()
        self.is_linked = False

    def describe(self) -> list[ProcessView]:
        return []

    # What happens.

    def lose_browser(self) -> None:
        for window in self.left:
            window.end("browser_lost")

    def scan(self) -> None:
        """The phone scans the code that is shown, if there is one."""
        window = self.window
        if window is not None and window.looks == UNPAIRED:
            self.is_linked = True
            window.moves_to(SYNCING, READY)

    def log_out(self) -> None:
        """The phone's owner removes the device."""
        self.is_linked = False
        window = self.window
        if window is not None and window.looks in (READY, OFFLINE):
            window.emit("logout")
            window.moves_to(UNPAIRED)
            window.shows_code()

    def go(self, *, online: bool) -> None:
        """The host's line is cut, or mended."""
        self.is_online = online
        window = self.window
        if window is not None and window.looks in (READY, OFFLINE):
            window.moves_to(READY if online else OFFLINE)
