"""A window of recently seen messages: it saves trips to the database, which holds the truth."""

from __future__ import annotations

from collections import OrderedDict

from flowhqd.clock import Clock

MAX_SIZE = 10_000


class DedupWindow:
    """Keys seen within the last ``ttl_seconds`` (0 remembers nothing), at most MAX_SIZE of them."""

    def __init__(self, clock: Clock, ttl_seconds: float, max_size: int = MAX_SIZE) -> None:
        self._clock = clock
        self._ttl = ttl_seconds
        self._max_size = max_size
        self._expires: OrderedDict[str, float] = OrderedDict()
        self.hits = 0

    def __len__(self) -> int:
        self._expire()
        return len(self._expires)

    def seen(self, key: str) -> bool:
        """Whether ``key`` was added within the window."""
        self._expire()
        if key in self._expires:
            self.hits += 1
            return True
        return False

    def add(self, key: str) -> None:
        """Remember ``key`` from now on; only once it is safely in the log."""
        if self._ttl <= 0:
            return
        self._expires[key] = self._clock.monotonic() + self._ttl
        self._expires.move_to_end(key)
        while len(self._expires) > self._max_size:
            self._expires.popitem(last=False)

    def _expire(self) -> None:
        now = self._clock.monotonic()
        while self._expires and next(iter(self._expires.values())) <= now:
            self._expires.popitem(last=False)
