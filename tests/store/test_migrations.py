from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from flowhqd.store.migrations import MigrationError, migrate, pending
from flowhqd.store.pool import connect

FIRST = "-- People.\ncreate table person (name text);\ninsert into person values ('first');\n"
SECOND = "-- Places.\ncreate table place (name text);\n"


@pytest.fixture
async def connection(empty_dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await connect(empty_dsn, deadline_seconds=5)
    yield connection
    await connection.close()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "0001_people.sql").write_text(FIRST)
    (tmp_path / "0002_places.sql").write_text(SECOND)
    return tmp_path


async def tables(connection: asyncpg.Connection) -> set[str]:
    rows = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
    return {row["tablename"] for row in rows}


async def test_what_is_missing_is_applied_once(
    connection: asyncpg.Connection, directory: Path
) -> None:
    assert await pending(connection, directory) == ["0001_people", "0002_places"]
    assert await tables(connection) == set()

    assert await migrate(connection, directory) == ["0001_people", "0002_places"]

    assert await pending(connection, directory) == []
    assert await migrate(connection, directory) == []
    assert await connection.fetchval("select count(*) from person") == 1
    (directory / "0003_more.sql").write_text("-- More.\ncreate table more ();\n")
    assert await migrate(connection, directory) == ["0003_more"]


async def test_the_shipped_migrations_leave_nothing_pending(dsn: str) -> None:
    connection = await connect(dsn, deadline_seconds=5)
    try:
        assert await pending(connection) == []
    finally:
        await connection.close()


async def test_a_failing_file_leaves_the_earlier_ones_and_nothing_of_itself(
    connection: asyncpg.Connection, directory: Path
) -> None:
    (directory / "0002_places.sql").write_text(SECOND + "drop table nowhere;\n")

    with pytest.raises(MigrationError, match='0002_places failed: table "nowhere"'):
        await migrate(connection, directory)

    assert await tables(connection) == {"schema_migration", "person"}
    (directory / "0002_places.sql").write_text(SECOND)
    assert await migrate(connection, directory) == ["0002_places"]


async def test_an_edited_file_is_refused(connection: asyncpg.Connection, directory: Path) -> None:
    await migrate(connection, directory)
    (directory / "0001_people.sql").write_text(FIRST + "-- A thought.\n")
    (directory / "0003_more.sql").write_text("-- More.\ncreate table more ();\n")

    for check in (migrate, pending):
        with pytest.raises(MigrationError, match=r"0001_people .* edited since: reinstall"):
            await check(connection, directory)
    assert "more" not in await tables(connection)


async def test_a_removed_file_is_refused(connection: asyncpg.Connection, directory: Path) -> None:
    await migrate(connection, directory)
    (directory / "0001_people.sql").unlink()

    with pytest.raises(MigrationError, match=r"0001_people .* its file is gone"):
        await migrate(connection, directory)


async def test_a_newer_database_is_refused(connection: asyncpg.Connection, directory: Path) -> None:
    await migrate(connection, directory)
    (directory / "0002_places.sql").unlink()

    with pytest.raises(MigrationError, match="0002_places, which this flowhqd does not know"):
        await migrate(connection, directory)


async def test_a_file_before_an_applied_one_is_refused(
    connection: asyncpg.Connection, directory: Path
) -> None:
    (directory / "0001_people.sql").rename(directory / "0003_people.sql")
    await migrate(connection, directory)
    (directory / "0001_late.sql").write_text("-- Late.\ncreate table late ();\n")

    with pytest.raises(MigrationError, match="0001_late comes before 0003"):
        await migrate(connection, directory)


@pytest.mark.parametrize(
    ("name", "complaint"), [("3_x.sql", "NNNN_slug"), ("0002_again.sql", "0002 is taken")]
)
async def test_a_badly_named_file_is_refused(
    connection: asyncpg.Connection, directory: Path, name: str, complaint: str
) -> None:
    (directory / name).write_text("select 1;")

    with pytest.raises(MigrationError, match=complaint):
        await migrate(connection, directory)


async def test_two_migrate_at_once_and_each_file_runs_once(
    empty_dsn: str, connection: asyncpg.Connection, directory: Path
) -> None:
    """The index is built while the other one waits, which deadlocks if it waits in PostgreSQL."""
    (directory / "0002_places.sql").write_text("-- Slow.\nselect pg_sleep(0.2);\n")
    (directory / "0003_index.sql").write_text(
        "-- Names are looked up.\n-- no-transaction\n"
        "create index concurrently if not exists person_by_name on person (name);\n"
    )
    other = await connect(empty_dsn, deadline_seconds=5)
    try:
        one, two = await asyncio.gather(migrate(connection, directory), migrate(other, directory))
    finally:
        await other.close()

    assert sorted([one, two]) == [[], ["0001_people", "0002_places", "0003_index"]]
    assert await connection.fetchval("select count(*) from person") == 1
    assert await connection.fetchval(
        "select indisvalid from pg_index where indexrelid = 'person_by_name'::regclass"
    )


async def test_a_slow_migration_outlives_the_statement_timeout(
    connection: asyncpg.Connection, directory: Path
) -> None:
    usual = await connection.fetchval("show statement_timeout")
    (directory / "0003_limit.sql").write_text(
        "-- What the migration sees.\n"
        "create table seen as select current_setting('statement_timeout') as value;\n"
    )

    await migrate(connection, directory)

    assert await connection.fetchval("select value from seen") == "0"
    assert await connection.fetchval("show statement_timeout") == usual == "30s"
