"""Slows down whoever guesses passwords: only failures wait."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_network

from flowhqd.clock import Clock
from flowhqd.http.client import Address

FIRST_DELAY_SECONDS = 0.25
MAX_DELAY_SECONDS = 8.0
FORGET_SECONDS = 900.0
MAX_ADDRESSES = 4096
MAX_WAITING = 8
"""Failures of one client that are kept waiting at a time."""
CROWD_SIZE = 64
"""So many failures of all clients together make each wait twice as long, and again as many."""
CROWD_LEAVES_PER_SECOND = 1.0
"""More than people mistype."""

Who = Address | str | None
"""Whose attempts are counted: those of an address, or those upon an account by its name."""


@dataclass(slots=True)
class _Record:
    failures: int = 0
    waiting: int = 0
    last_at: float = 0.0


class Throttle:
    """Counts failures and says how long each one waits: twice as long as the last.

    The right password is not held up, so that nobody can lock the operator out. Memory is bounded:
    who is longest without an attempt is forgotten first. An IPv6 client counts by its /64, the
    smallest network that is given out. Whoever guesses from more addresses than that, one guess
    each, is known by the crowd: many failures within minutes, whoever's they are.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._records: OrderedDict[object, _Record] = OrderedDict()
        self._crowd = 0.0
        self._crowd_at = clock.monotonic()

    def __len__(self) -> int:
        return len(self._records)

    def failed(self, who: Who) -> float | None:
        """Count a failure: the seconds its answer waits, then ``waited`` is to be called.

        None when too many of this client are waiting already.
        """
        return self.penalty(who) if self.begin(who) else None

    def begin(self, who: Who) -> bool:
        """Count an attempt until ``waited`` is called; False when too many are under way.

        For passwords that people choose, which must not be tried faster than failures wait.
        """
        record = self._record(who)
        if record.waiting >= MAX_WAITING:
            return False
        record.waiting += 1
        return True

    def penalty(self, who: Who) -> float:
        """Count a failure: the seconds its answer waits."""
        record = self._record(who)
        doublings = max(record.failures, int(self._count_crowd() / CROWD_SIZE))
        record.failures += 1
        record.last_at = self._clock.monotonic()
        return min(FIRST_DELAY_SECONDS * 2.0 ** min(doublings, 16), MAX_DELAY_SECONDS)

    def waited(self, who: Who) -> None:
        """An attempt has been answered, or its client is gone."""
        record = self._records.get(_key(who))
        if record is not None and record.waiting:
            record.waiting -= 1

    def _count_crowd(self) -> float:
        """How many failures of all were there before this one, less those that time has taken."""
        now = self._clock.monotonic()
        left = (now - self._crowd_at) * CROWD_LEAVES_PER_SECOND
        before = max(0.0, self._crowd - left)
        self._crowd, self._crowd_at = min(before + 1, 8.0 * CROWD_SIZE), now
        return before

    def _record(self, who: Who) -> _Record:
        key, now = _key(who), self._clock.monotonic()
        record = self._records.setdefault(key, _Record())
        if now - record.last_at > FORGET_SECONDS:
            record.failures = 0
        self._records.move_to_end(key)
        while len(self._records) > MAX_ADDRESSES:
            self._records.popitem(last=False)
        return record


def _key(who: Who) -> object:
    if isinstance(who, IPv6Address):
        return ip_network((who, 64), strict=False)
    return who
