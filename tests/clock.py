"""Time that passes only when a test says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

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
