"""Sends a message of the ledger once, whatever happens in between.

Its id was fixed before the first try. From the moment a try begins it may have left, so every
further look at the row first asks the page, and only what is surely absent is handed over again.
No transaction spans PostgreSQL and WhatsApp: between "handed over" and "known to have left" there
is always a moment in which only a look-up can tell.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from flowhqd.errors import PageError, RecipientUnknown, Undecidable
from flowhqd.log import get_logger
from flowhqd.messages.trace import Trace
from flowhqd.store import messages
from flowhqd.store.messages import LoggedMessage, OutStatus

if TYPE_CHECKING:
    from flowhqd.store.database import Database
    from flowhqd.whatsapp.bridge import Bridge

log = get_logger(__name__)

ACK_SECONDS = 60.0
MAX_FAILURES = 2
# A try that ended with its page or its daemon says little about the message; one that takes its
# page along each time must end all the same.
MAX_ATTEMPTS = 5

_FOUND = {None: "absent", 0: "held"}
_BY_ACK = {1: OutStatus.SENT, 2: OutStatus.DELIVERED, 3: OutStatus.READ, 4: OutStatus.READ}


def status_of(ack: int) -> OutStatus | None:
    """What an ack says of a message (wa-js enums/ACK.ts); None while it has not left."""
    return None if ack < 1 else _BY_ACK.get(ack, OutStatus.READ)


class Sender:
    """Hands messages to one page and follows them until they are known to have left."""

    def __init__(self, database: Database, bridge: Bridge, *, ack_seconds: float) -> None:
        self._database = database
        self._bridge = bridge
        self._ack_seconds = ack_seconds
        self._waiting: dict[str, asyncio.Future[int | str]] = {}

    def on_ack(self, message_id: str, ack: int) -> None:
        """WhatsApp told how far a message has come."""
        self._tell(message_id, ack if ack else None)

    def on_result(self, message_id: str, result: str) -> None:
        """The page told how a send ended."""
        self._tell(message_id, 1 if result == "OK" else result)

    async def deliver(self, row: LoggedMessage) -> OutStatus | None:
        """Bring one QUEUED row to an end and say which; QUEUED: the page holds it and will send.

        None: the row is gone, and so is the need for it.
        Raises what the bridge raises when the page is lost or hangs: the row stays as it is and is
        looked up when the session is back. Raises StoreUnavailable likewise.
        """
        attempts, failures, error, again = row.attempts, 0, None, False
        trace = Trace(look_ups=list(row.trace.get("look_ups", []))) if attempts else Trace()
        while True:
            if attempts > 0:
                looked_up = trace.setdefault("look_ups", [])
                try:
                    ack = await self._bridge.find_outbound(row.chat_id, row.wa_message_id)
                except Undecidable as undecidable:
                    looked_up.append("undecidable")
                    return await self._settle(
                        row, OutStatus.UNKNOWN, "undecidable", undecidable, trace
                    )
                if ack is not None and (left := status_of(ack)):
                    looked_up.append("left")
                    return await self._settle(row, left, trace=trace)
                if ack == 0 and not again:
                    return OutStatus.QUEUED
                looked_up.append(_FOUND.get(ack, "refused"))
                again = ack is not None
            if failures >= MAX_FAILURES or attempts >= MAX_ATTEMPTS:
                return await self._settle(row, OutStatus.FAILED, "send_failed", error, trace)
            async with self._database.connection() as connection:
                begun = await messages.begin_attempt(connection, row.id)
            if begun is None:
                return None
            attempts = begun
            try:
                outcome = await self._try(row, again=again, never=begun == 1)
            except RecipientUnknown as unknown:
                return await self._settle(row, OutStatus.FAILED, unknown.code, unknown, trace)
            if isinstance(outcome, OutStatus):
                return await self._settle(row, outcome, trace=trace)
            error, again = outcome, outcome is not None
            failures += 1

    async def _try(self, row: LoggedMessage, *, again: bool, never: bool) -> OutStatus | str | None:
        """One send: how far it came, the page's error, or None when nothing was heard in time."""
        heard = asyncio.get_running_loop().create_future()
        self._waiting[row.wa_message_id] = heard
        try:
            accepted = await self._bridge.send_text(
                row.chat_id,
                row.wa_message_id,
                row.message_text,
                row.quoted_id,
                again=again,
                never=never,
            )
            if left := status_of(accepted.ack):
                return left
            if accepted.quoted is False and row.quoted_id:
                log.warning("quote_failed", wa_message_id=row.wa_message_id)
            async with asyncio.timeout(self._ack_seconds):
                answer: int | str = await heard
        except PageError as error:
            return str(error)
        except TimeoutError:
            return None
        finally:
            self._waiting.pop(row.wa_message_id, None)
        if isinstance(answer, int):
            return status_of(answer) or f"WhatsApp refused the message (ack {answer})"
        return answer

    async def _settle(
        self,
        row: LoggedMessage,
        status: OutStatus,
        reason: str | None = None,
        error: object = None,
        trace: Trace | None = None,
    ) -> OutStatus:
        async with self._database.connection() as connection:
            await messages.settle_outbound(
                connection,
                row.id,
                status,
                reason=reason,
                error=None if error is None else str(error),
                trace=trace,
            )
        return status

    def _tell(self, message_id: str, news: int | str | None) -> None:
        waiting = self._waiting.get(message_id)
        if news is not None and waiting is not None and not waiting.done():
            waiting.set_result(news)
