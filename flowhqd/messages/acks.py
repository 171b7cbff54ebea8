"""Acks come in flocks; they are written to the log together."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from flowhqd.errors import StoreUnavailable
from flowhqd.messages.context import DATABASE_RETRY_SECONDS
from flowhqd.store import messages
from flowhqd.store.messages import OutStatus

if TYPE_CHECKING:
    from flowhqd.messages.context import PathContext

_ORDER = list(OutStatus)


class AckLog:
    """Keeps each message's furthest ack until it is written."""

    def __init__(self, context: PathContext) -> None:
        self._context = context
        self._waiting: dict[str, OutStatus] = {}
        self._some = asyncio.Event()

    def put(self, message_id: str, status: OutStatus) -> None:
        """A message has come this far."""
        known = self._waiting.get(message_id)
        if known is None or _ORDER.index(known) < _ORDER.index(status):
            self._waiting[message_id] = status
        self._some.set()

    async def run(self) -> None:
        """Write acks until cancelled."""
        while True:
            await self._some.wait()
            self._some.clear()
            acks, self._waiting = self._waiting, {}
            try:
                async with self._context.database.connection() as connection:
                    await messages.record_acks(connection, self._context.tenant_id, acks)
            except StoreUnavailable:
                for message_id, status in acks.items():
                    self.put(message_id, status)
                await asyncio.sleep(DATABASE_RETRY_SECONDS)
            else:
                self._context.changed()
