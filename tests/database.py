"""A real PostgreSQL for the tests: one server a run, one database a test."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from flowhqd.accounts import unprivileged
from flowhqd.store.embedded import EmbeddedPostgres
from flowhqd.store.migrations import migrate
from flowhqd.store.pool import connect, open_pool

TEMPLATE = "migrated"


@dataclass(frozen=True)
class Server:
    """A running PostgreSQL; databases are made and dropped over its first one."""

    dsn: str

    def of(self, database: str) -> str:
        """The URL of another database of this server."""
        return self.dsn.replace("/flowhqd?", f"/{database}?")

    async def create(self, database: str, template: str = "template0") -> str:
        await self._run(f"create database {database} template {template}")
        return self.of(database)

    async def drop(self, database: str) -> None:
        await self._run(f"drop database {database} with (force)")

    async def _run(self, statement: str) -> None:
        connection = await connect(self.dsn, deadline_seconds=5)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@pytest.fixture(scope="session")
def open_directory() -> Iterator[Path]:
    """A directory that the account of PostgreSQL and Chromium may enter; tmp_path is closed."""
    path = Path(tempfile.mkdtemp(prefix="flowhqd-", dir="/tmp"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="session")
def postgres(open_directory: Path) -> Iterator[Server]:
    """The run's server, without fsync."""
    embedded = EmbeddedPostgres(open_directory / "server", unprivileged(), fast_unsafe=True)
    embedded.start()
    try:
        yield Server(embedded.dsn)
    finally:
        embedded.stop()


@pytest.fixture(scope="session")
def migrated(postgres: Server) -> str:
    """The name of a database with every migration of sql/migrations; to be copied, not used."""

    async def make() -> None:
        connection = await connect(await postgres.create(TEMPLATE), deadline_seconds=5)
        try:
            await migrate(connection)
        finally:
            await connection.close()

    asyncio.run(make())
    return TEMPLATE


_numbers = itertools.count(1)


def new_name() -> str:
    """The name of a database that there is not yet."""
    return f"test_{next(_numbers)}"


@pytest.fixture
async def empty_dsn(postgres: Server) -> AsyncIterator[str]:
    """The URL of a new database without any table, dropped after the test."""
    name = new_name()
    yield await postgres.create(name)
    await postgres.drop(name)


@pytest.fixture
async def dsn(postgres: Server, migrated: str) -> AsyncIterator[str]:
    """The URL of a new migrated database, dropped after the test."""
    name = new_name()
    yield await postgres.create(name, migrated)
    await postgres.drop(name)


@pytest.fixture
async def pool(dsn: str) -> AsyncIterator[asyncpg.Pool]:
    """A pool of the test's own database."""
    pool = await open_pool(dsn, deadline_seconds=5)
    yield pool
    await pool.close()
