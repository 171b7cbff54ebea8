"""The database: does it start, is it new enough, and are its migrations applied."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from flowhqd.accounts import unprivileged
from flowhqd.check.finding import Finding, failure, ok, warning
from flowhqd.check.scratch import scratch_directory
from flowhqd.errors import SettingsError, StartupError, StoreUnavailable
from flowhqd.settings import Settings
from flowhqd.store.embedded import EmbeddedPostgres
from flowhqd.store.errors import store_errors
from flowhqd.store.migrations import MigrationError, pending
from flowhqd.store.owner import StateLock
from flowhqd.store.pool import connect, redacted

CONNECT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Reached:
    """A database that can be connected to; ``is_new``: it was made for the check alone."""

    dsn: str
    where: str
    is_new: bool = False


@asynccontextmanager
async def reached(settings: Settings, pid: int | None) -> AsyncIterator[Reached]:
    """The daemon's database, without getting into the way of a daemon that runs (``pid``).

    The embedded one is started only when nobody runs it, under the daemon's own lock; before the
    first start of the daemon it is tried in a directory that is gone afterwards.
    Raises StartupError.
    """
    if settings.database_url is not None:
        dsn = settings.database_url.get_secret_value()
        yield Reached(dsn, f"at {redacted(dsn)}")
        return
    account, state = unprivileged(), settings.state_path
    async with AsyncExitStack() as stack:
        if pid is not None:
            yield Reached(EmbeddedPostgres(state, account).dsn, "embedded, the daemon's")
        elif (state / "postgres" / "data").exists():
            stack.enter_context(StateLock(state))
            server = await stack.enter_async_context(EmbeddedPostgres(state, account))
            yield Reached(server.dsn, "embedded")
        else:
            place = stack.enter_context(scratch_directory())
            server = await stack.enter_async_context(EmbeddedPostgres(place, account))
            yield Reached(server.dsn, "embedded", is_new=True)


async def findings(settings: Settings, pid: int | None) -> list[Finding]:
    """``pid`` is a running daemon."""
    try:
        async with reached(settings, pid) as database:
            return [await _look(database, pid)]
    except MigrationError as error:
        return [failure("database", str(error), "see the detail: it names the way out")]
    except SettingsError as error:
        return [failure("database", error.problems[0], "put DATABASE_URL right")]
    except (StartupError, StoreUnavailable) as error:
        cure = (
            "see the detail; more may stand in STATE_PATH/postgres/log/server.log"
            if settings.database_url is None
            else "start PostgreSQL, or put DATABASE_URL right"
        )
        return [failure("database", str(error), cure)]


async def _look(database: Reached, pid: int | None) -> Finding:
    with store_errors():
        connection = await connect(database.dsn, deadline_seconds=CONNECT_SECONDS)
        try:
            version = connection.get_settings().server_version
            waiting = await pending(connection)
        finally:
            await connection.close()
    detail = f"PostgreSQL {version}, {database.where}"
    if database.is_new:
        return ok("database", f"{detail}; made at the first start of the daemon")
    if not waiting:
        return ok("database", f"{detail}; every migration is applied")
    detail += f"; not applied yet: {', '.join(waiting)}"
    if pid is None:
        return ok("database", f"{detail} (the next start does)")
    return warning(
        "database", detail, "restart the daemon, which is older than this: flowhqd was upgraded"
    )
