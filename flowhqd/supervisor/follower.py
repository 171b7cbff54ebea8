"""Follows one open page from its first sign to its end, and says how it ended."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from flowhqd.errors import BridgeLost, BrowserError
from flowhqd.log import get_logger
from flowhqd.messages.path import MessagePath
from flowhqd.reasons import Reason
from flowhqd.supervisor.code_pairing import CodePairing
from flowhqd.supervisor.live import PairingCode
from flowhqd.supervisor.pairing import GRACE_SECONDS, PairingRound
from flowhqd.whatsapp.bridge import Probe, Snapshot
from flowhqd.whatsapp.events import (
    AckReceived,
    Event,
    Hello,
    LoggedOut,
    Message,
    MessageArrived,
    MessageChanged,
    MessageUndecryptable,
    QrChanged,
    SendFinished,
    StateChanged,
    Trouble,
)
from flowhqd.whatsapp.phase import Phase, phase
from flowhqd.whatsapp.session import EventsDropped, PageGone, Rung, Session

if TYPE_CHECKING:
    from flowhqd.clock import Clock

log = get_logger(__name__)

INJECT_SECONDS = 90.0
# A page that left WhatsApp Web is back by then, or is brought back.
LEFT_SECONDS = 15.0
SYNC_SECONDS = 180.0
# A page that lost the network gets it back by itself; after this long it is helped.
OFFLINE_SECONDS = 60.0
# A page that takes its session back from another one is connecting by then.
TAKE_OVER_SECONDS = 20.0
# The modules for sending come in lazily, also after the page calls itself synced.
PROBE_SECONDS = 30.0
EXTRAS_SECONDS = 3.0
PROBE_EVERY_SECONDS = 0.5
# What one step may take beyond waiting: the longest is a page that becomes ready.
STEP_SECONDS = 60.0
EARLY_MESSAGES = 2_000

NEEDED = ("state", "inbound", "send_text")

_GONE = {"crashed": Reason.PAGE_CRASHED, "browser_lost": Reason.BROWSER_LOST}
_REFUSALS = {
    Phase.CONFLICT: Reason.CONFLICT,
    Phase.OUTDATED: Reason.OUTDATED,
    Phase.PROXY_BLOCKED: Reason.PROXY_BLOCKED,
    Phase.RESTRICTED: Reason.RESTRICTED,
}


@dataclass(frozen=True, slots=True)
class Lost:
    """The session is to be tried again, throwing away at least ``rung``."""

    reason: Reason
    detail: str = ""
    rung: Rung = Rung.RELOAD


@dataclass(frozen=True, slots=True)
class Refused:
    """A person has to do something first."""

    reason: Reason
    detail: str = ""


Ending = Lost | Refused


class Observer(Protocol):
    """Who is told what a page shows; each call is written down before it returns."""

    async def qr_shown(self, text: str, pairing: PairingRound) -> None:
        """A code to scan."""

    async def linked(self) -> None:
        """A phone scanned the code; messages are being fetched."""

    async def ready(self, snapshot: Snapshot, probe: Probe) -> MessagePath | Refused:
        """Connected, synced and probed: how its messages are handled, or why not."""

    async def lost(self, reason: Reason, detail: str) -> None:
        """The page lost WhatsApp; it may come back by itself."""


class Follower:
    """``connected`` is set while WhatsApp can be reached through this page.

    The page is asked for a sign of life every ``check_seconds``; ``promise`` is told, before each
    step, within how many seconds the next one will come.
    """

    def __init__(
        self,
        session: Session,
        observer: Observer,
        *,
        clock: Clock,
        has_login: bool,
        connected: asyncio.Event,
        check_seconds: float,
        promise: Callable[[float], None],
    ) -> None:
        self._session = session
        self._observer = observer
        self._clock = clock
        self._has_login = has_login
        self._connected = connected
        self._check_seconds = check_seconds
        self._promise = promise
        self._check_at = self._in(check_seconds)
        self._pairing = PairingRound()
        self._by_code = CodePairing(session.bridge, clock)
        self._phase = Phase.LOADING
        self._was_ready = False
        self._took_over = False
        self._is_complete = False
        self._asked_for_code = False
        self._logged_out = False
        self._path: MessagePath | None = None
        self._path_task: asyncio.Task[None] | None = None
        self._early: deque[Message] = deque(maxlen=EARLY_MESSAGES)
        self._deadline = self._in(INJECT_SECONDS)
        self._progress: float | None = None

    @property
    def path(self) -> MessagePath | None:
        """The message path while the session is ready."""
        return self._path

    @property
    def given_code(self) -> PairingCode | None:
        """The code to type that the page gave last."""
        return self._by_code.code

    async def pairing_code(self, phone: str) -> PairingCode:
        """A code to type on the phone with this number; raises what the bridge raises."""
        return await self._by_code.ask(phone)

    async def link_by_qr(self) -> None:
        """Back to codes to scan, from the first of a round; raises what the bridge raises."""
        if await self._by_code.end():
            self._pairing = PairingRound()
            if self._phase is Phase.PAIRING_IDLE:
                await self._session.bridge.refresh_qr()

    async def follow(self) -> Ending:
        """Follow the page until it ends; raises what the bridge raises."""
        try:
            while True:
                ending = await self._step()
                if ending is not None:
                    return ending
        finally:
            self._connected.clear()
            await self._end_path()

    async def _step(self) -> Ending | None:
        """One event, or what its absence means."""
        self._promise(self._check_seconds + STEP_SECONDS)
        now = self._clock.monotonic()
        if now >= self._deadline:
            return await self._on_silence()
        if now >= self._check_at:
            return await self._check()
        event = await self._next_event(min(self._deadline, self._check_at) - now)
        return None if event is None else await self._on(event)

    async def _next_event(self, timeout: float) -> Event | PageGone | EventsDropped | None:
        """The next event, None when none came in time; raises what ended the message path."""
        if not self._session.events.empty():
            return self._session.events.get_nowait()
        waiting = asyncio.ensure_future(self._session.events.get())
        tasks: set[asyncio.Future[Any]] = {waiting}
        if self._path_task is not None:
            tasks.add(self._path_task)
        try:
            done, _ = await asyncio.wait(
                tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            if not waiting.done():
                waiting.cancel()
        if self._path_task is not None and self._path_task in done:
            self._path_task.result()
        return waiting.result() if waiting in done else None

    async def _on(self, event: Event | PageGone | EventsDropped) -> Ending | None:
        match event:
            case StateChanged(state):
                if state.progress != self._progress:
                    self._progress = state.progress
                    if self._phase is Phase.SYNCING:
                        self._deadline = self._in(SYNC_SECONDS)
                return await self._enter(phase(state))
            case QrChanged(text):
                return await self._on_qr(text)
            case MessageArrived(message) | MessageUndecryptable(message) | MessageChanged(message):
                if self._path is None:
                    self._early.append(message)
                else:
                    self._path.put(message)
            case AckReceived(message_id, _, ack):
                if self._path is not None:
                    self._path.on_ack(message_id, ack)
            case SendFinished(message_id, result):
                if self._path is not None:
                    self._path.on_result(message_id, result)
            case Hello():
                await self._start_over()
            case LoggedOut():
                self._logged_out = True
            case EventsDropped():
                if self._path is not None:
                    self._path.catch_up()
            case PageGone(why):
                return Lost(_GONE.get(why, Reason.PAGE_CRASHED), why, Rung.REOPEN)
            case Trouble(detail):
                log.warning("bridge_trouble", detail=detail)
        return None

    async def _on_silence(self) -> Ending | None:
        match self._phase:
            case Phase.LOADING:
                return Lost(Reason.INJECT_TIMEOUT, "nothing to see of WhatsApp Web")
            case Phase.SYNCING:
                return Lost(Reason.SYNC_TIMEOUT, f"not synced after {SYNC_SECONDS:.0f} s")
            case Phase.OFFLINE:
                return Lost(Reason.NETWORK, f"no connection for {OFFLINE_SECONDS:.0f} s")
            case Phase.CONFLICT:
                return Lost(Reason.CONFLICT, "the session was not to be had back", Rung.REOPEN)
            case Phase.PAIRING | Phase.PAIRING_IDLE:
                return await self._next_code()
        self._deadline = self._in(SYNC_SECONDS)
        return None

    async def _enter(self, now: Phase) -> Ending | None:
        if now is Phase.CONFLICT and await self._takes_over():
            return None
        if now in _REFUSALS:
            reason = _REFUSALS[now]
            if reason is Reason.RESTRICTED:
                return Refused(reason)
            return Lost(reason, "", Rung.REOPEN)
        if now in (Phase.PAIRING, Phase.PAIRING_IDLE) and self._has_login:
            reason = (
                Reason.LOGGED_OUT if self._logged_out or self._was_ready else Reason.AUTH_FAILURE
            )
            return Refused(reason)
        if now is self._phase:
            return None
        before, self._phase = self._phase, now
        if before is Phase.READY:
            self._connected.clear()
        match now:
            case Phase.LOADING:
                self._deadline = self._in(INJECT_SECONDS)
            case Phase.PAIRING:
                self._deadline = self._in(self._pairing.patience(self._clock.now()))
            case Phase.PAIRING_IDLE:
                return await self._next_code()
            case Phase.SYNCING:
                self._deadline = self._in(SYNC_SECONDS)
                if before in (Phase.PAIRING, Phase.PAIRING_IDLE):
                    await self._observer.linked()
            case Phase.OFFLINE:
                self._deadline = self._in(OFFLINE_SECONDS)
                await self._observer.lost(
                    Reason.NETWORK, "the page lost its connection to WhatsApp"
                )
            case Phase.READY:
                return await self._become_ready()
        return None

    async def _takes_over(self) -> bool:
        """Whether this page takes its session back from another one; it does so once.

        Two that did so again and again would take it from each other for ever.
        """
        if self._phase is Phase.CONFLICT:
            return True
        if self._took_over or not await self._session.bridge.take_over():
            return False
        log.warning("session_taken_over")
        self._took_over, self._phase = True, Phase.CONFLICT
        self._connected.clear()
        self._deadline = self._in(TAKE_OVER_SECONDS)
        await self._observer.lost(Reason.CONFLICT, "taking the session back")
        return True

    async def _on_qr(self, text: str | None) -> Ending | None:
        if text is None or self._has_login or self._by_code.seconds_left:
            return None
        if not self._pairing.show(self._clock.now()):
            return Refused(Reason.QR_TIMEOUT)
        self._phase = Phase.PAIRING
        self._asked_for_code = False
        self._deadline = self._in(self._pairing.patience(self._clock.now()))
        await self._observer.qr_shown(text, self._pairing)
        return None

    async def _next_code(self) -> Ending | None:
        """The page shows no further code by itself: the round is over, or it is asked for one."""
        if left := self._by_code.seconds_left:
            self._deadline = self._in(left)
            return None
        if await self._by_code.end() and self._phase is Phase.PAIRING:
            self._deadline = self._in(GRACE_SECONDS)
            return None
        if self._pairing.is_last:
            return Refused(Reason.QR_TIMEOUT)
        if self._asked_for_code or not await self._session.bridge.refresh_qr():
            return Lost(Reason.AWAITING_SCAN, "WhatsApp Web shows no further code", Rung.RELOAD)
        self._asked_for_code = True
        self._deadline = self._in(self._pairing.patience(self._clock.now()))
        return None

    async def _become_ready(self) -> Ending | None:
        probe = await self._probed()
        self._is_complete = all(probe.capabilities.values())
        missing = [name for name in NEEDED if not probe.capabilities.get(name)]
        if missing:
            return Lost(Reason.CAPABILITY_MISSING, f"missing: {', '.join(missing)}")
        snapshot = await self._session.bridge.state()
        found = await self._observer.ready(snapshot, probe)
        if isinstance(found, Refused):
            return found
        self._has_login = self._was_ready = True
        self._deadline = self._in(SYNC_SECONDS)
        found.context.read_server_clock(snapshot.server_now)
        self._connected.set()
        if self._path is None:
            self._path = found
            while self._early:
                found.put(self._early.popleft())
            self._path_task = asyncio.create_task(found.run(), name="path")
        else:
            self._path.catch_up()
        return None

    async def _probed(self) -> Probe:
        """The page's capabilities, once all are there or the time for late ones is over."""
        began = self._clock.monotonic()
        while True:
            probe = await self._session.bridge.probe()
            waited = self._clock.monotonic() - began
            can_answer = all(probe.capabilities.get(name) for name in NEEDED)
            if all(probe.capabilities.values()) or waited >= PROBE_SECONDS:
                return probe
            if can_answer and waited >= EXTRAS_SECONDS:
                # Nothing that answers a customer is missing; the next check asks for the rest.
                return probe
            await asyncio.sleep(PROBE_EVERY_SECONDS)

    async def _check(self) -> Ending | None:
        """Look at the page: it may hang, and its events are not the only truth."""
        self._check_at = self._in(self._check_seconds)
        try:
            snapshot = await self._session.bridge.state()
        except BridgeLost:
            await self._leave()
            return None
        if self._path is not None:
            self._path.context.read_server_clock(snapshot.server_now)
        ending = await self._enter(phase(snapshot.state))
        return ending or await self._look_again()

    async def _look_again(self) -> Ending | None:
        """A degraded session may have become whole: late modules come when they please."""
        if self._is_complete or self._phase is not Phase.READY:
            return None
        probe = await self._session.bridge.probe()
        return await self._become_ready() if all(probe.capabilities.values()) else None

    async def _start_over(self) -> None:
        """A new document: what the one before was doing is void."""
        self._connected.clear()
        await self._end_path()
        if self._phase is Phase.READY:
            await self._observer.lost(Reason.NETWORK, "the page was loaded anew")
        self._phase = Phase.LOADING
        self._by_code = CodePairing(self._session.bridge, self._clock)
        self._deadline = self._in(INJECT_SECONDS)

    async def _leave(self) -> None:
        """The page is not WhatsApp Web now: it navigates, or it left without a word."""
        if self._phase is not Phase.LOADING:
            await self._start_over()
            self._deadline = self._in(LEFT_SECONDS)

    async def _end_path(self) -> None:
        task, self._path = self._path_task, None
        if task is None:
            return
        task.cancel()
        # Awaiting the task itself would take a cancellation of ours for its own.
        await asyncio.wait({task})
        self._path_task = None
        if not task.cancelled():
            with contextlib.suppress(BrowserError):
                task.result()

    def _in(self, seconds: float) -> float:
        return self._clock.monotonic() + seconds
