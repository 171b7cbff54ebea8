"""Two bots that answer each other would go on for ever; this stops ours."""

from __future__ import annotations

from collections import deque
from uuid import UUID

from flowhqd.clock import Clock

WINDOW_SECONDS = 600.0


class LoopBreaker:
    """At most ``limit`` replies to one contact within ten minutes; 0 means no limit."""

    def __init__(self, clock: Clock, limit: int, window_seconds: float = WINDOW_SECONDS) -> None:
        self._clock = clock
        self._limit = limit
        self._window = window_seconds
        self._replies: dict[UUID, deque[float]] = {}

    def resize(self, limit: int) -> None:
        """Use another limit from now on; what was counted stays so."""
        self._limit = limit

    def is_open(self, contact_id: UUID) -> bool:
        """Whether this contact has had its fill of replies."""
        if self._limit <= 0:
            return False
        self._forget()
        return len(self._replies.get(contact_id, ())) >= self._limit

    def count(self, contact_id: UUID) -> None:
        """Count one reply."""
        if self._limit > 0:
            self._replies.setdefault(contact_id, deque()).append(self._clock.monotonic())

    def merge(self, keep: UUID, gone: UUID) -> None:
        """Two contacts turned out to be one."""
        if gone in self._replies:
            merged = sorted([*self._replies.get(keep, ()), *self._replies.pop(gone)])
            self._replies[keep] = deque(merged)

    def _forget(self) -> None:
        oldest = self._clock.monotonic() - self._window
        for contact_id, times in list(self._replies.items()):
            while times and times[0] <= oldest:
                times.popleft()
            if not times:
                del self._replies[contact_id]
