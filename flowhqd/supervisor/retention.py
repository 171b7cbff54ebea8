"""Forgets messages after the time the operator keeps them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from flowhqd.errors import StoreUnavailable
from flowhqd.log import get_logger
from flowhqd.store import messages

if TYPE_CHECKING:
    from flowhqd.clock import Clock
    from flowhqd.store.database import Database

log = get_logger(__name__)

EVERY_SECONDS = 3600.0


async def forget_old_messages(database: Database, clock: Clock, keep: timedelta) -> None:
    """Delete settled messages older than ``keep`` (zero keeps all), hourly, until cancelled."""
    while keep:
        try:
            async with database.connection() as connection:
                gone = await messages.forget_before(connection, clock.now() - keep)
        except StoreUnavailable as error:
            log.warning("database_away", error=str(error))
        else:
            if gone:
                log.info("messages_forgotten", count=gone)
        await asyncio.sleep(EVERY_SECONDS)
