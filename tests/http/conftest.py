"""A bound server on a real database, and clients that talk to it over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import asyncpg
import pytest

from flowhqd.clock import SystemClock
from flowhqd.environment import load_settings
from flowhqd.http import throttle
from flowhqd.http.app import create_app
from flowhqd.http.server import serve
from flowhqd.http.services import Services
from flowhqd.qr import png_data_url
from flowhqd.states import SessionState, TenantStatus, WorkerStatus
from flowhqd.store import contacts, messages, states
from flowhqd.store.database import Database
from flowhqd.store.messages import Inbound
from flowhqd.store.pool import open_pool
from flowhqd.store.states import Qr, StateChange
from flowhqd.whatsapp.addresses import alias
from tests.database import Server
from tests.http.control import RecordingControl

PASSWORD = "kahawa-na-chai"
BODY: dict[str, Any] = {
    "name": "Duka la Asha",
    "phone_number": "+255 712 345 678",
    "template_type": "BOOKING",
    "business_name": "Asha Salon",
    "language": "SW",
}


Hear = Callable[..., Awaitable[None]]


@dataclass
class Site:
    """A server under test."""

    url: str
    services: Services
    control: RecordingControl
    health: dict[str, bool]
    clients: list[aiohttp.ClientSession] = field(default_factory=list)

    def client(self, password: str | None = PASSWORD, **headers: str) -> aiohttp.ClientSession:
        """A client with its own cookies; without a password when None."""
        if password is not None:
            headers["Authorization"] = aiohttp.encode_basic_auth("admin", password)
        session = aiohttp.ClientSession(
            self.url, headers=headers, cookie_jar=aiohttp.CookieJar(unsafe=True)
        )
        self.clients.append(session)
        return session


@pytest.fixture(scope="session")
def http_dsn(postgres: Server, migrated: str) -> str:
    """The URL of one database for all tests of this room."""
    return asyncio.run(postgres.create("http", migrated))


@pytest.fixture
async def pool(http_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    """A pool of that database, which is empty: a new database each would take half the time."""
    pool = await open_pool(http_dsn, deadline_seconds=5)
    await pool.execute("truncate tenant, portal_user, admin_session, api_key, audit cascade")
    yield pool
    await pool.close()


@pytest.fixture
def environ(tmp_path: Path, request: pytest.FixtureRequest) -> dict[str, str]:
    """The environment of the daemon, and what a test adds to it by indirect parameter."""
    return {"STATE_PATH": str(tmp_path), **getattr(request, "param", {})}


@pytest.fixture
async def site(pool: asyncpg.Pool, environ: dict[str, str]) -> AsyncIterator[Site]:
    """A server on a free port."""
    async with serving(pool, environ) as site:
        yield site


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Failures wait for a moment only."""
    monkeypatch.setattr(throttle, "FIRST_DELAY_SECONDS", 0.001)


@asynccontextmanager
async def serving(pool: asyncpg.Pool, environ: Mapping[str, str]) -> AsyncIterator[Site]:
    """A server on a free port, over a database."""
    database = Database(pool)
    control = RecordingControl(database)
    health = {"database": True, "supervisor": True}

    async def ready() -> Mapping[str, bool]:
        return health

    services = Services(
        settings=load_settings(environ),
        database=database,
        control=control,
        clock=SystemClock(),
        admin_password=PASSWORD,
        portal_key="portal-key-of-sixteen",
        ready=ready,
    )
    async with serve(create_app(services), "127.0.0.1", 0) as url:
        site = Site(url, services, control, health)
        try:
            yield site
        finally:
            for client in site.clients:
                await client.close()


@pytest.fixture
async def admin(site: Site) -> aiohttp.ClientSession:
    """A client with the right password."""
    return site.client()


@pytest.fixture
def make_tenant(admin: aiohttp.ClientSession) -> Callable[..., Awaitable[str]]:
    """Creates a tenant over HTTP and returns its id."""

    async def make(**fields: Any) -> str:
        async with admin.post("/admin/tenants", json={**BODY, **fields}) as response:
            assert response.status == 201, await response.text()
            tenant: str = (await response.json())["tenant"]["id"]
            return tenant

    return make


@pytest.fixture
async def tenant(make_tenant: Callable[..., Awaitable[str]]) -> str:
    """The id of a tenant."""
    return await make_tenant()


@pytest.fixture
def show_qr(site: Site) -> Callable[[str, str], Awaitable[datetime]]:
    """Puts a code to scan into a tenant's session and returns when it goes stale."""

    async def show(tenant: str, text: str) -> datetime:
        expires_at = datetime.now(UTC) + timedelta(seconds=120)
        change = StateChange(
            "awaiting_scan",
            tenant=TenantStatus.QR_PENDING,
            session=SessionState.QR_READY,
            worker=WorkerStatus.RUNNING,
        )
        async with site.services.database.transaction() as connection:
            await states.apply(connection, UUID(tenant), change, actor="worker")
            await states.show_qr(
                connection, UUID(tenant), Qr(text, png_data_url(text), 2, expires_at)
            )
        return expires_at

    return show


@pytest.fixture
def connect(site: Site) -> Callable[[str], Awaitable[None]]:
    """Makes a tenant's session CONNECTED."""

    async def connected(tenant: str) -> None:
        change = StateChange(
            "connected",
            tenant=TenantStatus.ACTIVE,
            session=SessionState.CONNECTED,
            worker=WorkerStatus.RUNNING,
        )
        async with site.services.database.transaction() as connection:
            await states.apply(connection, UUID(tenant), change, actor="worker")

    return connected


@pytest.fixture
def hear(site: Site) -> Hear:
    """Logs messages of a customer to a tenant."""

    async def heard(
        tenant: str,
        *texts: str,
        phone: str = "255754000001",
        at: datetime | None = None,
        **more: Any,
    ) -> None:
        async with site.services.database.transaction() as connection:
            chat = f"{phone}@c.us"
            contact = await contacts.resolve(connection, UUID(tenant), [alias(chat)])
            for number, text in enumerate(texts):
                said = Inbound(
                    contact_id=contact.id,
                    chat_id=chat,
                    from_number=f"+{phone}",
                    text=text,
                    type="chat",
                    wa_message_id=f"{text[:40]}-{number}-{at}",
                    origin="live",
                    wa_timestamp=datetime.now(UTC),
                    **more,
                )
                await messages.record_inbound(connection, UUID(tenant), said)
            if at is not None:
                await connection.execute(
                    "update message_log set created_at = $1 where created_at = now()", at
                )

    return heard
