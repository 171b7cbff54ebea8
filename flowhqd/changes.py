"""Tells whoever watches which tenants changed, after it was stored.

It says that something changed, never what it is now: watchers read that again. So nothing is lost
when changes are put together, and a watcher that is slow holds nobody up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from uuid import UUID

INTERVAL_SECONDS = 1.0
"""The least time between two reports to a watcher."""


class Topic(StrEnum):
    """What of a tenant changed."""

    STATES = "states"
    MESSAGES = "messages"
    CONFIG = "config"
    REQUESTS = "requests"


Report = dict[UUID | None, set[Topic]]
"""What changed, by tenant; None where it is no tenant's, as a request from nobody's tenant."""


class Watcher:
    """Collects changes of one tenant, or of everybody when ``tenant_id`` is None."""

    def __init__(self, tenant_id: UUID | None, interval: float) -> None:
        self._tenant_id = tenant_id
        self._interval = interval
        # One entry per tenant at most, however much happens before it is read.
        self._report: Report = {}
        self._some = asyncio.Event()
        self._read_at = float("-inf")
        self.is_closed = False

    async def next(self) -> Report:
        """What changed since the last report; empty once there are no more."""
        await self._some.wait()
        if not self.is_closed:
            now = asyncio.get_running_loop().time()
            await asyncio.sleep(self._read_at + self._interval - now)
        self._some.clear()
        self._read_at = asyncio.get_running_loop().time()
        report, self._report = self._report, {}
        return {} if self.is_closed else report

    def note(self, tenant_id: UUID | None, topic: Topic) -> None:
        """Something changed."""
        if self._tenant_id in (None, tenant_id):
            self._report.setdefault(tenant_id, set()).add(topic)
            self._some.set()

    def close(self) -> None:
        """There are no more reports."""
        self.is_closed = True
        self._some.set()


class Changes:
    """The meeting point of those who change things and those who watch."""

    def __init__(self, interval: float = INTERVAL_SECONDS) -> None:
        self._interval = interval
        self._watchers: set[Watcher] = set()
        self._is_closed = False

    @property
    def watchers(self) -> int:
        """How many watch."""
        return len(self._watchers)

    def publish(self, tenant_id: UUID | None, topic: Topic) -> None:
        """Something changed and is stored; never waits."""
        for watcher in self._watchers:
            watcher.note(tenant_id, topic)

    @contextmanager
    def watch(self, tenant_id: UUID | None = None) -> Iterator[Watcher]:
        """Watch one tenant, or everything, until the block is left."""
        watcher = Watcher(tenant_id, self._interval)
        if self._is_closed:
            watcher.close()
        self._watchers.add(watcher)
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)

    def close(self) -> None:
        """Let every watcher go, now and from now on."""
        self._is_closed = True
        for watcher in self._watchers:
            watcher.close()
