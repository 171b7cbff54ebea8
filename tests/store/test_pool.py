from __future__ import annotations

import asyncio
import logging
import time
import uuid
from pathlib import Path

import asyncpg
import pytest

from flowhqd.accounts import unprivileged
from flowhqd.errors import SettingsError, StartupError, StoreUnavailable
from flowhqd.store import pool as pool_module
from flowhqd.store.embedded import EmbeddedPostgres
from flowhqd.store.errors import store_errors
from flowhqd.store.pool import connect, open_pool, redacted
from tests.database import Server

PASSWORD = "correct-horse"


async def test_json_goes_in_and_out_as_python_objects(pool: asyncpg.Pool) -> None:
    value = {"tz": "Africa/Dar_es_Salaam", "mon": [["08:00", "17:00"]], "name": "Mama Ñame 🍲"}

    for kind in ("json", "jsonb"):
        assert await pool.fetchval(f"select $1::{kind}", value) == value
        assert await pool.fetchval(f"select $1::{kind} ->> 'tz'", value) == value["tz"]


async def test_sessions_are_named_and_limited(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection:
        settings = [
            await connection.fetchval(f"show {name}")
            for name in ("application_name", "statement_timeout", "timezone")
        ]

    assert settings == ["flowhqd", "30s", "UTC"]


async def test_the_pool_holds_no_more_than_its_size(dsn: str) -> None:
    pool = await open_pool(dsn, deadline_seconds=5, max_size=2)
    try:
        async with pool.acquire(), pool.acquire():
            assert pool.get_size() == 2
            with pytest.raises(StoreUnavailable), store_errors():
                await pool.acquire(timeout=0.05)
    finally:
        await pool.close()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "flowhqd",
        f"mysql://me:{PASSWORD}@localhost/db",
        f"postgresql+asyncpg://me:{PASSWORD}@localhost/db",
        f"postgresql://me:{PASSWORD}/12@localhost/db",
        f"postgresql://me:12/{PASSWORD}@localhost/db",
        f"postgresql://me:{PASSWORD}@12@localhost/db",
        f"postgresql://me:12#{PASSWORD}@localhost/db",
        f"postgresql://me:12?{PASSWORD}@localhost/db",
        f"postgresql://me:[{PASSWORD}@localhost/db",
        f"postgresql://me:{PASSWORD}\u2100@localhost/db",
        f"postgresql://me:{PASSWORD}@localhost:port/db",
        f"postgresql://me:{PASSWORD}@localhost:99999999/db",
        f"postgresql://me:{PASSWORD}@localhost/db?sslmode=maybe",
        f"postgresql://me:{PASSWORD}@localhost/db?sslmode",
    ],
)
async def test_a_wrong_url_is_one_line_without_the_password(url: str) -> None:
    async with asyncio.timeout(20):
        with pytest.raises(SettingsError) as caught:
            await open_pool(url, deadline_seconds=30)

    assert caught.value.exit_code == 2
    assert str(caught.value).startswith("DATABASE_URL: ")
    assert "\n" not in str(caught.value)
    assert PASSWORD not in str(caught.value)
    assert PASSWORD not in redacted(url)


@pytest.fixture
async def guarded(postgres: Server, open_directory: Path, dsn: str) -> str:
    """The URL of a role that needs PASSWORD."""
    name = f"guarded_{uuid.uuid4().hex}"
    rules = open_directory / "server/postgres/conf/pg_hba.conf"
    rules.write_text(f"local all {name} scram-sha-256\n{rules.read_text()}")
    connection = await connect(dsn, deadline_seconds=5)
    await connection.execute(f"create role {name} login password '{PASSWORD}'")
    await connection.execute("select pg_reload_conf()")
    # The postmaster has read the rules once the role's sessions are asked for the password.
    while True:
        try:
            await (await asyncpg.connect(dsn, user=name, password=PASSWORD)).close()
            break
        except asyncpg.InvalidAuthorizationSpecificationError:
            await asyncio.sleep(0.01)
    await connection.close()
    return dsn.replace("//flowhqd@", f"//{name}:{PASSWORD}@")


async def test_a_password_that_fits_opens_the_pool(guarded: str) -> None:
    pool = await open_pool(guarded, deadline_seconds=5)
    await pool.close()


