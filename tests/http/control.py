"""The boundary of these tests: workers that only remember what was asked of them."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from flowhqd.errors import Conflict
from flowhqd.messages import manual
from flowhqd.messages.manual import ManualMessage, Recorded
from flowhqd.states import SessionState
from flowhqd.store import tenants
from flowhqd.store.database import Database
from flowhqd.supervisor.alerts import Alert
from flowhqd.supervisor.live import (
    BrowserView,
    LiveWorker,
    PairingCode,
    QueueView,
    ReconnectView,
)

CODE = PairingCode("ABCD1234", datetime(2999, 11, 21, 12, tzinfo=UTC))


class RecordingControl:
    """Keeps ``calls``; tenants are those of the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.calls: list[tuple[str, UUID]] = []
        self.states: dict[UUID, str] = {}
        self.raised: list[Alert] = []
        self.looks = 0
        self.running = [
            BrowserView(
                pid=4242,
                version="156.0.7000.1",
                tenants=(),
                started_at=datetime(2026, 11, 21, 11, tzinfo=UTC),
                hand_over=True,
                sandbox=True,
                memory_bytes=200 * 1024**2,
            )
        ]
        self.picture: bytes | None = None
        self.given: PairingCode | None = None

    async def start(self, tenant_id: UUID, *, actor: str) -> None:
        await self._record("start", tenant_id)

    async def stop(self, tenant_id: UUID, *, actor: str) -> None:
        await self._record("stop", tenant_id)

    async def restart(self, tenant_id: UUID, *, actor: str) -> None:
        await self._record("restart", tenant_id)

    async def force_restart(
        self, tenant_id: UUID, *, actor: str, forget_login: bool = False
    ) -> None:
        await self._record("forget_login" if forget_login else "force_restart", tenant_id)

    async def pause(self, tenant_id: UUID, *, actor: str) -> None:
        await self._record("pause", tenant_id)

    async def resume(self, tenant_id: UUID, *, actor: str) -> None:
        await self._record("resume", tenant_id)

    async def pair(self, tenant_id: UUID, *, actor: str) -> None:
        await self._record("pair", tenant_id, unless_connected=True)

    async def pairing_code(self, tenant_id: UUID, *, actor: str) -> PairingCode:
        await self._record("pairing_code", tenant_id, unless_connected=True)
        self.given = CODE
        return CODE

    async def send(self, tenant_id: UUID, message: ManualMessage, *, actor: str) -> Recorded:
        async with self._database.transaction() as connection:
            tenant = await tenants.get(connection, tenant_id)
            recorded = await manual.record(
                connection, tenant, message, key=b"key", now=datetime.now(UTC)
            )
        if recorded.is_new:
            self.calls.append(("send", tenant_id))
        return recorded

    async def remove(self, tenant_id: UUID, *, actor: str) -> None:
        await self._record("remove", tenant_id)
        async with self._database.transaction() as connection:
            await tenants.delete(connection, tenant_id)

    async def changed(self, tenant_id: UUID) -> None:
        await self._record("changed", tenant_id)

    async def screenshot(self, tenant_id: UUID) -> bytes:
        await self._record("screenshot", tenant_id)
        if self.picture is None:
            raise Conflict("there is no page: the worker is STOPPED; start it first")
        return self.picture

    def live(self, tenant_id: UUID) -> LiveWorker:
        return LiveWorker(
            self.states.get(tenant_id, "STOPPED"),
            reconnect=ReconnectView(True, 3, 4000),
            queue=QueueView(total=2, chats=1),
            pairing_code=self.given,
        )

    def derived(self) -> dict[UUID, str]:
        return self.states

    def alerts(self) -> list[Alert]:
        return self.raised

    def queue(self) -> QueueView:
        return QueueView(total=7, chats=3)

    async def browsers(self) -> list[BrowserView]:
        self.looks += 1
        return self.running

    async def _record(self, call: str, tenant_id: UUID, unless_connected: bool = False) -> None:
        async with self._database.connection() as connection:
            tenant = await tenants.get(connection, tenant_id)
        if unless_connected and tenant.session.state is SessionState.CONNECTED:
            raise Conflict("the phone is linked already")
        self.calls.append((call, tenant_id))
