"""Keeps one worker per wanted tenant, and carries out what people ask of them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Self
from uuid import UUID

from flowhqd.browser import proc
from flowhqd.changes import Topic
from flowhqd.errors import Conflict, NotServing, StoreUnavailable
from flowhqd.log import get_logger
from flowhqd.messages import manual
from flowhqd.reasons import Reason
from flowhqd.states import SessionState, TenantStatus, Wanted, WorkerStatus
from flowhqd.store import states, tenants
from flowhqd.store.states import StateChange
from flowhqd.supervisor.alerts import Alert, Alerts
from flowhqd.supervisor.farewell import log_out_resting
from flowhqd.supervisor.live import BrowserView, LiveWorker, PairingCode, QueueView
from flowhqd.supervisor.retention import forget_old_messages
from flowhqd.supervisor.start_gate import StartGate
from flowhqd.supervisor.surroundings import Surroundings
from flowhqd.supervisor.transitions import Happened, change, known_of
from flowhqd.supervisor.worker import Worker
from flowhqd.whatsapp.session import Session

if TYPE_CHECKING:
    from flowhqd.browser.host import BrowserHost
    from flowhqd.changes import Changes
    from flowhqd.clock import Clock
    from flowhqd.messages.manual import ManualMessage, Recorded
    from flowhqd.settings import Settings
    from flowhqd.store.database import Database
    from flowhqd.store.tenants import Tenant

log = get_logger(__name__)

STOP_SECONDS = 20.0
# What a page was given leaves within this time, or is looked up at the next start.
DRAIN_SECONDS = 5.0


class Supervisor:
    """Owns every worker's task. Verbs are idempotent and raise NotFound for an unknown tenant."""

    def __init__(
        self,
        host: BrowserHost,
        database: Database,
        settings: Settings,
        *,
        clock: Clock,
        is_owner: asyncio.Event,
        message_id_key: bytes,
        changes: Changes,
    ) -> None:
        self._host = host
        self._database = database
        self._settings = settings
        self._clock = clock
        self._changes = changes
        self._around = Surroundings(
            host=host,
            database=database,
            settings=settings,
            clock=clock,
            rng=random.Random(),  # noqa: S311 - jitter, not a secret
            start_gate=StartGate(),
            is_owner=is_owner,
            alerts=Alerts(settings.alert_url),
            changes=changes,
            message_id_key=message_id_key,
        )
        self._workers: dict[UUID, Worker] = {}
        self._tasks: dict[UUID, asyncio.Task[None]] = {}
        self._locks: dict[UUID, asyncio.Lock] = {}
        self._services: list[asyncio.Task[None]] = []
        self._group = asyncio.TaskGroup()
        self.is_running = False
        self._is_stopping = False

    async def __aenter__(self) -> Self:
        """Bring back what ran before; raises StoreUnavailable."""
        await self._group.__aenter__()
        await self._reconcile()
        keep = timedelta(days=self._settings.message_retention_days)
        for name, service in (
            ("heartbeats", self._beat()),
            ("alerts", self._around.alerts.run()),
            ("retention", forget_old_messages(self._database, self._clock, keep)),
        ):
            self._services.append(self._group.create_task(service, name=name))
        self.is_running = True
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Let what is being sent leave, then stop every worker; what was wanted stays wanted."""
        self.is_running = False
        self._is_stopping = True
        try:
            if exc[0] is None:
                await self._drain()
        finally:
            for task in [*self._tasks.values(), *self._services]:
                task.cancel()
            await self._group.__aexit__(None, None, None)

    # Verbs.

    async def start(self, tenant_id: UUID, *, actor: str) -> None:
        """Run a tenant's worker from now on."""
        async with self._verb(tenant_id):
            await self._serve(tenant_id, actor, "worker.start")

    async def stop(self, tenant_id: UUID, *, actor: str) -> None:
        """Stop a tenant's worker; what waits for an answer stays in the ledger."""
        async with self._verb(tenant_id):
            await self._want(tenant_id, Wanted.STOPPED, actor, "worker.stop")
            await self._end(tenant_id)
            await self._note(tenant_id, Happened.STOPPED, actor, detail=f"stopped by {actor}")

    async def restart(self, tenant_id: UUID, *, actor: str) -> None:
        """Stop and start a tenant's worker."""
        async with self._verb(tenant_id):
            await self._want(tenant_id, Wanted.RUNNING, actor, "worker.restart")
            await self._end(tenant_id)
            await self._note(tenant_id, Happened.STOPPED, actor, detail=f"restarted by {actor}")
            await self._launch(tenant_id, actor)

    async def force_restart(
        self, tenant_id: UUID, *, actor: str, forget_login: bool = False
    ) -> None:
        """Kill and reopen a tenant's profile.

        ``forget_login`` logs the device out first, then forgets all that the profile holds.
        """
        async with self._verb(tenant_id) as tenant:
            detail = "worker.forget_login" if forget_login else "worker.force_restart"
            await self._want(tenant_id, Wanted.RUNNING, actor, detail)
            if forget_login:
                await self._forget_login(tenant)
            else:
                await self._end(tenant_id)
            await self._note(tenant_id, Happened.STOPPED, actor, detail=f"restarted by {actor}")
            await self._launch(tenant_id, actor)

    async def pair(self, tenant_id: UUID, *, actor: str) -> None:
        """Start a round of codes, unless one is running; raises Conflict when connected."""
        async with self._verb(tenant_id) as tenant:
            if tenant.session.state is SessionState.CONNECTED:
                raise Conflict("the session is CONNECTED: there is nothing to link")
            worker = await self._serve(tenant_id, actor, "session.pair")
            await worker.link_by_qr()

    async def pairing_code(self, tenant_id: UUID, *, actor: str) -> PairingCode:
        """A code for the tenant's own phone number, its worker started if need be.

        Raises what ``Worker.pairing_code`` raises.
        """
        async with self._verb(tenant_id) as tenant:
            if tenant.session.state is SessionState.CONNECTED:
                raise Conflict("the session is CONNECTED: there is nothing to link")
            worker = await self._serve(tenant_id, actor, "session.pairing_code")
        # Not within the verb: a page that comes up slowly must not keep anybody from stopping it.
        return await worker.pairing_code(tenant.phone_number)

    async def pause(self, tenant_id: UUID, *, actor: str) -> None:
        """Log messages, answer nobody."""
        await self._set_paused(tenant_id, actor, paused=True)

    async def resume(self, tenant_id: UUID, *, actor: str) -> None:
        """Answer again."""
        await self._set_paused(tenant_id, actor, paused=False)

    async def send(self, tenant_id: UUID, message: ManualMessage, *, actor: str) -> Recorded:
        """Log a message and have it sent: at once, or when the session is connected.

        Raises what ``manual.record`` raises.
        """
        async with self._database.transaction() as connection:
            recorded = await manual.record(
                connection,
                await tenants.get(connection, tenant_id),
                message,
                key=self._around.message_id_key,
                now=self._clock.now(),
            )
            if recorded.is_new:
                await states.audit(
                    connection,
                    tenant_id,
                    actor=actor,
                    action="message.send",
                    detail={"message_id": str(recorded.row.id)},
                )
        self._changes.publish(tenant_id, Topic.MESSAGES)
        worker = self._workers.get(tenant_id)
        if recorded.is_new and worker is not None:
            worker.send(recorded.row)
        return recorded

    async def remove(self, tenant_id: UUID, *, actor: str) -> None:
        """Log the device out, and delete the tenant with all it has."""
        async with self._verb(tenant_id) as tenant:
            await self._want(tenant_id, Wanted.STOPPED, actor, "tenant.delete")
            await self._forget_login(tenant)
            async with self._database.transaction() as connection:
                await tenants.delete(connection, tenant_id)
        self._locks.pop(tenant_id, None)
        self._changes.publish(tenant_id, Topic.CONFIG)

    async def changed(self, tenant_id: UUID) -> None:
        """A tenant was edited: its limits may be others, its phone number the linked one."""
        worker = self._workers.get(tenant_id)
        if worker is not None:
            await worker.edited(await self._tenant(tenant_id))

    async def screenshot(self, tenant_id: UUID) -> bytes:
        """What a tenant's page shows, as PNG; raises Conflict while there is none."""
        worker = self._workers.get(tenant_id)
        if worker is None:
            tenant = await self._tenant(tenant_id)
            raise Conflict(
                f"there is no page: the worker is {tenant.worker.status}; start it first"
            )
        return await worker.screenshot()

    def live(self, tenant_id: UUID) -> LiveWorker:
        """What only the running daemon knows of a worker."""
        worker = self._workers.get(tenant_id)
        return worker.live() if worker is not None else LiveWorker(derived=None)

    def derived(self) -> dict[UUID, str]:
        """The derived state of each tenant that has a worker."""
        return {tenant_id: worker.derived for tenant_id, worker in self._workers.items()}

    def queue(self) -> QueueView:
        """What waits for its answer, of all tenants."""
        queues = [worker.live().queue for worker in self._workers.values()]
        return QueueView(sum(one.total for one in queues), sum(one.chats for one in queues))

    def alerts(self) -> list[Alert]:
        """Who came to need a person since the daemon runs: the last ones, newest first."""
        return list(reversed(self._around.alerts.recent))

    async def browsers(self) -> list[BrowserView]:
        """The running Chromiums and what they take."""
        running = self._host.describe()
        taken = await asyncio.to_thread(proc.memory, [one.pid for one in running])
        return [
            BrowserView(
                pid=one.pid,
                version=one.version,
                tenants=tuple(map(UUID, one.profiles)),
                started_at=one.started_at,
                hand_over=one.hand_over,
                sandbox=one.sandbox,
                memory_bytes=taken[one.pid],
            )
            for one in running
        ]

    # How it is done.

    @asynccontextmanager
    async def _verb(self, tenant_id: UUID) -> AsyncIterator[Tenant]:
        """One verb at a time per tenant, and none while the daemon starts or stops."""
        if not self.is_running:
            raise NotServing("flowhqd is starting or stopping; ask again in a moment")
        async with self._locks.setdefault(tenant_id, asyncio.Lock()):
            yield await self._tenant(tenant_id)

    async def _tenant(self, tenant_id: UUID) -> Tenant:
        async with self._database.connection() as connection:
            return await tenants.get(connection, tenant_id)

    async def _want(self, tenant_id: UUID, wanted: Wanted, actor: str, action: str) -> None:
        async with self._database.transaction() as connection:
            await tenants.want(connection, tenant_id, wanted)
            await states.audit(connection, tenant_id, actor=actor, action=action)

    async def _note(
        self, tenant_id: UUID, happened: Happened, actor: str, *, detail: str = ""
    ) -> None:
        """Write a change of a tenant that has no worker to write it."""
        async with self._database.transaction() as connection:
            tenant = await tenants.get(connection, tenant_id)
            done = change(happened, known_of(tenant), detail=detail)
            await states.apply(connection, tenant_id, done, actor=actor)
        self._changes.publish(tenant_id, Topic.STATES)

    async def _serve(self, tenant_id: UUID, actor: str, action: str) -> Worker:
        """The worker that serves a tenant from now on, a new one unless one is at work."""
        while True:
            await self._want(tenant_id, Wanted.RUNNING, actor, action)
            worker = self._workers.get(tenant_id)
            if worker is None:
                return await self._launch(tenant_id, actor)
            if not worker.is_resting:
                return worker
            # It may still be writing that nothing is wanted any more.
            await self._end(tenant_id)

    async def _launch(self, tenant_id: UUID, actor: str, *, by_hand: bool = True) -> Worker:
        await self._note(tenant_id, Happened.STARTED, actor)
        worker = Worker(await self._tenant(tenant_id), self._around, by_hand=by_hand)
        if self._is_stopping:
            raise NotServing("flowhqd is stopping; ask again when it is back")
        self._workers[tenant_id] = worker
        self._tasks[tenant_id] = self._group.create_task(
            self._run(worker), name=f"tenant:{tenant_id}"
        )
        return worker

    async def _run(self, worker: Worker) -> None:
        try:
            await worker.run()
        except Exception as error:
            # A worker that breaks its own boundary must not take the other tenants with it.
            log.exception("worker_failed", tenant_id=str(worker.tenant_id))
            worker.is_resting = True
            await self._note_failure(worker.tenant_id, repr(error))
        finally:
            if self._workers.get(worker.tenant_id) is worker:
                del self._workers[worker.tenant_id]
                del self._tasks[worker.tenant_id]

    async def _note_failure(self, tenant_id: UUID, error: str) -> None:
        failed = StateChange(
            Reason.INTERNAL_ERROR,
            error,
            TenantStatus.ERROR,
            SessionState.DISCONNECTED,
            WorkerStatus.ERROR,
            last_error=error,
        )
        try:
            async with self._database.transaction() as connection:
                await states.apply(connection, tenant_id, failed, actor="supervisor")
        except StoreUnavailable as unavailable:
            log.warning("database_away", error=str(unavailable))
        except Exception:
            log.exception("failure_not_noted", tenant_id=str(tenant_id))
        else:
            self._changes.publish(tenant_id, Topic.STATES)
        # Written or not; who is told may look at once.
        self._alarm(tenant_id, Reason.INTERNAL_ERROR, error)

    def _alarm(self, tenant_id: UUID, reason: Reason, detail: str) -> None:
        self._around.alerts.tell(tenant_id, reason, detail, self._clock.now())

    async def _drain(self) -> None:
        drains = [asyncio.create_task(worker.drain()) for worker in self._workers.values()]
        if not drains:
            return
        try:
            _, late = await asyncio.wait(drains, timeout=DRAIN_SECONDS)
        finally:
            for drain in drains:
                drain.cancel()
        if late:
            log.warning("sends_left_to_look_up", workers=len(late))

    async def _end(self, tenant_id: UUID) -> None:
        task = self._tasks.get(tenant_id)
        if task is None:
            return
        if not self._workers[tenant_id].is_resting:
            # One that rests ends by itself, and must not be kept from closing its page.
            task.cancel()
        done, _ = await asyncio.wait([task], timeout=STOP_SECONDS)
        if not done:
            # Its page does not even close: its Chromium goes, and its neighbours come back.
            log.error("worker_does_not_stop", tenant_id=str(tenant_id))
            task.cancel()
            await self._host.restart_process_of(str(tenant_id))
            await asyncio.wait([task], timeout=STOP_SECONDS)

    async def _forget_login(self, tenant: Tenant) -> None:
        """Log the device out where the page can, then remove the profile."""
        worker = self._workers.get(tenant.id)
        if worker is not None and worker.is_connected:
            await worker.log_out()
            await self._end(tenant.id)
        else:
            await self._end(tenant.id)
            if tenant.session.account is not None:
                session = Session(self._host, str(tenant.id), self._settings.whatsapp_web_url)
                await log_out_resting(session)
        await self._host.forget(str(tenant.id))
        async with self._database.transaction() as connection:
            await states.unlink(connection, tenant.id)

    async def _set_paused(self, tenant_id: UUID, actor: str, *, paused: bool) -> None:
        async with self._verb(tenant_id) as tenant:
            if (tenant.status is TenantStatus.PAUSED) is paused:
                return
            worker = self._workers.get(tenant_id)
            if worker is not None:
                await worker.set_paused(paused=paused, actor=actor)
            else:
                await self._note(tenant_id, Happened.PAUSED if paused else Happened.RESUMED, actor)

    # At boot, and while running.

    async def _reconcile(self) -> None:
        """A dead daemon's rows say RUNNING; what was wanted is started again, staggered."""
        async with self._database.transaction() as connection:
            for tenant_id in await states.left_running(connection):
                left = StateChange(
                    Reason.DAEMON_RESTARTED,
                    session=SessionState.DISCONNECTED,
                    worker=WorkerStatus.STOPPED,
                )
                await states.apply(connection, tenant_id, left, actor="supervisor")
            wanted = await tenants.wanted(connection)
        for tenant_id in wanted:
            await self._launch(tenant_id, "supervisor", by_hand=False)
        if wanted:
            log.info("workers_brought_back", count=len(wanted))

    async def _beat(self) -> None:
        """Write all heartbeats at once, and report workers that keep silent."""
        interval = self._settings.heartbeat_interval_ms / 1000
        threshold = timedelta(minutes=self._settings.stale_threshold_minutes)
        while True:
            now = self._clock.now()
            alive = {i: now for i in self._workers.keys() | self._locks if self._is_served(i)}
            seen = {i: now for i in alive if i in self._workers and self._workers[i].is_connected}
            try:
                async with self._database.connection() as connection:
                    await states.heartbeats(connection, alive, seen)
                    stale = await states.stale(connection, now - threshold)
                for tenant_id in stale:
                    if self._is_served(tenant_id):
                        # A row that was just written has the time of the database's host.
                        continue
                    log.error("worker_stale", tenant_id=str(tenant_id))
                    await self._note(tenant_id, Happened.STALE, "supervisor")
                    self._alarm(tenant_id, Reason.STALE, "")
            except StoreUnavailable as error:
                log.warning("database_away", error=str(error))
            await asyncio.sleep(interval)

    def _is_served(self, tenant_id: UUID) -> bool:
        """Whether a worker keeps its promises, or a verb is at work between two workers."""
        worker = self._workers.get(tenant_id)
        if worker is not None:
            return worker.is_alive
        lock = self._locks.get(tenant_id)
        return lock is not None and lock.locked()
