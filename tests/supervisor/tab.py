"""A tenant's page and who watches it, for the follower."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from flowhqd.messages.path import MessagePath
from flowhqd.reasons import Reason
from flowhqd.supervisor.follower import Ending, Follower, Refused
from flowhqd.supervisor.pairing import PairingRound
from flowhqd.whatsapp.bridge import Bridge, Probe, Snapshot
from flowhqd.whatsapp.events import Event, PageState, StateChanged, Trouble
from flowhqd.whatsapp.session import EventsDropped, PageGone
from tests.messages.page import FakePage
from tests.messages.shop import PATIENCE_SECONDS

if TYPE_CHECKING:
    from flowhqd.whatsapp.session import Session
    from tests.messages.shop import Shop

READY = PageState(socket="CONNECTED", stream="CONNECTED", synced=True, mode="MAIN")
SYNCING = PageState(socket="CONNECTED", stream="SYNCING")
UNPAIRED = PageState(socket="UNPAIRED", mode="QR")
IDLE = PageState(socket="UNPAIRED_IDLE", mode="QR")
OFFLINE = PageState(socket="TIMEOUT", synced=True, mode="OFFLINE")
# More turns of the loop than one event takes that needs nobody else.
TURNS = 50
WHOLE = {"state": True, "inbound": True, "send_text": True, "typing": True}


@dataclass
class Tab(FakePage):
    """A page whose state can be moved; ``events`` are what the follower is told."""

    looks: PageState = field(default_factory=PageState)
    capabilities: dict[str, bool] = field(default_factory=lambda: dict(WHOLE))
    gives_codes: bool = True
    takes_over: bool = False
    error: Exception | None = None
    events: asyncio.Queue[Event | PageGone | EventsDropped] = field(default_factory=asyncio.Queue)

    async def call(self, function: str, name: str, args: dict[str, Any], *, timeout: float) -> Any:
        if self.error is not None:
            raise self.error
        return await super().call(function, name, args, timeout=timeout)

    def tell(self, *events: Event | PageGone | EventsDropped) -> None:
        """The page tells something; its state is what it tells."""
        for event in events:
            if isinstance(event, StateChanged):
                self.looks = event.state
            self.events.put_nowait(event)

    def shows(self, *states: PageState) -> None:
        """The page changes its state, and tells."""
        self.tell(*(StateChanged(state) for state in states))

    def _state(self) -> dict[str, Any]:
        shown = {name: getattr(self.looks, name) for name in PageState.__slots__}
        return {**super()._state(), **shown}

    def _probe(self) -> dict[str, Any]:
        return {"provider": "native", "capabilities": self.capabilities}

    def _refresh_qr(self) -> bool:
        return self.gives_codes

    def _take_over(self) -> bool:
        return self.takes_over

    def asked(self, name: str) -> int:
        """How often a command was given."""
        return sum(called == name for called, _ in self.calls)


class Watch:
    """A follower at work, and all it told."""

    def __init__(self, shop: Shop, *, has_login: bool = False, check_seconds: float = 1e6) -> None:
        self.shop = shop
        self.clock = shop.clock
        self.tab = Tab(shop.clock)
        shop.page = self.tab
        shop.connected.clear()
        self.told: list[str] = []
        self.refusal: Refused | None = None
        self.paths: list[MessagePath] = []
        self.promises: list[float] = []
        self.follower = Follower(
            cast("Session", self),
            self,
            clock=shop.clock,
            has_login=has_login,
            connected=shop.connected,
            check_seconds=check_seconds,
            promise=self.promises.append,
        )
        self.task = asyncio.create_task(self.follower.follow())

    # What the follower knows of a session.

    @property
    def events(self) -> asyncio.Queue[Event | PageGone | EventsDropped]:
        return self.tab.events

    @property
    def bridge(self) -> Bridge:
        return self.tab.bridge

    # What it tells its observer.

    async def qr_shown(self, text: str, pairing: PairingRound) -> None:
        assert pairing.expires_at is not None
        life = (pairing.expires_at - self.clock.now()).total_seconds()
        self.told.append(f"code {pairing.seq}: {text} for {life:.0f} s")

    async def linked(self) -> None:
        self.told.append("linked")

    async def ready(self, snapshot: Snapshot, probe: Probe) -> MessagePath | Refused:
        missing = [name for name, there in probe.capabilities.items() if not there]
        self.told.append(f"ready without {', '.join(missing)}" if missing else "ready")
        if self.refusal is not None:
            return self.refusal
        path = self.follower.path or self.shop.new_path()
        if not self.paths or self.paths[-1] is not path:
            self.paths.append(path)
        return path

    async def lost(self, reason: Reason, detail: str) -> None:
        self.told.append("lost")

    # What a test does.

    async def settle(self) -> list[str]:
        """What was told once the follower has read all there is."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            turns = 0
            while turns < TURNS and not self.task.done():
                turns = turns + 1 if self.events.empty() else 0
                await asyncio.sleep(0)
        return self.told

    async def wait(self, seconds: float) -> list[str]:
        """Let time pass; the follower looks at the clock when something happens."""
        self.clock.advance(seconds)
        self.tab.tell(Trouble("time passed"))
        return await self.settle()

    async def ending(self) -> Ending:
        """How it ended; raises what it raised."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.task

    async def stop(self) -> None:
        """Cancel it, as stopping a worker does."""
        self.task.cancel()
        await asyncio.wait({self.task}, timeout=PATIENCE_SECONDS)
        assert self.task.done()
