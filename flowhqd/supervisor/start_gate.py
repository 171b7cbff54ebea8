"""Workers start a few at a time: two hundred pages that load at once would help nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

AT_ONCE = 2
# A worker that waits for its turn says so this often.
WAIT_SECONDS = 30.0
# A page that is still not up by then lets the next one try.
HOLD_SECONDS = 60.0


class Turn:
    """The right to load a page now; given back once, by ``release`` or by time."""

    def __init__(self, turns: asyncio.Semaphore | None) -> None:
        self._turns = turns
        self._timer = (
            asyncio.get_running_loop().call_later(HOLD_SECONDS, self.release) if turns else None
        )

    def release(self) -> None:
        """Let the next one start; idempotent."""
        turns, self._turns = self._turns, None
        if turns is not None:
            turns.release()
        if self._timer is not None:
            self._timer.cancel()


class StartGate:
    """Hands out turns; one asked for by hand does not queue."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._turns = asyncio.Semaphore(at_once)

    async def turn(self, *, by_hand: bool, waiting: Callable[[], None]) -> Turn:
        """Wait for a turn; ``waiting`` is called every WAIT_SECONDS meanwhile."""
        while not by_hand:
            waiting()
            try:
                async with asyncio.timeout(WAIT_SECONDS):
                    await self._turns.acquire()
            except TimeoutError:
                continue
            return Turn(self._turns)
        return Turn(None)
