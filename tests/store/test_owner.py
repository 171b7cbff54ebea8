from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from flowhqd.errors import StartupError
from flowhqd.store.owner import OwnerLock, StateLock
from flowhqd.store.pool import connect

HOLD_STATE = """
import sys
from pathlib import Path
from flowhqd.store.owner import StateLock
with StateLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_daemon_in_the_same_directory_is_refused(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_STATE, tmp_path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"

        with (
            pytest.raises(StartupError, match=rf"\(process {other.pid}\) already uses") as caught,
            StateLock(tmp_path),
        ):
            pass
        assert caught.value.exit_code == 3

        other.kill()
        other.wait()

    with StateLock(tmp_path):
        assert (tmp_path / "daemon.lock").read_text() == f"{os.getpid()}\n"
        assert (tmp_path / "daemon.lock").stat().st_mode & 0o777 == 0o600
    with StateLock(tmp_path):
        pass


def test_the_state_directory_is_made(tmp_path: Path) -> None:
    with StateLock(tmp_path / "var" / "flowhqd"):
        assert (tmp_path / "var" / "flowhqd" / "daemon.lock").exists()


def test_a_state_directory_that_is_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with (
        pytest.raises(StartupError, match="STATE_PATH cannot be used"),
        StateLock(tmp_path / "file"),
    ):
        pass


@asynccontextmanager
async def watched(lock: OwnerLock) -> AsyncIterator[OwnerLock]:
    async with lock, asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(lock.watch())
        yield lock
        watching.cancel()


@pytest.fixture
async def bystander(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection that looks at the locks from outside."""
    connection = await connect(dsn, deadline_seconds=5)
    yield connection
    await connection.close()


async def holder(bystander: asyncpg.Connection) -> int | None:
    """The backend that holds the owner's lock in the test's database."""
    pid: int | None = await bystander.fetchval(
        "select pid from pg_locks where locktype = 'advisory' and granted and objid = 1 and "
        "database = (select oid from pg_database where datname = current_database())"
    )
    return pid


class Changes(asyncio.Queue[bool]):
    """What ``on_change`` was told."""

    async def expect(self, *values: bool) -> None:
        async with asyncio.timeout(60):
            for value in values:
                assert await self.get() is value


async def test_a_second_daemon_on_the_same_database_is_refused(dsn: str) -> None:
    async with OwnerLock(dsn) as first:
        assert first.held.is_set()

        with pytest.raises(
            StartupError, match="another flowhqd already uses the database flowhqd@"
        ) as caught:
            await OwnerLock(dsn, grace_seconds=0.3).__aenter__()

        assert caught.value.exit_code == 3
        assert "backend" in str(caught.value)
    assert not first.held.is_set()

    async with OwnerLock(dsn, grace_seconds=0.3) as second:
        assert second.held.is_set()


async def test_a_daemon_that_just_stops_is_waited_for(dsn: str) -> None:
    first = await OwnerLock(dsn).__aenter__()

    async with asyncio.TaskGroup() as tasks:
        entering = tasks.create_task(OwnerLock(dsn, grace_seconds=10).__aenter__())
        await asyncio.sleep(0.05)
        assert not entering.done()
        await first.__aexit__()

    assert entering.result().held.is_set()
    await entering.result().__aexit__()


async def test_two_databases_have_two_owners(dsn: str, empty_dsn: str) -> None:
    async with OwnerLock(dsn), OwnerLock(empty_dsn, grace_seconds=0) as other:
        assert other.held.is_set()


async def test_a_lost_lock_is_told_at_once_and_taken_again(
    dsn: str, bystander: asyncpg.Connection
) -> None:
    changes = Changes()
    async with watched(OwnerLock(dsn, on_change=changes.put_nowait)) as lock:
        await changes.expect(True)
        for _ in range(2):
            before = await holder(bystander)
            await bystander.execute("select pg_terminate_backend($1)", before)

            await changes.expect(False, True)

            assert lock.held.is_set()
            assert await holder(bystander) not in {before, None}
    await changes.expect(False)
    assert changes.empty()


async def test_a_lock_that_another_took_is_awaited(dsn: str, bystander: asyncpg.Connection) -> None:
    changes = Changes()
    async with OwnerLock(dsn, on_change=changes.put_nowait, max_delay_seconds=0.1) as lock:
        await changes.expect(True)
        await bystander.execute("select pg_terminate_backend($1)", await holder(bystander))
        await changes.expect(False)
        async with OwnerLock(dsn), asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(lock.watch())
            await asyncio.sleep(0.3)
            assert not lock.held.is_set()
            watching.cancel()
        watching = asyncio.create_task(lock.watch())
        await changes.expect(True)
        watching.cancel()


async def test_a_server_that_goes_silent_is_noticed(
    dsn: str, bystander: asyncpg.Connection
) -> None:
    """The connection stays open, as when a host vanishes from the network."""
    changes = Changes()
    async with watched(
        OwnerLock(dsn, on_change=changes.put_nowait, check_seconds=0.2, max_delay_seconds=0.1)
    ):
        await changes.expect(True)
        silent = await holder(bystander)
        assert silent is not None
        os.kill(silent, signal.SIGSTOP)
        try:
            await changes.expect(False)
        finally:
            os.kill(silent, signal.SIGCONT)
        await changes.expect(True)
