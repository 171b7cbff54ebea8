"""Linking by a code that is typed on the phone, for owners who cannot scan their own screen."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from flowhqd.supervisor.live import PairingCode

if TYPE_CHECKING:
    from flowhqd.clock import Clock
    from flowhqd.whatsapp.bridge import Bridge

# WhatsApp Web itself makes a new code after three minutes (whatsapp-web.js, requestPairingCode).
LIFE = timedelta(minutes=3)
# Who asks again gets the same code, unless too little of its time is left to type it.
WORTH_TYPING = timedelta(seconds=30)


class CodePairing:
    """The code of one page. While it is good the page is left alone: it shows none to scan."""

    def __init__(self, bridge: Bridge, clock: Clock) -> None:
        self._bridge = bridge
        self._clock = clock
        self._asking = asyncio.Lock()
        self._code: PairingCode | None = None
        self._phone = ""

    @property
    def code(self) -> PairingCode | None:
        """The code that was given last, good or not, until codes to scan are asked for."""
        return self._code

    @property
    def seconds_left(self) -> float:
        """How long the code can still be typed; 0 when there is none."""
        if self._code is None:
            return 0.0
        return max(0.0, (self._code.expires_at - self._clock.now()).total_seconds())

    async def ask(self, phone: str) -> PairingCode:
        """The code for the phone with this E.164 number; raises what the bridge raises."""
        async with self._asking:
            is_worth_it = self.seconds_left >= WORTH_TYPING.total_seconds()
            if self._code is None or phone != self._phone or not is_worth_it:
                asked_at = self._clock.now()
                code = await self._bridge.pairing_code(phone.removeprefix("+"))
                self._code, self._phone = PairingCode(code, asked_at + LIFE), phone
            return self._code

    async def end(self) -> bool:
        """Have the page show codes to scan again; False when it did so anyway."""
        async with self._asking:
            if self._code is None:
                return False
            # Before the page is asked: its next code comes sooner than its answer.
            self._code = None
            await self._bridge.link_by_qr()
            return True
