"""When a lost session is tried again: exponential backoff that can be looked at."""

from __future__ import annotations

import random

from flowhqd.clock import Clock
from flowhqd.supervisor.live import ReconnectView

# A session that lasted this long was a good one; the next loss starts from the beginning.
STABLE_SECONDS = 600.0
# The share of a delay that is left to chance, so that tenants lost together do not return so.
JITTER = 0.3


class Reconnect:
    """Delays in seconds; ``max_attempts`` 0 means no end."""

    def __init__(
        self,
        clock: Clock,
        *,
        initial: float,
        maximum: float,
        multiplier: float,
        max_attempts: int,
        rng: random.Random,
    ) -> None:
        self._clock = clock
        self._initial = initial
        self._maximum = maximum
        self._multiplier = multiplier
        self._max_attempts = max_attempts
        self._rng = rng
        self._due: float | None = None
        self._connected_at: float | None = None
        self.attempt = 0
        # Those whose cause was not outside: an outage uses none of them up.
        self._own_attempts = 0

    def failed(self, *, endless: bool) -> float | None:
        """The delay before the next attempt; None when there is none left.

        ``endless`` goes on at the longest delay: the cause is outside, such as the network.
        """
        now = self._clock.monotonic()
        if self._connected_at is not None and now - self._connected_at >= STABLE_SECONDS:
            self.attempt = self._own_attempts = 0
        self._connected_at = None
        if not endless:
            if 0 < self._max_attempts <= self._own_attempts:
                self._due = None
                return None
            self._own_attempts += 1
        self.attempt += 1
        # The exponent is bounded because a float overflows long before the attempts end.
        grown = self._initial * self._multiplier ** min(self.attempt - 1, 64)
        delay = min(grown, self._maximum) * (1 - JITTER * self._rng.random())
        self._due = now + delay
        return delay

    def connected(self) -> None:
        """The session is ready; attempts are forgotten once it has been so for long enough."""
        self._due = None
        if self._connected_at is None:
            self._connected_at = self._clock.monotonic()

    def view(self) -> ReconnectView:
        """Where it stands now."""
        if self._due is None:
            return ReconnectView(active=False, attempt=self.attempt)
        left = max(0.0, self._due - self._clock.monotonic())
        return ReconnectView(active=True, attempt=self.attempt, next_delay_ms=round(left * 1000))
