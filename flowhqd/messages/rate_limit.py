"""How many replies a tenant sends within a window."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from flowhqd.clock import Clock


@dataclass(frozen=True, slots=True)
class Allowed:
    """The reply is counted and may leave."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The window is full; ``first`` of it, and how long until it turns."""

    first: bool
    retry_after: float


class RateLimit:
    """A fixed window that opens with its first reply; ``limit`` 0 means no limit.

    ``default_limit`` is what a tenant has that sets none of its own.
    """

    def __init__(self, clock: Clock, limit: int, window_seconds: float) -> None:
        self._clock = clock
        self.default_limit = limit
        self.limit = limit
        self._window = window_seconds
        self._opened: float | None = None
        self.used = 0
        self.warning_sent = False

    def resize(self, limit: int) -> None:
        """Use another limit from now on; what was used in this window stays counted."""
        self.limit = limit

    def acquire(self, *, warn: bool = True) -> Allowed | Refused:
        """Count one reply, or say that the window is full.

        The first refusal that can ``warn`` a customer is the window's one warning.
        """
        self._turn()
        if self.limit <= 0:
            return Allowed()
        if self._opened is None:
            self._opened = self._clock.monotonic()
        if self.used < self.limit:
            self.used += 1
            return Allowed()
        first = warn and not self.warning_sent
        self.warning_sent |= warn
        return Refused(first, self._opened + self._window - self._clock.monotonic())

    def resets_at(self) -> datetime | None:
        """When the window turns; None when none is open."""
        self._turn()
        if self._opened is None:
            return None
        left = self._opened + self._window - self._clock.monotonic()
        return self._clock.now() + timedelta(seconds=left)

    def _turn(self) -> None:
        if self._opened is not None and self._clock.monotonic() >= self._opened + self._window:
            self._opened = None
            self.used = 0
            self.warning_sent = False
