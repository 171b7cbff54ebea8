"""What the Chromiums take: looked up seldom, for it takes milliseconds for each process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from uuid import UUID

from aiohttp import web

from flowhqd.clock import Clock
from flowhqd.http.services import SERVICES, Control
from flowhqd.supervisor.live import BrowserView

FRESH_SECONDS = 10.0
KNOWN_SECONDS = 60.0


class Browsers:
    """Remembers the last look; two who ask at once share one."""

    def __init__(self, control: Control, clock: Clock) -> None:
        self._control = control
        self._clock = clock
        self._last: list[BrowserView] = []
        self._looked_at = float("-inf")
        self._looking = asyncio.Lock()
        self._refresh: asyncio.Task[None] | None = None

    async def get(self) -> list[BrowserView]:
        """The running Chromiums, as of FRESH_SECONDS ago at most."""
        async with self._looking:
            if self._age > FRESH_SECONDS:
                self._last = await self._control.browsers()
                self._looked_at = self._clock.monotonic()
            return self._last

    def shares(self) -> dict[UUID, int]:
        """The bytes of each tenant, as far as known: its even share of its Chromium.

        It does not wait; when what is known grows old, it is looked up for the next who asks.
        """
        if self._age > KNOWN_SECONDS and (self._refresh is None or self._refresh.done()):
            self._refresh = asyncio.create_task(self._look(), name="browsers")
        return {
            tenant: one.memory_bytes // len(one.tenants)
            for one in self._last
            for tenant in one.tenants
        }

    async def end(self) -> None:
        """Look no more."""
        if self._refresh is not None:
            self._refresh.cancel()
            with suppress(asyncio.CancelledError):
                await self._refresh

    async def _look(self) -> None:
        await self.get()

    @property
    def _age(self) -> float:
        return self._clock.monotonic() - self._looked_at


BROWSERS = web.AppKey("BROWSERS", Browsers)


async def context(app: web.Application) -> AsyncIterator[None]:
    """For the application's cleanup contexts."""
    app[BROWSERS] = Browsers(app[SERVICES].control, app[SERVICES].clock)
    yield
    await app[BROWSERS].end()
