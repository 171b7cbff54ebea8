"""The database as the check sees it."""

from __future__ import annotations

import os
from pathlib import Path

from flowhqd.accounts import unprivileged
from flowhqd.check import database
from flowhqd.check.finding import Finding, Status
from flowhqd.environment import load_settings
from flowhqd.store.embedded import EmbeddedPostgres
from flowhqd.store.owner import StateLock
from flowhqd.store.pool import connect


async def finding(pid: int | None = None, **environment: str) -> Finding:
    settings = load_settings({"STATE_PATH": "/nowhere", **environment})
    [found] = await database.findings(settings, pid)
    return found


async def test_a_migrated_database_is_well(dsn: str) -> None:
    found = await finding(DATABASE_URL=dsn)
    assert found.status is Status.OK
    assert "every migration is applied" in found.detail


async def test_waiting_migrations_trouble_only_a_daemon_that_runs(empty_dsn: str) -> None:
    found = await finding(DATABASE_URL=empty_dsn)
    assert found.status is Status.OK
    assert "0001_initial" in found.detail
    beside = await finding(os.getpid(), DATABASE_URL=empty_dsn)
    assert beside.status is Status.WARNING
    assert "restart the daemon" in beside.cure


async def test_a_database_of_a_newer_flowhqd(dsn: str) -> None:
    connection = await connect(dsn, deadline_seconds=5)
    await connection.execute("insert into schema_migration values (9000, '9000_later', '')")
    await connection.close()
    found = await finding(DATABASE_URL=dsn)
    assert found.status is Status.FAILURE
    assert "9000_later" in found.detail


async def test_a_server_that_is_away(tmp_path: Path) -> None:
    found = await finding(DATABASE_URL=f"postgresql://somebody:hidden@/db?host={tmp_path}")
    assert found.status is Status.FAILURE
    assert "hidden" not in found.detail


async def test_a_database_of_its_own_is_started_for_a_look_and_stopped(
    open_directory: Path,
) -> None:
    state = open_directory / "own"
    with StateLock(state):
        server = EmbeddedPostgres(state, unprivileged(), fast_unsafe=True)
        server.start()
        server.stop()
    found = await finding(STATE_PATH=str(state))
    assert found.status is Status.OK
    assert "embedded; not applied yet: 0001_initial" in found.detail
    assert server._processes() == []
    with StateLock(state):
        assert (await finding(STATE_PATH=str(state))).status is Status.FAILURE


async def test_before_the_first_start_nothing_is_left(open_directory: Path) -> None:
    state = open_directory / "never"
    found = await finding(STATE_PATH=str(state))
    assert found.status is Status.OK
    assert "first start" in found.detail
    assert not state.exists()
