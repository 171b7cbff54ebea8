"""Waiting for a condition instead of for a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Changed:
    """Told of every change; lets coroutines wait until something is true."""

    def __init__(self) -> None:
        self.count = 0
        """How often something changed."""
        self._waiters: set[asyncio.Future[None]] = set()

    def notify(self) -> None:
        self.count += 1
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters.clear()

    async def wait_until(self, predicate: Callable[[], bool], timeout: float | None) -> None:
        """Return once ``predicate()`` is true; TimeoutError after ``timeout`` seconds."""
        async with asyncio.timeout(timeout):
            while not predicate():
                waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._waiters.add(waiter)
                await waiter

    async def wait_for_next(self, seen: int, timeout: float | None) -> None:
        """Return once ``count`` is no longer ``seen``; TimeoutError after ``timeout`` seconds."""
        await self.wait_until(lambda: self.count != seen, timeout)
