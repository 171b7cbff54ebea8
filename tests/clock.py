"""Time that passes when a test says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from typing import TypeVar, TypeVarTuple, Unpack

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


class ManualClock:
    """Both clocks start at a Monday noon and stand still until ``advance``."""

    def __init__(self, now: datetime = NOON) -> None:
        self._start = now
        self._seconds = 0.0

    def now(self) -> datetime:
        """The wall clock."""
        return self._start + timedelta(seconds=self._seconds)

    def monotonic(self) -> float:
        """Seconds since the clock was made."""
        return self._seconds

    def step(self, seconds: float) -> None:
        """Somebody sets the wall clock, by that much."""
        self._start += timedelta(seconds=seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._seconds += seconds


class SkippingLoop(asyncio.SelectorEventLoop):
    """An event loop whose time can be moved ahead; ``in_threads`` is what its threads work on."""

    skipped = 0.0
    in_threads = 0

    def time(self) -> float:
        return super().time() + self.skipped

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        future = super().run_in_executor(executor, func, *args)
        self.in_threads += 1
        future.add_done_callback(self._leave_thread)
        return future

    def _leave_thread(self, _: object) -> None:
        self.in_threads -= 1


class LoopClock:
    """The clock that agrees with a loop whose time is moved ahead; it starts with the host's."""

    def __init__(self, loop: SkippingLoop) -> None:
        self._loop = loop
        self._start = datetime.now(UTC) - timedelta(seconds=loop.time())

    def now(self) -> datetime:
        """The wall clock."""
        return self._start + timedelta(seconds=self._loop.time())

    def monotonic(self) -> float:
        """The loop's own time."""
        return self._loop.time()
