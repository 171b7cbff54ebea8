"""How one tenant stands: its three states, and every change of them written down."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from flowhqd.errors import StoreUnavailable
from flowhqd.log import get_logger
from flowhqd.states import WorkerStatus
from flowhqd.store import setup_requests, states
from flowhqd.supervisor.transitions import Happened, Known, after, change

if TYPE_CHECKING:
    from uuid import UUID

    from flowhqd.reasons import Reason
    from flowhqd.store.database import Database
    from flowhqd.store.pool import Connection

log = get_logger(__name__)

RETRY_SECONDS = 1.0

Write = Callable[["Connection"], Awaitable[None]]


class Standing:
    """``known`` is what the rows say.

    ``alarm`` is called with reason and detail when the worker comes into error, ``patience`` while
    the database is away, ``changed`` when something was written.
    """

    def __init__(
        self,
        tenant_id: UUID,
        known: Known,
        database: Database,
        *,
        alarm: Callable[[str, str], None],
        patience: Callable[[], None],
        changed: Callable[[], None],
    ) -> None:
        self.known = known
        self._tenant_id = tenant_id
        self._database = database
        self._alarm = alarm
        self._patience = patience
        self._changed = changed
        self._written = asyncio.Event()
        self._changing = asyncio.Lock()

    async def happened(
        self,
        happened: Happened,
        *,
        reason: Reason | None = None,
        detail: str = "",
        actor: str = "worker",
        also: Write | None = None,
    ) -> None:
        """Write what an event does to the states, and ``also``, in one transaction."""
        # What an event does follows from what is known: one after the other, or a pause that is
        # asked for while a session becomes ready is overwritten.
        async with self._changing:
            done = change(happened, self.known, reason=reason, detail=detail)

            async def write(connection: Connection) -> None:
                await states.apply(connection, self._tenant_id, done, actor=actor)
                if happened is Happened.READY:
                    await setup_requests.activate(connection, self._tenant_id)
                if also is not None:
                    await also(connection)

            await self.store(write)
            if done.worker is WorkerStatus.ERROR and self.known.worker is not WorkerStatus.ERROR:
                self._alarm(done.reason, done.detail)
            self.known = after(self.known, done)

    async def wait_until(self, is_so: Callable[[Known], bool]) -> None:
        """Return once it is so; asked again whenever something was written."""
        while not is_so(self.known):
            self._written.clear()
            await self._written.wait()

    async def store(self, write: Write) -> None:
        """Write in one transaction; a state is not lost because the database is away."""
        while True:
            try:
                async with self._database.transaction() as connection:
                    await write(connection)
            except StoreUnavailable as error:
                log.warning("database_away", error=str(error))
                self._patience()
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self._written.set()
                self._changed()
                return
