"""The host as JSON and page show it: Chromiums, memory, disk, database, versions, what needs a
person."""

from __future__ import annotations

import asyncio
import platform
import shutil
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from uuid import UUID

from aiohttp import web

from flowhqd import __version__, room
from flowhqd.http import tenant_list
from flowhqd.http.browsers import BROWSERS
from flowhqd.http.queries import TenantsQuery
from flowhqd.http.services import services
from flowhqd.http.views import ListedTenant, View
from flowhqd.settings import Settings
from flowhqd.store import host as store
from flowhqd.supervisor.alerts import Alert
from flowhqd.supervisor.live import BrowserView

MAX_STALE = 100


class NamedTenant(View):
    id: UUID
    name: str


class ChromiumView(View):
    """A running Chromium and the tenants whose pages are open in it."""

    pid: int
    version: str
    tenants: list[NamedTenant]
    started_at: datetime
    memory_bytes: int
    hand_over: bool
    sandbox: bool


class LoopLagView(View):
    """How late the event loop was in the last minute."""

    mean_ms: float
    worst_ms: float


class PoolView(View):
    used: int
    idle: int
    max: int


class DatabaseView(View):
    version: str
    bytes: int
    is_embedded: bool
    pool: PoolView


class DiskView(View):
    """A file system, and what of flowhqd lies on it."""

    path: str
    holds: list[str]
    free_bytes: int
    total_bytes: int


class MemoryView(View):
    """``room_for_tenants`` more, if each takes ``tenant_bytes``; null where it is not known."""

    available_bytes: int | None
    room_for_tenants: int | None
    tenant_bytes: int = room.TENANT_BYTES


class WebVersionView(View):
    version: str
    tenants: int


class VersionsView(View):
    flowhqd: str = __version__
    python: str = platform.python_version()
    chromium: list[str]
    whatsapp_web: list[WebVersionView]


class AlertView(View):
    """A tenant that came to need a person, since the daemon runs."""

    tenant: NamedTenant
    reason: str
    detail: str
    action: str
    at: datetime


class StaleView(View):
    """A worker that gives no sign of life."""

    tenant: NamedTenant
    heartbeat_at: datetime | None


class HostView(View):
    """``alerts_are_sent`` tells whether ALERT_URL is set."""

    chromiums: list[ChromiumView]
    loop_lag: LoopLagView
    memory: MemoryView
    disks: list[DiskView]
    database: DatabaseView
    versions: VersionsView
    alerts: list[AlertView]
    alerts_are_sent: bool
    stale: list[StaleView]


async def view(request: web.Request) -> HostView:
    """The host as it is now; raises StoreUnavailable."""
    daemon = services(request)
    browsers = await request.config_dict[BROWSERS].get()
    alerts = daemon.control.alerts()
    stale, _ = await tenant_list.page(daemon, TenantsQuery(worker="STALE", limit=MAX_STALE))
    tenants = {tenant for one in browsers for tenant in one.tenants}
    async with daemon.database.connection() as connection:
        facts = await store.database_facts(connection)
        web_versions = await store.web_versions(connection)
        names = await store.tenant_names(connection, tenants | {one.tenant_id for one in alerts})
    settings, pool = daemon.settings, daemon.database.pool
    return HostView(
        chromiums=[_chromium(one, names) for one in browsers],
        loop_lag=LoopLagView(
            mean_ms=round(1000 * daemon.lag.mean, 2), worst_ms=round(1000 * daemon.lag.worst, 2)
        ),
        memory=await asyncio.to_thread(_memory, settings),
        disks=await asyncio.to_thread(_disks, settings),
        database=DatabaseView(
            version=facts.version,
            bytes=facts.bytes,
            is_embedded=settings.database_url is None,
            pool=PoolView(
                used=pool.get_size() - pool.get_idle_size(),
                idle=pool.get_idle_size(),
                max=pool.get_max_size(),
            ),
        ),
        versions=VersionsView(
            chromium=sorted({one.version for one in browsers}),
            whatsapp_web=[WebVersionView.model_validate(one) for one in web_versions],
        ),
        alerts=[_alert(one, names) for one in alerts if one.tenant_id in names],
        alerts_are_sent=settings.alert_url is not None,
        stale=[_stale(one) for one in stale],
    )


def _chromium(one: BrowserView, names: Mapping[UUID, str]) -> ChromiumView:
    return ChromiumView(
        pid=one.pid,
        version=one.version,
        tenants=_named(one.tenants, names),
        started_at=one.started_at,
        memory_bytes=one.memory_bytes,
        hand_over=one.hand_over,
        sandbox=one.sandbox,
    )


def _named(tenants: Collection[UUID], names: Mapping[UUID, str]) -> list[NamedTenant]:
    named = (NamedTenant(id=tenant, name=names[tenant]) for tenant in tenants if tenant in names)
    return sorted(named, key=lambda one: one.name.lower())


def _alert(alert: Alert, names: Mapping[UUID, str]) -> AlertView:
    return AlertView(
        tenant=NamedTenant(id=alert.tenant_id, name=names[alert.tenant_id]),
        reason=alert.reason,
        detail=alert.detail,
        action=alert.action,
        at=alert.at,
    )


def _stale(tenant: ListedTenant) -> StaleView:
    return StaleView(
        tenant=NamedTenant(id=tenant.id, name=tenant.name),
        heartbeat_at=tenant.worker.heartbeat_at,
    )


def _memory(settings: Settings) -> MemoryView:
    available = room.available_bytes()
    if available is None:
        return MemoryView(available_bytes=None, room_for_tenants=None)
    count = room.tenants_in(available, settings.tenants_per_browser, is_running=True)
    return MemoryView(available_bytes=available, room_for_tenants=count)


def _disks(settings: Settings) -> list[DiskView]:
    """The file systems that flowhqd writes to, each once."""
    places = {
        "state": settings.state_path,
        "sessions": settings.sessions_path,
        "logs": settings.logs_path,
    }
    disks: dict[int, tuple[Path, list[str]]] = {}
    for name, path in places.items():
        there = next(each for each in (path, *path.parents) if each.exists())
        disks.setdefault(there.stat().st_dev, (there, []))[1].append(name)
    return [_disk(path, holds) for path, holds in disks.values()]


def _disk(path: Path, holds: Iterable[str]) -> DiskView:
    usage = shutil.disk_usage(path)
    return DiskView(
        path=str(path), holds=list(holds), free_bytes=usage.free, total_bytes=usage.total
    )
