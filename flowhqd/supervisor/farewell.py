"""Ends the link of a tenant whose worker does not run: WhatsApp is opened once more to say so."""

from __future__ import annotations

import asyncio

from flowhqd.errors import BrowserError
from flowhqd.log import get_logger
from flowhqd.whatsapp.events import StateChanged
from flowhqd.whatsapp.phase import Phase, phase
from flowhqd.whatsapp.session import PageGone, Rung, Session

log = get_logger(__name__)

READY_SECONDS = 30.0


async def log_out_resting(session: Session) -> None:
    """Open the page, log the device out as soon as it is linked again, and close.

    A page that does not get there in READY_SECONDS stays linked on the phone's side: that is
    logged, and the phone's owner can remove the device.
    """
    try:
        await session.open(Rung.REOPEN)
        async with asyncio.timeout(READY_SECONDS):
            while True:
                match await session.events.get():
                    case StateChanged(state) if phase(state) is Phase.READY:
                        await session.log_out()
                        return
                    case StateChanged(state) if phase(state) is Phase.PAIRING:
                        return
                    case PageGone():
                        return
    except (BrowserError, TimeoutError) as error:
        log.warning("device_stays_linked", error=str(error) or type(error).__name__)
    finally:
        await session.close()
