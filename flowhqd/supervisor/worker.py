"""The task that runs one tenant: opens its session, follows it, and tries again when it is lost."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

import structlog

from flowhqd import metrics, qr
from flowhqd.changes import Topic
from flowhqd.errors import (
    BridgeLost,
    BrowserError,
    BrowserLost,
    Conflict,
    DiskFull,
    PageLost,
    PageTimeout,
    StoreUnavailable,
)
from flowhqd.log import get_logger
from flowhqd.messages.path import MessagePath
from flowhqd.reasons import Reason
from flowhqd.states import SessionState, TenantStatus, Wanted, WorkerStatus
from flowhqd.store import states, tenants
from flowhqd.store.states import Link, Qr
from flowhqd.supervisor.follower import Ending, Follower, Lost, Refused
from flowhqd.supervisor.live import (
    DedupView,
    LiveWorker,
    PairingCode,
    QueueView,
    RateLimitView,
    ReconnectView,
)
from flowhqd.supervisor.standing import Standing
from flowhqd.supervisor.transitions import Happened, Known, known_of
from flowhqd.whatsapp.addresses import phone_number
from flowhqd.whatsapp.session import LAUNCH_SECONDS, PAGE_SECONDS, LaunchTimeout, Rung, Session

if TYPE_CHECKING:
    from flowhqd.store.messages import LoggedMessage
    from flowhqd.store.pool import Connection
    from flowhqd.supervisor.pairing import PairingRound
    from flowhqd.supervisor.start_gate import Turn
    from flowhqd.supervisor.surroundings import Surroundings
    from flowhqd.whatsapp.bridge import Probe, Snapshot

log = get_logger(__name__)

# A loss that ends within this time is not reported as an error.
REPORT_AFTER_SECONDS = 60.0
FIRST_SIGN_SECONDS = 60.0
# These say nothing about the tenant: they go on for ever, at the longest delay.
ENDLESS = frozenset({Reason.NETWORK, Reason.DATABASE, Reason.DISK_FULL, Reason.PROXY_BLOCKED})
PAIRING_SECONDS = 60.0
_RESTING = {
    Reason.QR_TIMEOUT: Happened.QR_TIMED_OUT,
    Reason.LOGGED_OUT: Happened.LOGGED_OUT,
    Reason.AUTH_FAILURE: Happened.AUTH_FAILED,
    Reason.NUMBER_IN_USE: Happened.NUMBER_IN_USE,
}
_LOGIN_GONE = frozenset({Reason.LOGGED_OUT, Reason.AUTH_FAILURE, Reason.NUMBER_IN_USE})


class Worker:
    """``run`` ends by cancellation, or by itself when only a person can help.

    From then on it ``is_resting``: it writes that down, closes its page, and serves nobody.
    """

    def __init__(self, tenant: tenants.Tenant, around: Surroundings, *, by_hand: bool) -> None:
        settings = around.settings
        self.tenant_id: UUID = tenant.id
        self.is_resting = False
        self._around = around
        self._by_hand = by_hand
        self._rung = Rung.REOPEN
        self._standing = Standing(
            tenant.id,
            known_of(tenant),
            around.database,
            alarm=self._alarm,
            patience=lambda: self._promise(REPORT_AFTER_SECONDS),
            changed=lambda: around.changes.publish(tenant.id, Topic.STATES),
        )
        self._session = Session(around.host, str(tenant.id), settings.whatsapp_web_url)
        self._connected = asyncio.Event()
        self._follower: Follower | None = None
        self._shows_codes = False
        self._reconnect = around.new_reconnect()
        self._limits = around.new_limits()
        self._limits.apply(tenant.config.limits)
        self._turn: Turn | None = None
        self._loss: tuple[Reason, str] = (Reason.NETWORK, "")
        self._lost_report: asyncio.Task[None] | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._alive_until = around.clock.monotonic() + FIRST_SIGN_SECONDS

    # What others ask of a worker.

    @property
    def is_alive(self) -> bool:
        """Whether the worker keeps its own promises of when it will be heard of next."""
        return self._around.clock.monotonic() < self._alive_until

    @property
    def is_connected(self) -> bool:
        """Whether WhatsApp is reached right now."""
        return self._connected.is_set()

    @property
    def derived(self) -> str:
        """What the worker does, for people."""
        if not self.is_alive:
            return "STALE"
        if self.is_resting:
            return "RESTING"
        if self._standing.known.tenant is TenantStatus.PAUSED:
            return "PAUSED"
        reconnect: ReconnectView = self._reconnect.view()
        match self._standing.known.session:
            case SessionState.CONNECTED:
                return "CONNECTED"
            case SessionState.QR_READY:
                return "QR_READY"
        return "RECONNECTING" if reconnect.attempt or self._lost_report else "STARTING"

    def live(self) -> LiveWorker:
        """What only this worker knows."""
        path = self._follower.path if self._follower else None
        total, chats = path.queue if path else (0, 0)
        rate = self._limits.rate
        return LiveWorker(
            derived=self.derived,
            reconnect=self._reconnect.view(),
            queue=QueueView(total, chats),
            dedup=DedupView(len(self._limits.dedup), self._limits.dedup.hits),
            rate_limit=RateLimitView(rate.used, rate.limit, rate.resets_at(), rate.warning_sent),
            skipped=dict(self._limits.skipped),
            pairing_code=self._follower.given_code if self._follower else None,
        )

    async def pairing_code(self, phone: str) -> PairingCode:
        """A code to type on the phone with this E.164 number, once the page can give one.

        Raises Conflict when there is nothing to link or the worker cannot go on, PageTimeout when
        the page is not there within PAIRING_SECONDS, and what the bridge raises.
        """
        standing = self._standing
        try:
            async with asyncio.timeout(PAIRING_SECONDS):
                await standing.wait_until(self._knows_if_linkable)
        except TimeoutError:
            raise PageTimeout(
                f"WhatsApp Web gave no code within {PAIRING_SECONDS:.0f} s: the session is "
                f"{standing.known.session}; ask again in a moment"
            ) from None
        if standing.known.session is SessionState.CONNECTED:
            raise Conflict("the session is CONNECTED: there is nothing to link")
        if self._follower is None or not self._is_linkable:
            raise Conflict(
                f"no phone can be linked now: the session is {standing.known.session}, "
                f"the worker {standing.known.worker}"
            )
        code = await self._follower.pairing_code(phone)
        await standing.store(lambda connection: states.hide_qr(connection, self.tenant_id))
        return code

    async def link_by_qr(self) -> None:
        """Show codes to scan again, if a pairing code was asked for instead."""
        if self._follower is not None and self._is_linkable:
            await self._follower.link_by_qr()

    def send(self, row: LoggedMessage) -> None:
        """Send a QUEUED row in its contact's order; without a session, the next one finds it."""
        path = self._follower.path if self._follower else None
        if path is not None:
            path.enqueue(row.contact_id, row.id)

    async def drain(self) -> None:
        """Send nothing more, and return once what the page was given has left, or failed."""
        path = self._follower.path if self._follower else None
        if path is not None:
            await path.drain()

    async def set_paused(self, *, paused: bool, actor: str) -> None:
        """Answer nobody, or everybody again."""
        await self._standing.happened(Happened.PAUSED if paused else Happened.RESUMED, actor=actor)

    async def edited(self, tenant: tenants.Tenant) -> None:
        """Its limits hold from now on; its phone number may be the linked one, or no longer."""
        self._limits.apply(tenant.config.limits)
        path = self._follower.path if self._follower else None
        if path is None:
            return
        phone, account = tenant.phone_number, tenant.session.account
        hold = None if account in (None, phone) else Reason.WRONG_NUMBER
        if path.context.hold == hold:
            return
        path.context.hold = hold
        if hold is None:
            await self._standing.happened(Happened.READY)
        else:
            await self._standing.happened(
                Happened.WRONG_NUMBER, detail=f"linked to {account}, expected {phone}"
            )

    async def screenshot(self) -> bytes:
        """What the tenant's page shows, as PNG.

        Raises Conflict while there is none, and what the page raises.
        """
        if not self._session.is_open:
            raise Conflict("WhatsApp Web is not open at the moment; try again when it is")
        return await self._session.screenshot()

    async def log_out(self) -> None:
        """End the link from this side, while the page still can."""
        await self._session.log_out()

    # The life of a worker.

    async def run(self) -> None:
        """Serve until cancelled, or until only a person can help."""
        structlog.contextvars.bind_contextvars(tenant_id=str(self.tenant_id))
        try:
            async with asyncio.TaskGroup() as self._tasks:
                await self._serve_on()
                self._forget_lost_report()
        finally:
            self._promise(LAUNCH_SECONDS)
            await self._session.close()

    async def _serve_on(self) -> None:
        while True:
            ending = await self._serve()
            if isinstance(ending, Refused):
                await self._rest(ending)
                return
            log.warning("session_lost", reason=ending.reason, detail=ending.detail)
            delay = self._reconnect.failed(endless=ending.reason in ENDLESS)
            if delay is None:
                self.is_resting = True
                await self._standing.happened(
                    Happened.GAVE_UP, reason=ending.reason, detail=ending.detail
                )
                return
            metrics.RECONNECTS.labels(ending.reason).inc()
            await self._note_loss(ending.reason, ending.detail)
            # Each further failure in a row throws away more.
            self._rung = max(ending.rung, Rung(min(self._reconnect.attempt - 1, Rung.REOPEN)))
            self._promise(delay + REPORT_AFTER_SECONDS)
            self._around.changes.publish(self.tenant_id, Topic.STATES)
            await asyncio.sleep(delay)

    async def _serve(self) -> Ending:
        """One session from opening to its end."""
        self._follower = None
        self._shows_codes = False
        self._turn = await self._around.start_gate.turn(
            by_hand=self._by_hand, waiting=lambda: self._promise(REPORT_AFTER_SECONDS)
        )
        self._by_hand = False
        try:
            self._promise(LAUNCH_SECONDS + PAGE_SECONDS + REPORT_AFTER_SECONDS)
            await self._session.open(self._rung)
            self._follower = Follower(
                self._session,
                self,
                clock=self._around.clock,
                has_login=self._standing.known.has_login,
                connected=self._connected,
                check_seconds=self._around.settings.heartbeat_interval_ms / 1000,
                promise=self._promise,
            )
            return await self._follower.follow()
        except StoreUnavailable as error:
            return Lost(Reason.DATABASE, str(error))
        except PageTimeout as error:
            return await self._timed_out(error)
        except PageLost as error:
            return Lost(Reason.PAGE_CRASHED, str(error), Rung.REOPEN)
        except BrowserLost as error:
            return Lost(Reason.BROWSER_LOST, str(error), Rung.REOPEN)
        except DiskFull as error:
            return Lost(Reason.DISK_FULL, str(error), Rung.REOPEN)
        except BridgeLost as error:
            return Lost(Reason.INJECT_TIMEOUT, str(error))
        except BrowserError as error:
            reason = Reason.NETWORK if "net::" in str(error) else Reason.INTERNAL_ERROR
            return Lost(reason, str(error))
        except Exception as error:
            # The one boundary: a fault in one tenant's session must not end the others.
            log.exception("session_failed")
            return Lost(Reason.INTERNAL_ERROR, repr(error), Rung.REOPEN)
        finally:
            self._turn_is_over()
            self._connected.clear()

    async def _timed_out(self, error: PageTimeout) -> Lost:
        if isinstance(error, LaunchTimeout):
            return Lost(Reason.LAUNCH_TIMEOUT, str(error), Rung.RESTART)
        if self._follower is None:
            return Lost(Reason.PAGE_TIMEOUT, str(error), Rung.REOPEN)
        freed = await self._session.free()
        return Lost(Reason.PAGE_HUNG, str(error), Rung.RELOAD if freed else Rung.REOPEN)

    async def _rest(self, ending: Refused) -> None:
        """Only a person can help: say so, and let go of what is not needed meanwhile."""
        log.warning("session_refused", reason=ending.reason, detail=ending.detail)
        self.is_resting = True
        if ending.reason is Reason.NUMBER_IN_USE:
            await self._session.log_out()

        async def let_go(connection: Connection) -> None:
            # A daemon that is restarted must not show codes that nobody asked for.
            await tenants.want(connection, self.tenant_id, Wanted.STOPPED)
            if ending.reason in _LOGIN_GONE:
                await states.unlink(connection, self.tenant_id)

        await self._standing.happened(
            _RESTING.get(ending.reason, Happened.GAVE_UP),
            reason=ending.reason,
            detail=ending.detail,
            also=let_go if ending.reason in _RESTING else None,
        )

    # What the follower observes.

    async def qr_shown(self, text: str, pairing: PairingRound) -> None:
        """A code to scan."""
        self._turn_is_over()
        assert pairing.expires_at is not None  # noqa: S101 - a shown code has an end
        # Drawing takes about a tenth of a second, which the other tenants are spared.
        picture = await asyncio.to_thread(qr.png_data_url, text)
        shown = Qr(text, picture, pairing.seq, pairing.expires_at)
        self._shows_codes = True

        async def show(connection: Connection) -> None:
            await states.show_qr(connection, self.tenant_id, shown)

        if self._standing.known.session is SessionState.QR_READY:
            await self._standing.store(show)
        else:
            await self._standing.happened(Happened.QR_SHOWN, also=show)
        log.info("qr_shown", seq=pairing.seq)

    async def linked(self) -> None:
        """A phone scanned the code."""
        await self._standing.happened(Happened.LINKED)

    async def ready(self, snapshot: Snapshot, probe: Probe) -> MessagePath | Refused:
        """Connected, synced and probed."""
        account = phone_number(snapshot.account.pn)
        server_now = snapshot.server_now or self._around.clock.now()
        async with self._around.database.transaction() as connection:
            if account is not None:
                holder = await states.account_holder(connection, account)
                if holder not in (None, self.tenant_id):
                    return Refused(Reason.NUMBER_IN_USE, f"{account} serves another tenant")
            found = Link(
                account,
                snapshot.account.lid,
                probe.provider,
                snapshot.state.version,
                probe.capabilities,
            )
            await states.link(connection, self.tenant_id, found, server_now=server_now)
            tenant = await tenants.get(connection, self.tenant_id)
        self._standing.known = replace(self._standing.known, has_login=True)
        self._turn_is_over()
        self._reconnect.connected()
        self._forget_lost_report()
        path = (self._follower.path if self._follower else None) or self._around.new_path(
            tenant, self._session.bridge, self._limits, self._connected
        )
        is_wrong = account is not None and account != tenant.phone_number
        path.context.hold = Reason.WRONG_NUMBER if is_wrong else None
        if is_wrong:
            detail = f"linked to {account}, expected {tenant.phone_number}"
            await self._standing.happened(Happened.WRONG_NUMBER, detail=detail)
        else:
            missing = sorted(name for name, there in probe.capabilities.items() if not there)
            await self._standing.happened(
                Happened.READY,
                reason=Reason.DEGRADED if missing else None,
                detail=f"missing: {', '.join(missing)}" if missing else "",
            )
        log.info("session_ready", provider=probe.provider, web_version=snapshot.state.version)
        return path

    async def lost(self, reason: Reason, detail: str) -> None:
        """The page lost WhatsApp; it may come back by itself."""
        await self._note_loss(reason, detail)

    # Writing things down.

    async def _note_loss(self, reason: Reason, detail: str) -> None:
        """A loss is observed at once, and reported as an error when it lasts."""
        if self._standing.known.worker is WorkerStatus.ERROR:
            return
        await self._standing.happened(Happened.LOST, reason=reason, detail=detail)
        self._loss = reason, detail
        if self._lost_report is None:
            assert self._tasks is not None  # noqa: S101 - only while running
            self._lost_report = self._tasks.create_task(self._report_loss())

    async def _report_loss(self) -> None:
        await asyncio.sleep(REPORT_AFTER_SECONDS)
        # What keeps it away now may be another reason than what ended it.
        reason, detail = self._loss
        await self._standing.happened(Happened.LOST_FOR_LONG, reason=reason, detail=detail)

    def _forget_lost_report(self) -> None:
        report, self._lost_report = self._lost_report, None
        if report is not None:
            report.cancel()

    def _alarm(self, reason: str, detail: str) -> None:
        self._around.alerts.tell(self.tenant_id, reason, detail, self._around.clock.now())

    def _turn_is_over(self) -> None:
        if self._turn is not None:
            self._turn.release()

    def _promise(self, seconds: float) -> None:
        """The worker will be heard of again within this time."""
        self._alive_until = self._around.clock.monotonic() + seconds

    @property
    def _is_linkable(self) -> bool:
        """Whether this very page waits for a phone; the row may be of the one before."""
        return self._shows_codes and self._standing.known.session is SessionState.QR_READY

    def _knows_if_linkable(self, known: Known) -> bool:
        is_settled = known.session is SessionState.CONNECTED
        return is_settled or known.worker is not WorkerStatus.RUNNING or self._is_linkable
