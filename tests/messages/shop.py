"""A business under test: its message path on a real database, before a page that a test moves."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from flowhqd.errors import BrowserError
from flowhqd.messages.bounds import Bounds
from flowhqd.messages.context import Limits, PathContext, PathOptions
from flowhqd.messages.dedup import DedupWindow
from flowhqd.messages.loop_breaker import LoopBreaker
from flowhqd.messages.path import MessagePath
from flowhqd.messages.rate_limit import Allowed, RateLimit, Refused
from flowhqd.store import messages, tenants
from flowhqd.store.database import Database
from flowhqd.store.messages import LoggedMessage
from flowhqd.whatsapp.events import Message
from tests.clock import ManualClock
from tests.messages.page import FakePage
from tests.tenants import new_tenant

PATIENCE_SECONDS = 60.0
# The command with which every session begins.
LOOK = ("recent_chats", "")


class NotedRefusals(RateLimit):
    """Tells when a reply has to wait for the window."""

    def __init__(self, clock: ManualClock, limit: int, window_seconds: float) -> None:
        super().__init__(clock, limit, window_seconds)
        self.refused = asyncio.Event()

    def acquire(self, message_id: UUID, *, can_wait: bool = False) -> Allowed | Refused:
        """What the real one says."""
        outcome = super().acquire(message_id, can_wait=can_wait)
        if isinstance(outcome, Refused):
            self.refused.set()
        return outcome


class Shop:
    """``open`` is one session; limits and page outlive it, as they do in a worker."""

    def __init__(self, database: Database, tenant_id: UUID, **options: Any) -> None:
        self.database = database
        self.path_database = database
        self.tenant_id = tenant_id
        self.clock = ManualClock()
        self.page = FakePage(self.clock)
        self.history_from = self.clock.now() - timedelta(hours=1)
        self.connected, self.is_owner = asyncio.Event(), asyncio.Event()
        self.connected.set()
        self.is_owner.set()
        self.options = {
            "message_id_key": b"key",
            "queue_size": 50,
            "reply_delay": timedelta(),
            "ack_seconds": 5.0,
            **options,
        }
        self.limits = self.new_limits()
        self.path = self.new_path()
        self._session: asyncio.Task[None] | None = None

    def new_limits(
        self,
        *,
        rate: int = 0,
        window: float = 60,
        loops: int = 0,
        age_minutes: int = 10,
        pause_minutes: int = 60,
    ) -> Limits:
        """What a worker that was just started has counted: nothing."""
        usual = Bounds(
            rate_limit_max_per_minute=rate,
            rate_limit_window_ms=int(window * 1000),
            loop_breaker_max_replies=loops,
            reply_max_age_minutes=age_minutes,
            owner_pause_minutes=pause_minutes,
        )
        return Limits(
            usual,
            DedupWindow(self.clock, 3600),
            RateLimit(self.clock, rate, window),
            LoopBreaker(self.clock, loops),
        )

    def new_path(self) -> MessagePath:
        """The path of a session that begins."""
        context = PathContext(
            self.tenant_id,
            self.path_database,
            self.page.bridge,
            self.limits,
            PathOptions(**self.options),
            self.clock,
        )
        return MessagePath(
            context, may_send=(self.connected, self.is_owner), history_from=self.history_from
        )

    @asynccontextmanager
    async def open(self) -> AsyncIterator[MessagePath]:
        """One session, from its first look for what a gap left; leaving cancels it wherever it is.

        Raises what ended the session before.
        """
        looked = self.page.calls.count(LOOK)
        self.path = self.new_path()
        self.page.listener = self.path
        self._session = asyncio.create_task(self.path.run())
        try:
            await self.until(lambda _: self.page.calls.count(LOOK) > looked)
            yield self.path
            if self._session.done():
                self._session.result()
        finally:
            self.page.listener = None
            self._session.cancel()
            with contextlib.suppress(asyncio.CancelledError, BrowserError):
                await self._session

    async def run_until_lost(self) -> None:
        """One session that ends by itself; raises what ended it."""
        self.path = self.new_path()
        self.page.listener = self.path
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.path.run()

    def hear(self, chat: str, text: str = "Habari", **given: Any) -> Message:
        """A customer writes and the open session is told."""
        said = self.page.says(chat, text, **given)
        self.path.put(said)
        return said

    async def log(self) -> list[LoggedMessage]:
        """Oldest first."""
        async with self.database.connection() as connection:
            rows = await messages.page(connection, self.tenant_id, limit=1000)
        return rows[::-1]

    async def outcomes(self) -> list[tuple[str, str | None]]:
        """What became of each customer's message, in order, and why."""
        return [(row.status, row.reason) for row in await self.log() if row.direction == "IN"]

    async def until(self, is_so: Callable[[list[LoggedMessage]], bool]) -> list[LoggedMessage]:
        """The log, once it is so; raises what ended the session before."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not is_so(rows := await self.log()):
                if self._session is not None and self._session.done():
                    self._session.result()
                await asyncio.sleep(0.005)
        return rows

    async def answered(self, count: int) -> list[LoggedMessage]:
        """The log, once that many customers' messages are in it and nothing is left to do."""
        return await self.until(
            lambda rows: (
                sum(row.direction == "IN" for row in rows) >= count
                and not any(row.status in ("RECEIVED", "QUEUED") for row in rows)
                and self.path.queue == (0, 0)
            )
        )

    async def change(self, change: tenants.Change) -> None:
        """Somebody edits the tenant."""
        async with self.database.transaction() as connection:
            await tenants.update(connection, self.tenant_id, change)


async def new_shop(
    database: Database, *, given: dict[str, Any] | None = None, **options: Any
) -> Shop:
    """A shop of a new tenant; ``given`` as for ``new_tenant``, ``options`` as PathOptions'."""
    async with database.transaction() as connection:
        return Shop(database, await new_tenant(connection, **(given or {})), **options)
