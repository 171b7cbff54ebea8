from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from flowhqd.accounts import Account, unprivileged
from flowhqd.errors import StartupError
from flowhqd.store import binaries, embedded
from flowhqd.store.embedded import EmbeddedPostgres
from flowhqd.store.pool import connect
from tests.system.daemon import eventually

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs an account other than its own")

KILLED_DAEMON = """
import asyncio, sys
from pathlib import Path
from flowhqd.accounts import unprivileged
from flowhqd.store.embedded import EmbeddedPostgres
from flowhqd.store.pool import connect

async def main():
    async with EmbeddedPostgres(Path(sys.argv[1]), unprivileged()) as server:
        connection = await connect(server.dsn, deadline_seconds=5)
        await connection.execute("create table fresh as select 'fresh' as value")
        await connection.execute("select pg_advisory_lock(1)")
        print("ready", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def account() -> Account:
    return unprivileged()


@pytest.fixture
def bare_state(open_directory: Path) -> Iterator[Path]:
    """A state directory before the first start."""
    path = Path(tempfile.mkdtemp(dir=open_directory))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def state(open_directory: Path, account: Account) -> Path:
    """A state directory after an orderly stop, to which each test brings it back."""
    path = open_directory / "used"
    with running(EmbeddedPostgres(path, account, fast_unsafe=True)) as server:
        fetch(server, "create table kept (value text unique)")
        fetch(server, "insert into kept values ('kept')")
    return path


@contextmanager
def running(server: EmbeddedPostgres) -> Iterator[EmbeddedPostgres]:
    server.start()
    try:
        yield server
    finally:
        server.stop()


def fetch(server: EmbeddedPostgres, query: str) -> object:
    async def run() -> object:
        connection = await connect(server.dsn, deadline_seconds=5)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    return asyncio.run(run())


def postmaster(state: Path) -> int:
    """The number in the server's own postmaster.pid."""
    return int((state / "postgres/data/postmaster.pid").read_text().split()[0])


