"""A WhatsApp Web session: one tenant's page with its bridge, opened rung by rung."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from flowhqd.errors import BrowserError, PageLost, PageTimeout
from flowhqd.log import get_logger
from flowhqd.whatsapp import bridge as page_bridge
from flowhqd.whatsapp.bridge import Bridge
from flowhqd.whatsapp.events import Event, parse

if TYPE_CHECKING:
    from flowhqd.browser.host import BrowserHost
    from flowhqd.browser.page import Page

log = get_logger(__name__)

LAUNCH_SECONDS = 60.0
PAGE_SECONDS = 90.0
UNSTICK_SECONDS = 5.0
LOG_OUT_SECONDS = 10.0
SCREENSHOT_SECONDS = 10.0
EVENTS = 20_000


class Rung(IntEnum):
    """How much is thrown away before the next try; each is dearer than the one before."""

    RELOAD = 0
    REOPEN = 1
    RESTART = 2


@dataclass(frozen=True, slots=True)
class PageGone:
    """The page ended: "crashed", "closed" or "browser_lost"."""

    why: str


@dataclass(frozen=True, slots=True)
class EventsDropped:
    """More events came than are kept; what was missed has to be looked for."""


class LaunchTimeout(PageTimeout):
    """Chromium did not open the profile in time."""

    code = "launch_timeout"


class Session:
    """One tenant's page over its life; ``events`` has what it tells, in order.

    A page that is opened anew starts with an empty queue: what the one before told is void.
    """

    def __init__(self, host: BrowserHost, profile: str, web_url: str) -> None:
        self._host = host
        self._profile = profile
        self._web_url = web_url
        self._script = page_bridge.script(web_url)
        self._page: Page | None = None
        self._bridge: Bridge | None = None
        self._is_marked = False
        self.events: asyncio.Queue[Event | PageGone | EventsDropped] = asyncio.Queue()

    @property
    def bridge(self) -> Bridge:
        """Commands to the page; only after ``open``."""
        assert self._bridge is not None  # noqa: S101 - a session is opened before it is used
        return self._bridge

    @property
    def is_open(self) -> bool:
        """Whether there is a page that is not known to be gone."""
        return self._page is not None and not self._page.closed.done()

    async def open(self, rung: Rung) -> None:
        """Bring up WhatsApp Web, throwing away as much as ``rung`` says.

        Raises LaunchTimeout, PageTimeout, PageError with Chromium's network error, PageLost,
        BrowserLost.
        """
        page = self._page
        if rung is Rung.RELOAD and page is not None and self.is_open:
            self._clear()
            await page.navigate(self._web_url, timeout=PAGE_SECONDS)
            return
        await self.close()
        if rung is Rung.RESTART:
            await self._host.restart_process_of(self._profile)
        try:
            async with asyncio.timeout(LAUNCH_SECONDS):
                page = await self._host.open(self._profile)
        except TimeoutError:
            raise LaunchTimeout(
                f"Chromium did not open the profile within {LAUNCH_SECONDS:.0f} s"
            ) from None
        self._page, self._bridge = page, Bridge(page)
        self._clear()
        page.closed.add_done_callback(self._listener_of_end(page))
        await page.install(
            self._script, binding=page_bridge.BINDING, on_message=self._listener(page)
        )
        await page.navigate(self._web_url, timeout=PAGE_SECONDS)

    async def screenshot(self) -> bytes:
        """What the page shows, as PNG; raises PageError, PageTimeout, PageLost."""
        if self._page is None:
            raise PageLost("there is no page")
        return await self._page.screenshot(timeout=SCREENSHOT_SECONDS)

    async def free(self) -> bool:
        """End what hangs the page; whether it answers again. Never reload a hung page first."""
        if self._page is None or not self.is_open:
            return False
        try:
            return await self._page.unstick(timeout=UNSTICK_SECONDS)
        except BrowserError:
            return False

    async def log_out(self) -> None:
        """End the link from this side, as far as the page can still do it."""
        if self._page is None or not self.is_open:
            return
        navigated = asyncio.Event()
        # The page wipes itself and comes back without the login.
        self._page.on_navigated = lambda _url: navigated.set()
        try:
            await self.bridge.log_out()
            async with asyncio.timeout(LOG_OUT_SECONDS):
                await navigated.wait()
        except (BrowserError, TimeoutError) as error:
            log.warning("log_out_not_confirmed", error=str(error) or type(error).__name__)

    async def close(self) -> None:
        """Close the page; its login stays on disk."""
        if self._page is not None:
            try:
                # Whoever is cancelled meanwhile closes again: a page must not be forgotten open.
                await self._page.close()
            except BrowserError as error:
                log.debug("page_close_failed", error=str(error))
        self._page = self._bridge = None

    def _clear(self) -> None:
        while not self.events.empty():
            self.events.get_nowait()

    def _put(self, event: Event) -> None:
        """Beyond EVENTS one mark at the end stands for all that find no room."""
        if self.events.qsize() < EVENTS:
            self._is_marked = False
            self.events.put_nowait(event)
        elif not self._is_marked:
            self._is_marked = True
            self.events.put_nowait(EventsDropped())

    def _listener(self, page: Page) -> Callable[[str], None]:
        def listen(envelope: str) -> None:
            event = parse(envelope)
            if event is not None and page is self._page:
                self._put(event)

        return listen

    def _listener_of_end(self, page: Page) -> Callable[[asyncio.Future[str]], None]:
        def ended(closed: asyncio.Future[str]) -> None:
            if page is self._page:
                self.events.put_nowait(PageGone(closed.result()))

        return ended
