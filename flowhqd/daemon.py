"""The composition root: the one place that knows every part of the daemon."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import uvloop

from flowhqd import __version__, log, metrics, systemd
from flowhqd.accounts import unprivileged
from flowhqd.browser.executable import find_chromium
from flowhqd.browser.host import BrowserHost, BrowserOptions
from flowhqd.changes import Changes
from flowhqd.clock import SystemClock
from flowhqd.credentials import Credentials, generate_secrets
from flowhqd.errors import StartupError, StoreUnavailable
from flowhqd.http.app import create_app
from flowhqd.http.server import serve
from flowhqd.http.services import Services
from flowhqd.loop_lag import LoopLag
from flowhqd.replies import registry
from flowhqd.settings import Settings
from flowhqd.store import installation, migrations
from flowhqd.store.database import Database
from flowhqd.store.embedded import EmbeddedPostgres
from flowhqd.store.owner import OwnerLock, StateLock
from flowhqd.store.pool import open_pool
from flowhqd.supervisor.supervisor import Supervisor

_log = log.get_logger(__name__)

DATABASE_SECONDS = 30.0
READY_SECONDS = 2.0
_ABANDONED = "Resetting connection with an active transaction"


@dataclass(frozen=True, slots=True)
class Running:
    """The daemon while it runs."""

    url: str
    credentials: Credentials
    database: Database
    host: BrowserHost
    supervisor: Supervisor


Prepare = Callable[[Database, BrowserHost], Awaitable[None]]
Work = Callable[[Running], Awaitable[None]]


def run(
    settings: Settings,
    *,
    announce: Callable[[Running], None],
    prepare: Prepare | None = None,
    work: Work | None = None,
) -> None:
    """Run the daemon until SIGTERM or SIGINT; a second one ends it without ceremony.

    ``announce`` is called once it serves; ``prepare`` before any worker starts; ``work`` is done
    while it serves, and once that is done the daemon ends too. Raises StartupError when it cannot
    start.
    """
    with (
        StateLock(settings.state_path),
        _logging(settings, generate_secrets(settings)) as credentials,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(_serve(settings, credentials, announce, prepare, work))


@contextlib.contextmanager
def _logging(settings: Settings, credentials: Credentials) -> Any:
    secrets = [
        credentials.admin_password.get_secret_value(),
        credentials.portal_internal_key.get_secret_value(),
    ]
    with log.configure(
        level=settings.log_level,
        logs_path=settings.logs_path,
        message_bodies=settings.log_message_bodies,
        secrets=secrets,
    ):
        yield credentials


async def _serve(
    settings: Settings,
    credentials: Credentials,
    announce: Callable[[Running], None],
    prepare: Prepare | None,
    work: Work | None,
) -> None:
    stopping = asyncio.Event()
    main = asyncio.current_task()
    assert main is not None  # noqa: S101 - a coroutine that runs is in a task

    def stop() -> None:
        if stopping.is_set():
            main.cancel()
        stopping.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    loop.set_exception_handler(_log_unhandled)
    for problem in registry.load_installed():
        _log.error("template_not_loaded", problem=problem)
    _log.info("starting", version=__version__, whatsapp_web_url=settings.whatsapp_web_url)
    starting = asyncio.create_task(stopping.wait())
    try:
        async with open_daemon(settings, credentials, prepare) as running:
            announce(running)
            systemd.notify("READY=1")
            if work is not None:
                async with _background(_then(work(running), stopping.set), "work"):
                    await starting
            await starting
            systemd.notify("STOPPING=1")
            _log.info("stopping")
    finally:
        starting.cancel()


@asynccontextmanager
async def open_daemon(
    settings: Settings, credentials: Credentials, prepare: Prepare | None = None
) -> AsyncIterator[Running]:
    """Everything the daemon is, from entering to leaving; raises StartupError."""
    account = unprivileged()
    options = BrowserOptions(
        executable=find_chromium(settings.puppeteer_executable_path),
        profiles_path=settings.sessions_path,
        account=account,
        extra_args=settings.chromium_args,
        tenants_per_browser=settings.tenants_per_browser,
    )
    clock = SystemClock()
    changes = Changes()
    async with AsyncExitStack() as stack:
        if settings.database_url is not None:
            dsn = settings.database_url.get_secret_value()
        else:
            embedded = EmbeddedPostgres(settings.state_path, account)
            dsn = (await stack.enter_async_context(embedded)).dsn
            await stack.enter_async_context(_background(embedded.watch(), "postgres"))
        pool = await open_pool(dsn, deadline_seconds=DATABASE_SECONDS)
        stack.push_async_callback(_close_pool, pool)
        database = Database(pool)
        try:
            async with database.connection() as connection:
                await migrations.migrate(connection)
                key = await installation.message_id_key(connection)
        except StoreUnavailable as error:
            raise StartupError(str(error)) from error
        owner = await stack.enter_async_context(OwnerLock(dsn))
        await stack.enter_async_context(_background(owner.watch(), "owner"))
        await stack.enter_async_context(_background(systemd.watchdog(), "watchdog"))
        host = await stack.enter_async_context(BrowserHost(options))
        await stack.enter_async_context(_background(host.watch(), "room"))
        if prepare is not None:
            await prepare(database, host)
        supervisor = Supervisor(
            host,
            database,
            settings,
            clock=clock,
            is_owner=owner.held,
            message_id_key=key,
            changes=changes,
        )

        async def ready() -> Mapping[str, bool]:
            return {
                "database": await _answers(database),
                "owner": owner.held.is_set(),
                "supervisor": supervisor.is_running,
            }

        lag = LoopLag(metrics.LOOP_LAG.observe)
        await stack.enter_async_context(_background(lag.run(), "loop_lag"))
        services = Services(
            settings=settings,
            database=database,
            control=supervisor,
            clock=clock,
            admin_password=credentials.admin_password.get_secret_value(),
            portal_key=credentials.portal_internal_key.get_secret_value(),
            ready=ready,
            changes=changes,
            lag=lag,
        )
        # The port is taken before any worker starts: a daemon that cannot serve does nothing.
        url = await stack.enter_async_context(
            serve(create_app(services), settings.host, settings.port)
        )
        await stack.enter_async_context(supervisor)
        yield Running(url, credentials, database, host, supervisor)


async def _then(work: Awaitable[None], stop: Callable[[], None]) -> None:
    try:
        await work
    finally:
        stop()


@asynccontextmanager
async def _background(work: Any, name: str) -> AsyncIterator[None]:
    task = asyncio.create_task(work, name=name)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _answers(database: Database) -> bool:
    try:
        async with asyncio.timeout(READY_SECONDS), database.connection() as connection:
            await connection.execute("select 1")
    except (StoreUnavailable, TimeoutError):
        return False
    return True


async def _close_pool(pool: asyncpg.Pool) -> None:
    try:
        async with asyncio.timeout(READY_SECONDS):
            await pool.close()
    except TimeoutError:
        pool.terminate()


def _log_unhandled(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    error, message = context.get("exception"), str(context.get("message"))
    # pyppeteer leaves futures behind whose page is gone; their callers have been told.
    # asyncpg tells of transactions that were cancelled at their beginning, and ends them.
    if type(error).__module__ == "pyppeteer.errors" or message.startswith(_ABANDONED):
        return
    _log.error("unhandled", message=message, exc_info=error)
