"""Connections to PostgreSQL, whichever way it is run."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_before_delay,
    wait_random_exponential,
)

from flowhqd.errors import SettingsError, StartupError
from flowhqd.log import get_logger
from flowhqd.store.errors import is_unavailable

Connection: TypeAlias = "asyncpg.Connection | PoolConnectionProxy"
"""A connection of its own or one lent by a pool; what every function of the store takes."""

OLDEST_SERVER = 15
STATEMENT_TIMEOUT_SECONDS = 30
CONNECT_TIMEOUT_SECONDS = 10
_SESSION = {
    "application_name": "flowhqd",
    "statement_timeout": str(STATEMENT_TIMEOUT_SECONDS * 1000),
    "idle_in_transaction_session_timeout": str(2 * STATEMENT_TIMEOUT_SECONDS * 1000),
    # Over TCP the server notices a vanished host after a minute, and drops its locks, rather than
    # after the two hours that Linux takes by default.
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "timezone": "UTC",
}
_EXAMPLE = "postgresql://user:password@host:5432/database"

_T = TypeVar("_T")
_log = get_logger(__name__)
# It would write a traceback with each of its own tries while the database is away; whoever needs a
# connection meanwhile says so in one line.
logging.getLogger("asyncpg.pool").setLevel(logging.ERROR)


async def open_pool(dsn: str, *, deadline_seconds: float, max_size: int = 10) -> asyncpg.Pool:
    """A pool for the PostgreSQL at ``dsn``, waiting up to ``deadline_seconds`` for it to come up.

    Raises SettingsError at once when the URL, the account or the database's name is wrong, and
    StartupError when the server is too old or does not answer in time. No message holds a password.
    """

    async def attempt() -> asyncpg.Pool:
        pool = await asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=max_size,
            init=_prepare,
            timeout=CONNECT_TIMEOUT_SECONDS,
            # The server's own limit comes first; this one is for a server that has gone silent.
            command_timeout=STATEMENT_TIMEOUT_SECONDS + 5,
            server_settings=_SESSION,
        )
        try:
            async with pool.acquire() as connection:
                _check_version(connection)
        except BaseException:
            pool.terminate()
            raise
        return pool

    return await _persist(dsn, attempt, deadline_seconds)


async def connect(dsn: str, *, deadline_seconds: float) -> asyncpg.Connection:
    """One connection outside any pool, with the settings and errors of ``open_pool``."""

    async def attempt() -> asyncpg.Connection:
        connection = await asyncpg.connect(
            dsn,
            timeout=CONNECT_TIMEOUT_SECONDS,
            command_timeout=STATEMENT_TIMEOUT_SECONDS + 5,
            server_settings=_SESSION,
        )
        try:
            _check_version(connection)
            await _prepare(connection)
        except BaseException:
            connection.terminate()
            raise
        return connection

    return await _persist(dsn, attempt, deadline_seconds)


def redacted(dsn: str) -> str:
    """``dsn`` as far as it may be shown: user, host and database, never a password or an option."""
    try:
        url = _split(dsn)
    except ValueError:
        return "DATABASE_URL"
    login, _, host = url.netloc.rpartition("@")
    user = unquote(login.partition(":")[0])
    host = host or parse_qs(url.query).get("host", ["localhost"])[-1]
    return f"{user}@{host}{unquote(url.path)}" if user else f"{host}{unquote(url.path)}"


def _split(dsn: str) -> SplitResult:
    """The parts of a PostgreSQL URL; raises ValueError where a password could be taken for one."""
    try:
        url = urlsplit(dsn)
        # Several hosts, with a port each, are asyncpg's to read.
        if "," not in url.netloc and url.port == 0:
            raise ValueError
    except ValueError:
        # Its own text may quote what stands where the password does.
        raise ValueError("not a URL") from None
    if url.scheme not in {"postgresql", "postgres"}:
        raise ValueError("not a PostgreSQL URL")
    if url.netloc.count("@") > 1 or "@" in url.path + url.query or url.fragment:
        raise ValueError("a special character is not percent-encoded")
    return url


async def _persist(dsn: str, attempt: Callable[[], Awaitable[_T]], deadline_seconds: float) -> _T:
    """Try ``attempt`` until it works, the deadline has passed, or waiting cannot help."""
    try:
        _split(dsn)
    except ValueError as error:
        raise SettingsError([f"DATABASE_URL: {error}; it looks like {_EXAMPLE}"]) from None

    def report(state: RetryCallState) -> None:
        _log.warning("database_awaited", database=redacted(dsn), attempt=state.attempt_number)

    retrying = AsyncRetrying(
        retry=retry_if_exception(_may_pass),
        stop=stop_before_delay(deadline_seconds),
        wait=wait_random_exponential(multiplier=0.1, max=2),
        before_sleep=report,
        reraise=True,
    )
    try:
        return await retrying(attempt)
    except StartupError:
        raise
    except Exception as error:
        # Not chained: asyncpg's complaint about a URL quotes it, and with it the password.
        raise _explained(error, dsn, deadline_seconds) from None


def _may_pass(error: BaseException) -> bool:
    """Whether the error is one that a server which is just starting gives."""
    if isinstance(error, ssl.SSLCertVerificationError | PermissionError):
        return False
    return is_unavailable(error)


def _explained(error: Exception, dsn: str, deadline_seconds: float) -> StartupError:
    where = redacted(dsn)
    if _may_pass(error):
        return StartupError(
            f"PostgreSQL at {where} did not answer within {deadline_seconds:g} s "
            f"({str(error) or type(error).__name__}): is it running, and is DATABASE_URL right?"
        )
    match error:
        case asyncpg.InvalidPasswordError() | asyncpg.InvalidAuthorizationSpecificationError():
            problem = f"PostgreSQL at {where} refused the login: {error}"
        case asyncpg.InvalidCatalogNameError():
            problem = f"there is no such database at {where}: make it with createdb"
        case asyncpg.PostgresError() | OSError():
            problem = f"PostgreSQL at {where} refused the connection: {error}"
        case _:
            problem = f"its options cannot be used; it looks like {_EXAMPLE}"
    return SettingsError([f"DATABASE_URL: {problem}"])


def _check_version(connection: Connection) -> None:
    version = connection.get_server_version()
    if version.major < OLDEST_SERVER:
        raise StartupError(
            f"PostgreSQL {version.major} is too old: flowhqd needs {OLDEST_SERVER} or newer"
        )


async def _prepare(connection: Connection) -> None:
    """Make json and jsonb values Python objects in both directions."""
    for name in ("json", "jsonb"):
        await connection.set_type_codec(
            name,
            schema="pg_catalog",
            encoder=lambda value: orjson.dumps(value).decode(),
            decoder=orjson.loads,
        )
