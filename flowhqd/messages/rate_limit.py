"""How many replies a tenant sends within a window."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

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

    A place belongs to a message: one whose turn comes again, because what was decided could not be
    stored, finds the place it took. A quarter of each window is kept for replies that cannot wait.
    """

    def __init__(self, clock: Clock, limit: int, window_seconds: float) -> None:
        self._clock = clock
        self.limit = limit
        self._window = window_seconds
        self._opened: float | None = None
        self._counted: set[UUID] = set()
        self._warned: UUID | None = None

    @property
    def used(self) -> int:
        """How many places of the open window are taken."""
        self._turn()
        return len(self._counted)

    @property
    def warning_sent(self) -> bool:
        """Whether the open window's one warning is spent."""
        self._turn()
        return self._warned is not None

    def resize(self, limit: int, window_seconds: float) -> None:
        """Use other numbers from now on.

        What was used in an open window stays counted; it turns once it is as old as windows are
        now.
        """
        self.limit = limit
        self._window = window_seconds

    def acquire(self, message_id: UUID, *, can_wait: bool = False) -> Allowed | Refused:
        """A place for one message, or that the window is full.

        The first refusal of a message that cannot wait is the window's one warning.
        """
        self._turn()
        if self.limit <= 0:
            return Allowed()
        if self._opened is None:
            self._opened = self._clock.monotonic()
        kept = self.limit // 4 if can_wait else 0
        if message_id in self._counted or len(self._counted) < self.limit - kept:
            self._counted.add(message_id)
            return Allowed()
        first = not can_wait and self._warned in (None, message_id)
        if first:
            self._warned = message_id
        return Refused(first, self._opened + self._window - self._clock.monotonic())

    def release(self, message_id: UUID) -> None:
        """Give back what a message took and did not use."""
        self._counted.discard(message_id)
        if self._warned == message_id:
            self._warned = None

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
            self._counted.clear()
            self._warned = None