def has_ended(pid: int) -> bool:
    """Also of a process that nobody has waited for yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_the_server_is_durable_and_does_not_outlive_the_daemon(
    state: Path, account: Account
) -> None:
    with running(EmbeddedPostgres(state, account)) as server:
        pid = postmaster(state)
        assert not has_ended(pid)
        assert str(fetch(server, "show server_version")).startswith("18.")
        assert fetch(server, "show fsync") == "on"
        assert fetch(server, "show server_encoding") == "UTF8"
        assert fetch(server, "select value from kept") == "kept"

    assert has_ended(pid)


def test_there_is_no_tcp_listener(state: Path, account: Account) -> None:
    with running(EmbeddedPostgres(state, account)):
        fds = Path(f"/proc/{postmaster(state)}/fd").iterdir()
        inodes = set(re.findall(r"socket:\[(\d+)\]", " ".join(str(fd.readlink()) for fd in fds)))
        tcp = Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()

    assert inodes
    assert not inodes & set(tcp.split())


def test_files_and_entry_are_for_their_owners_alone(state: Path, account: Account) -> None:
    home = state / "postgres"
    with running(EmbeddedPostgres(state, account)) as server:
        kept = (home / "data", home / "run", home / "log", home / "log/server.log")
        modes = {path.name: oct(path.stat().st_mode & 0o777) for path in kept}
        owners = {path.name: path.stat().st_uid for path in home.iterdir()}
        programs = binaries.reachable(binaries.installed(), 18, account, home / "server")
        command = [str(programs / "psql"), server.dsn, "-Atc", "select 1"]
        own = subprocess.run(command, capture_output=True, text=True, check=True)
        if account.uid != os.geteuid():
            with pytest.raises(subprocess.CalledProcessError) as caught:
                subprocess.run(
                    command,
                    capture_output=True,
                    text=True,
                    check=True,
                    cwd="/",
                    **account.spawn_options(),
                )
            assert "Peer authentication failed" in caught.value.stderr

    assert own.stdout == "1\n"
    assert modes == {"data": "0o700", "run": "0o700", "log": "0o700", "server.log": "0o600"}
    assert owners["data"] == owners["run"] == owners["log"] == account.uid
    assert owners["conf"] == os.geteuid()


def test_the_log_holds_nothing_of_what_is_stored(state: Path, account: Account) -> None:
    with running(EmbeddedPostgres(state, account)) as server:
        with pytest.raises(asyncpg.UniqueViolationError) as caught:
            fetch(server, "insert into kept values ('Habari'), ('Habari')")
        log = (state / "postgres/log/server.log").read_text()

    assert "Habari" in str(caught.value.detail)
    assert "ready to accept connections" in log
    assert "Habari" not in log
    assert "unique" not in log


def test_a_large_log_is_put_aside_once(state: Path, account: Account) -> None:
    log = state / "postgres/log/server.log"
    for _ in range(2):
        with log.open("a") as file:
            file.write("x" * 1_000_001)
        with running(EmbeddedPostgres(state, account)):
            assert log.stat().st_size < 10_000

    assert sorted(path.name for path in log.parent.iterdir()) == ["server.log", "server.log.1"]


def test_a_server_left_by_a_killed_daemon_is_taken_over(state: Path, account: Account) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED_DAEMON, state], stdout=subprocess.PIPE, text=True
    ) as daemon:
        assert daemon.stdout is not None
        assert daemon.stdout.readline() == "ready\n"
        left = postmaster(state)
        daemon.kill()
    assert not has_ended(left)

    with running(EmbeddedPostgres(state, account)) as server:
        assert has_ended(left)
        assert fetch(server, "select value from fresh") == "fresh"
        assert fetch(server, "select pg_try_advisory_lock(1)") is True


def test_a_killed_server_is_recovered_though_its_number_is_taken_again(
    state: Path, account: Account
) -> None:
    pid_file = state / "postgres/data/postmaster.pid"
    with running(EmbeddedPostgres(state, account)) as server:
        fetch(server, "create table killed as select 'safe' as value")
        os.kill(postmaster(state), signal.SIGKILL)
        left = pid_file.read_text()
    with subprocess.Popen(["/bin/sleep", "60"], **account.spawn_options()) as unrelated:
        pid_file.write_text(left.replace(left.split()[0], str(unrelated.pid), 1))
        os.chown(pid_file, account.uid, account.gid)
        try:
            with running(EmbeddedPostgres(state, account)) as server:
                assert fetch(server, "select value from killed") == "safe"
            assert unrelated.poll() is None
        finally:
            unrelated.kill()


async def test_a_server_that_ends_is_brought_up_again(
    state: Path, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "_RETRY_SECONDS", 0.1)
    async with EmbeddedPostgres(state, account) as server:
        watching = asyncio.create_task(server.watch())
        try:
            for number in (signal.SIGKILL, signal.SIGQUIT):
                before = postmaster(state)
                os.kill(before, number)

                async def is_back(gone: int = before) -> bool | None:
                    return (has_ended(gone) and server.is_running) or None

                await eventually(is_back, "server", 20)
                connection = await connect(server.dsn, deadline_seconds=10)
                assert await connection.fetchval("select value from kept") == "kept"
                await connection.close()
        finally:
            watching.cancel()
            await asyncio.wait({watching})
    assert not server.is_running


def test_a_hung_server_is_stopped_all_the_same(
    state: Path, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "_STOP_SECONDS", 0.2)
    with running(EmbeddedPostgres(state, account)) as server:
        fetch(server, "create table hung as select 'safe' as value")
        pid = postmaster(state)
        os.kill(pid, signal.SIGSTOP)
    assert has_ended(pid)

    with running(EmbeddedPostgres(state, account)) as server:
        assert fetch(server, "select value from hung") == "safe"


def test_a_set_up_that_was_cut_short_begins_anew(bare_state: Path, account: Account) -> None:
    half = bare_state / "postgres/data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")

    with running(EmbeddedPostgres(bare_state, account, fast_unsafe=True)) as server:
        assert fetch(server, "select 1") == 1
    assert not half.exists()


async def test_a_cancelled_start_leaves_no_server(state: Path, account: Account) -> None:
    server = EmbeddedPostgres(state, account)
    entering = asyncio.create_task(server.__aenter__())
    await asyncio.sleep(0)
    entering.cancel()

    with pytest.raises(asyncio.CancelledError):
        await entering

    assert "ready to accept" in (state / "postgres/log/server.log").read_text().splitlines()[-6]
    assert not (state / "postgres/data/postmaster.pid").exists()
    assert not (state / "postgres/run/.s.PGSQL.5432").exists()


@as_root
def test_programs_out_of_the_account_s_reach_are_copied_once(state: Path, account: Account) -> None:
    closed = state / "closed"
    closed.mkdir(mode=0o700)
    package = closed / binaries.PACKAGE
    wheel = binaries.installed()
    shutil.copytree(wheel / "pginstall18", package / "pginstall18")
    shutil.copytree(
        wheel.with_name(f"{binaries.PACKAGE}.libs"), closed / f"{binaries.PACKAGE}.libs"
    )
    # A checkout in a closed home has been copied from already.
    shutil.rmtree(state / "postgres/server", ignore_errors=True)
    stale = state / "postgres/server/0.0.1"
    stale.mkdir(parents=True)

    seen = []
    for _ in range(2):
        with running(EmbeddedPostgres(state, account, package=package, fast_unsafe=True)) as server:
            assert fetch(server, "select 1") == 1
            program = Path(f"/proc/{postmaster(state)}/exe").readlink()
        assert program.is_relative_to(state / "postgres/server")
        assert program.stat().st_uid == 0
        assert program.stat().st_mode & 0o022 == 0
        seen.append(program.stat().st_ino)

    assert seen[0] == seen[1]
    assert not stale.exists()


@as_root
def test_a_state_path_nobody_may_enter_is_one_line(bare_state: Path, account: Account) -> None:
    home = bare_state / "home"
    home.mkdir(mode=0o700)

    with pytest.raises(StartupError, match=r"may not enter a directory above .*: set STATE_PATH"):
        EmbeddedPostgres(home / "flowhqd", account).start()

    assert home.stat().st_mode & 0o777 == 0o700


def test_a_long_state_path_puts_the_socket_elsewhere(bare_state: Path, account: Account) -> None:
    deep = bare_state / ("d" * 60) / ("d" * 60)
    server = EmbeddedPostgres(deep, account, fast_unsafe=True)
    place = Path(server.dsn.partition("?host=")[2])
    deep.mkdir(parents=True)

    place.mkdir(mode=0o755)
    try:
        with pytest.raises(StartupError, match=r"is not a directory of user .* alone: remove it"):
            server.start()
        place.rmdir()
        with running(server):
            assert fetch(server, "select 1") == 1
            assert place.stat().st_mode & 0o777 == 0o700
    finally:
        shutil.rmtree(place)


def test_another_major_names_commands_that_carry_the_data_over(
    bare_state: Path, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "MAJOR", 16)
    with running(EmbeddedPostgres(bare_state, account, fast_unsafe=True)) as server:
        fetch(server, "create table kept as select 'kept' as value")
    monkeypatch.undo()

    with pytest.raises(StartupError, match="was made by PostgreSQL 16") as caught:
        EmbeddedPostgres(bare_state, account).start()
    assert "\n" not in str(caught.value)

    commands = re.search(r"; to dump: (.*) ; to restore: (.*)", str(caught.value))
    assert commands is not None
    for command in commands.groups():
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert (bare_state / "postgres/from-16.dump").stat().st_mode & 0o777 == 0o600

    with running(EmbeddedPostgres(bare_state, account)) as server:
        assert str(fetch(server, "show server_version")).startswith("18.")
        assert fetch(server, "select value from kept") == "kept"


def test_a_server_that_cannot_start_says_why_in_one_line(state: Path, account: Account) -> None:
    settings = state / "postgres/data/postgresql.auto.conf"
    usual = settings.read_text()
    settings.write_text("no_such_setting = 1\n")

    with pytest.raises(StartupError, match=r"does not start: FATAL: .* more in .*log$") as caught:
        EmbeddedPostgres(state, account).start()
    settings.write_text(usual)

    assert "postgresql.auto.conf" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_set_up_that_fails_says_why_and_leaves_nothing(
    bare_state: Path, account: Account
) -> None:
    """A wheel whose share directory is missing stands for every way initdb can fail."""
    package = bare_state / binaries.PACKAGE
    shutil.copytree(binaries.installed() / "pginstall18/bin", package / "pginstall18/bin")
    libraries = f"{binaries.PACKAGE}.libs"
    shutil.copytree(binaries.installed().with_name(libraries), bare_state / libraries)

    with pytest.raises(
        StartupError, match=r"cannot set up its data in .*: initdb: error"
    ) as caught:
        EmbeddedPostgres(bare_state, account, package=package).start()

    assert "\n" not in str(caught.value)
    assert not (bare_state / "postgres/data").exists()
    assert not (bare_state / "postgres/data.new").exists()


@pytest.mark.parametrize(
    "output",
    [
        'creating subdirectories ... ok\ninitdb: error: could not write file "x": '
        "No space left on device\ninitdb: removing contents of data directory\n",
        '2026-11-21 05:35:09.365 GMT [131] FATAL:  could not extend file "base/1/2691": wrote only '
        "4096 of 8192 bytes at block 9\nHINT:  Check free disk space.\nchild process exited\n",
    ],
)
def test_a_full_disk_is_called_that(output: str) -> None:
    """PostgreSQL says it in two ways."""
    assert re.match(r"the disk is full \((initdb: error|FATAL): ", embedded._reason(output))
