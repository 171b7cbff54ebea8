"""How late the event loop is: what every tenant waits for when one thing takes too long."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

INTERVAL_SECONDS = 0.5
SAMPLES = 120
"""A minute of looking."""


class LoopLag:
    """Sleeps for a known time and notes how much longer that took.

    ``observe`` is told each sample, in seconds.
    """

    def __init__(self, observe: Callable[[float], None] = lambda _: None) -> None:
        self._observe = observe
        self._samples: deque[float] = deque(maxlen=SAMPLES)

    @property
    def worst(self) -> float:
        """The longest delay of the last minute, in seconds."""
        return max(self._samples, default=0.0)

    @property
    def mean(self) -> float:
        """The mean delay of the last minute, in seconds."""
        return sum(self._samples) / len(self._samples) if self._samples else 0.0

    async def run(self) -> None:
        """Look until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + INTERVAL_SECONDS
            await asyncio.sleep(INTERVAL_SECONDS)
            # A timer may fire a clock's tick early.
            late = max(0.0, loop.time() - due)
            self._samples.append(late)
            self._observe(late)
