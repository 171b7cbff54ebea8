"""Bring a database's schema up to date with the files of ``sql/migrations``.

Files are named ``NNNN_slug.sql`` and only ever added. Each runs in a transaction of its own, unless
one of its first lines is ``-- no-transaction`` (for ``CREATE INDEX CONCURRENTLY``); such a file
holds one statement that may be run again, since a crash can fall between it and its record.
"""

from __future__ import annotations

import asyncio
import hashlib
import operator
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from tenacity import retry, retry_if_result, wait_fixed

from flowhqd.errors import StartupError
from flowhqd.resources import resource
from flowhqd.store.pool import Connection
from flowhqd.store.queries import sql

_FILE = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
# asyncpg takes no "without limit" where the connection has a limit of its own.
_A_DAY_SECONDS = 86_400


class MigrationError(StartupError):
    """The database's schema and this flowhqd do not fit; the message says what to do."""

    code = "migration"


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of ``sql/migrations``."""

    version: int
    name: str
    text: str
    sha256: str

    @property
    def in_transaction(self) -> bool:
        """Whether the file leaves the transaction to us."""
        return "-- no-transaction" not in self.text.splitlines()[:5]


async def migrate(connection: Connection, directory: Path | None = None) -> list[str]:
    """Apply what is missing and return the names applied, oldest first.

    Processes that migrate at the same time wait for each other. Raises MigrationError for a
    database that is newer than this flowhqd, for an applied file that was edited or is gone, and
    for SQL that fails.
    """
    files = await asyncio.to_thread(_read, directory)
    async with _alone(connection):
        await connection.execute(sql.migration_table_create)
        missing = _missing(files, await connection.fetch(sql.migrations_applied))
        for file in missing:
            await _apply(connection, file)
    return [file.name for file in missing]


async def pending(connection: Connection, directory: Path | None = None) -> list[str]:
    """The names ``migrate`` would apply; changes nothing. Raises MigrationError as it does."""
    files = await asyncio.to_thread(_read, directory)
    applied: list[asyncpg.Record] = []
    if await connection.fetchval(sql.migration_table_exists):
        applied = await connection.fetch(sql.migrations_applied)
    return [file.name for file in _missing(files, applied)]


def _read(directory: Path | None) -> list[Migration]:
    files: dict[int, Migration] = {}
    for path in sorted((directory or resource("sql/migrations")).glob("*.sql")):
        match = _FILE.fullmatch(path.name)
        if match is None:
            raise MigrationError(f"{path}: a migration is named NNNN_slug.sql")
        version = int(match[1])
        if version in files:
            raise MigrationError(
                f"{path}: number {version:04} is taken by {files[version].name}; use the next one"
            )
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        files[version] = Migration(version, path.stem, data.decode(), digest)
    return list(files.values())


def _missing(files: list[Migration], applied: list[asyncpg.Record]) -> list[Migration]:
    """The files not applied yet, once everything that was applied is known to be unchanged."""
    known = {file.version: file for file in files}
    newest_known = max(known, default=0)
    newest_applied = max((row["version"] for row in applied), default=0)
    for row in applied:
        file = known.get(row["version"])
        if file is None and row["version"] > newest_known:
            raise MigrationError(
                f"the database has migration {row['name']}, which this flowhqd does not know: "
                "install the version of flowhqd that was used last, or restore a backup from "
                "before that upgrade"
            )
        if file is None or file.sha256 != row["sha256"]:
            raise MigrationError(
                f"migration {row['name']} is in the database, but its file is gone or was edited "
                "since: reinstall flowhqd, and put changes into a new migration"
            )
    missing = [file for file in files if file.version not in {row["version"] for row in applied}]
    if missing and missing[0].version < newest_applied:
        raise MigrationError(
            f"migration {missing[0].name} comes before {newest_applied:04}, which is already in "
            "the database: give it the next number"
        )
    return missing


async def _apply(connection: Connection, file: Migration) -> None:
    record = (sql.migration_record, file.version, file.name, file.sha256)
    try:
        if file.in_transaction:
            async with connection.transaction():
                await connection.execute(file.text, timeout=_A_DAY_SECONDS)
                await connection.execute(*record)
        else:
            await connection.execute(file.text, timeout=_A_DAY_SECONDS)
            await connection.execute(*record)
    except asyncpg.PostgresError as error:
        raise MigrationError(f"migration {file.name} failed: {error}") from error


@asynccontextmanager
async def _alone(connection: Connection) -> AsyncIterator[None]:
    """Hold the migration lock, without the daemon's limit on a statement's time.

    The lock is tried again and again rather than waited for: a session that waits inside
    PostgreSQL holds a snapshot, and ``CREATE INDEX CONCURRENTLY`` would wait for it in turn.
    """
    await connection.execute(sql.migration_no_timeout)
    try:
        await _lock(connection)
        try:
            yield
        finally:
            if not connection.is_closed():
                await connection.execute(sql.migration_unlock)
    finally:
        if not connection.is_closed():
            await connection.execute(sql.migration_restore_timeout)


@retry(retry=retry_if_result(operator.not_), wait=wait_fixed(0.1))
async def _lock(connection: Connection) -> bool:
    return bool(await connection.fetchval(sql.migration_lock))