async def test_a_wrong_password_is_refused_at_once(guarded: str) -> None:
    async with asyncio.timeout(20):
        with pytest.raises(SettingsError, match="refused the login") as caught:
            await open_pool(guarded.replace(PASSWORD, PASSWORD + "x"), deadline_seconds=30)

    assert caught.value.exit_code == 2
    assert PASSWORD not in str(caught.value)


async def test_a_missing_database_is_refused_at_once(postgres: Server) -> None:
    async with asyncio.timeout(20):
        with pytest.raises(SettingsError, match=r"no such database at flowhqd@.*/nowhere"):
            await open_pool(postgres.of("nowhere"), deadline_seconds=30)


async def test_an_old_server_is_refused(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "OLDEST_SERVER", 99)

    for opening in (open_pool, connect):
        with pytest.raises(StartupError, match=r"PostgreSQL 18 is too old: .* 99") as caught:
            await opening(dsn, deadline_seconds=5)
        assert caught.value.exit_code == 3


async def test_an_absent_server_is_given_up_at_the_deadline(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    url = f"postgresql://me:{PASSWORD}@127.0.0.1:1/db"

    with pytest.raises(
        StartupError, match=r"me@127.0.0.1:1/db did not answer within 0.3 s"
    ) as caught:
        await open_pool(url, deadline_seconds=0.3)

    assert caught.value.exit_code == 3
    assert PASSWORD not in str(caught.value)
    assert "database_awaited" in caplog.text
    assert PASSWORD not in caplog.text


async def test_a_server_that_comes_up_late_is_awaited(open_directory: Path) -> None:
    server = EmbeddedPostgres(open_directory / "late", unprivileged(), fast_unsafe=True)

    async with asyncio.TaskGroup() as tasks:
        opening = tasks.create_task(open_pool(server.dsn, deadline_seconds=20))
        await asyncio.sleep(0)
        assert not opening.done()
        await server.__aenter__()
    try:
        assert await opening.result().fetchval("select 1") == 1
        await opening.result().close()
    finally:
        await server.__aexit__()


async def test_a_lost_connection_is_store_unavailable(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection:
        with pytest.raises(StoreUnavailable), store_errors():
            await connection.execute("select pg_terminate_backend(pg_backend_pid())")
        with pytest.raises(StoreUnavailable), store_errors():
            await connection.execute("select 1")


async def test_a_connection_that_was_ended_while_idle_is_store_unavailable(
    dsn: str,
) -> None:
    """Also when its end has not been read yet; what asyncpg says then varies from try to try."""
    other = await connect(dsn, deadline_seconds=5)
    for _ in range(40):
        ended = await connect(dsn, deadline_seconds=5)
        await other.fetchval("select pg_terminate_backend($1)", ended.get_server_pid())
        # The farewell and the end are there before anything of them is read.
        time.sleep(0.01)  # noqa: ASYNC251
        with pytest.raises(StoreUnavailable), store_errors():
            await ended.execute("select 1")
        ended.terminate()
    await other.close()


async def test_a_statement_that_takes_too_long_is_store_unavailable(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection:
        await connection.execute("set statement_timeout = 20")
        with pytest.raises(StoreUnavailable), store_errors():
            await connection.execute("select pg_sleep(10)")


async def test_a_closed_pool_is_store_unavailable(dsn: str) -> None:
    pool = await open_pool(dsn, deadline_seconds=5)
    await pool.close()

    with pytest.raises(StoreUnavailable), store_errors():
        await pool.fetchval("select 1")


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("select 1 / 0", asyncpg.DivisionByZeroError),
        ("select nothing", asyncpg.UndefinedColumnError),
        (
            "create temp table one (x int check (x > 0)); insert into one values (0)",
            asyncpg.CheckViolationError,
        ),
    ],
)
async def test_other_errors_pass_unchanged(
    pool: asyncpg.Pool, statement: str, error: type[Exception]
) -> None:
    with pytest.raises(error), store_errors():
        await pool.execute(statement)


async def test_wrong_use_of_a_connection_passes_unchanged(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        with pytest.raises(asyncpg.InterfaceError), store_errors():
            await transaction.start()
        await transaction.rollback()
