"""The PostgreSQL that flowhqd runs itself when no DATABASE_URL is set.

Under ``STATE_PATH/postgres``:

``conf``    configuration, the daemon's own: the server's account can read it but not change it
``data``    the cluster, the server's account's own
``log``     ``server.log``; its level keeps statements and their values out
``run``     the unix socket, in a 0700 directory; there is no TCP listener
``server``  a copy of the programs, only where the account cannot reach the installed ones
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import pwd
import re
import select
import shlex
import shutil
import signal
import stat
import subprocess
from pathlib import Path
from typing import Self
from urllib.parse import quote

from flowhqd.accounts import Account
from flowhqd.errors import StartupError
from flowhqd.log import get_logger
from flowhqd.store import binaries

MAJOR = 18
NAME = "flowhqd"
"""Of the role and of the database."""

_START_SECONDS = 120
_STOP_SECONDS = 20
_RETRY_SECONDS = 5
_ORPHAN_SECONDS = 5
_LOG_BYTES = 1_000_000
# sun_path of unix(7) holds 108 bytes, the last of them NUL.
_SOCKET_PATH_BYTES = 107
_SOCKET_FILE = ".s.PGSQL.5432"

_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "50",
    "shared_buffers": "64MB",
    "effective_cache_size": "256MB",
    "maintenance_work_mem": "32MB",
    "max_wal_size": "256MB",
    "random_page_cost": "1.1",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_parallel_workers_per_gather": "0",
    "autovacuum_max_workers": "2",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Starts, stops and refused connections only: an ERROR goes to its causer anyway, and its
    # statement and detail would bring customers' messages into the log.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
    "log_autovacuum_min_duration": "-1",
}
_UNSAFE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_log = get_logger(__name__)
_STAMP = re.compile(r"^[-\d:. ]+ [A-Z]+ \[\d+\] ")
_INITDB = ("-U", NAME, "-E", "UTF8", "--locale=C", "--auth-local=peer", "--auth-host=reject")


class EmbeddedPostgres:
    """A PostgreSQL server of the daemon's own, from entering the context to leaving it.

    A server that a killed daemon left behind is shut down and started anew, which also frees the
    locks of its connections; the caller holds the StateLock, so there is no other daemon that
    uses it. Entering raises StartupError, one line, when anything fails.
    """

    def __init__(
        self,
        state_path: Path,
        account: Account,
        *,
        package: Path | None = None,
        fast_unsafe: bool = False,
    ) -> None:
        """``package`` is where the wheel is, if not where Python finds it.

        ``fast_unsafe`` gives up durability for speed, for tests alone.
        """
        self._state = state_path.absolute()
        self._account = account
        self._package = package
        self._settings = {**_SETTINGS, **(_UNSAFE if fast_unsafe else {})}
        self._home = self._state / "postgres"
        self._data = self._home / "data"
        self._conf = self._home / "conf"
        self._log = self._home / "log" / "server.log"
        digest = hashlib.sha256(os.fsencode(self._data)).hexdigest()[:12]
        # PostgreSQL puts it into the title of its processes: how they are known again.
        self._cluster = f"{NAME}_{digest}"
        self._run = self._home / "run"
        if len(os.fsencode(self._run / _SOCKET_FILE)) > _SOCKET_PATH_BYTES:
            self._run = Path("/tmp", f"{NAME}-{account.uid}-{digest}")  # noqa: S108
        self._bin = Path()

    @property
    def dsn(self) -> str:
        """The URL of the database, over the unix socket."""
        return f"postgresql://{NAME}@/{NAME}?host={quote(str(self._run))}"

    @property
    def is_running(self) -> bool:
        """Whether the server's main process is there."""
        return bool(self._processes(postmaster=True))

    async def __aenter__(self) -> Self:
        await self._bring_up()
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.stop)

    async def watch(self) -> None:
        """Bring the server up again whenever it ends by itself. Runs until cancelled.

        PostgreSQL outlives the end of any of its processes but its first, and ends itself where it
        cannot write its log, as on a full disk.
        """
        while True:
            await self._until_gone()
            _log.error("embedded_postgres_gone", log=str(self._log))
            try:
                await self._bring_up()
            except StartupError as error:
                _log.error("embedded_postgres_down", error=str(error))
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                _log.info("embedded_postgres_back")

    async def _bring_up(self) -> None:
        starting = asyncio.create_task(asyncio.to_thread(self.start), name="embedded-postgres")
        try:
            await asyncio.shield(starting)
        except asyncio.CancelledError:
            # The thread goes on regardless: wait for it, so that no server outlives the daemon.
            with contextlib.suppress(StartupError):
                await starting
                await asyncio.to_thread(self.stop)
            raise

    async def _until_gone(self) -> None:
        """Return once the server's first process is no more."""
        loop, gone = asyncio.get_running_loop(), asyncio.Event()
        for pid in self._processes(postmaster=True):
            with contextlib.suppress(ProcessLookupError):
                descriptor = os.pidfd_open(pid)
                loop.add_reader(descriptor, gone.set)
                try:
                    await gone.wait()
                finally:
                    loop.remove_reader(descriptor)
                    os.close(descriptor)

    def start(self) -> None:
        """Bring the server up; blocks, for a second as a rule."""
        try:
            self._make_directories()
            package = self._package or binaries.installed()
            copies = self._home / "server"
            self._bin = binaries.reachable(package, MAJOR, self._account, copies)
            self._write_configuration()
            self.stop()
            self._check_major(package)
            if not self._data.exists():
                self._create_cluster()
            self._start_server()
        except OSError as error:
            raise StartupError(f"the embedded PostgreSQL cannot start: {error}") from error

    def stop(self) -> None:
        """Shut the server down, if it runs: in order, and at once when that hangs."""
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            if not self._end(self._processes(postmaster=True), number, _STOP_SECONDS):
                break
        # Left by a postmaster that was killed; they end by themselves once they notice.
        self._end(self._processes(), 0, _ORPHAN_SECONDS)
        if left := self._end(self._processes(), signal.SIGKILL, _ORPHAN_SECONDS):
            raise StartupError(f"PostgreSQL processes {left} in {self._data} do not end")
        # What a killed server leaves stops the next one if a process of the same account has got
        # its old number. Nothing of this cluster runs any more, so nothing needs them.
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        (self._run / f"{_SOCKET_FILE}.lock").unlink(missing_ok=True)

    def _make_directories(self) -> None:
        self._state.mkdir(mode=0o711, parents=True, exist_ok=True)
        is_shared = self._account.uid != os.geteuid()
        if is_shared and self._state.stat().st_uid == os.geteuid():
            self._state.chmod(self._state.stat().st_mode | 0o011)
        for path in (self._home, self._conf):
            path.mkdir(exist_ok=True)
            path.chmod(0o711 if is_shared else 0o700)
        if not self._account.can_reach(self._data):
            raise StartupError(
                f"the embedded PostgreSQL runs as user {self._account.name!r}, who may not enter a "
                f"directory above {self._home}: set STATE_PATH to a place such as /var/lib/flowhqd"
            )
        self._account.own(self._log.parent)
        if self._run.parent == self._home:
            self._account.own(self._run)
        else:
            self._make_short_run_directory()

    def _make_short_run_directory(self) -> None:
        """The socket's directory in /tmp, where anybody could have made one of that name."""
        with contextlib.suppress(FileExistsError):
            self._run.mkdir(mode=0o700)
            os.chown(self._run, self._account.uid, self._account.gid)
        info = self._run.lstat()
        if (
            not stat.S_ISDIR(info.st_mode)
            or info.st_uid != self._account.uid
            or info.st_mode & 0o77
        ):
            raise StartupError(
                f"{self._run} is not a directory of user {self._account.name!r} alone: remove it, "
                "or set STATE_PATH to a shorter path"
            )

    def _write_configuration(self) -> None:
        settings = {
            **self._settings,
            "cluster_name": self._cluster,
            "unix_socket_directories": str(self._run),
            "hba_file": str(self._conf / "pg_hba.conf"),
            "ident_file": str(self._conf / "pg_ident.conf"),
        }
        user = pwd.getpwuid(os.geteuid()).pw_name
        files = {
            "postgresql.conf": [
                f"{name} = '{value.replace(chr(39), chr(39) * 2)}'"
                for name, value in settings.items()
            ],
            # Only the daemon's own account gets in, which the kernel vouches for.
            "pg_hba.conf": [f"local all {NAME} peer map=daemon"],
            "pg_ident.conf": [f'daemon "{user}" {NAME}'],
        }
        for name, lines in files.items():
            path = self._conf / name
            path.write_text("# Written by flowhqd at every start.\n" + "\n".join(lines) + "\n")
            path.chmod(0o644)

    def _create_cluster(self) -> None:
        """Make the cluster and its database beside their place, and move them there when whole."""
        new = self._data.with_name("data.new")
        shutil.rmtree(new, ignore_errors=True)
        self._account.own(new)
        sync = ("--no-sync",) if self._settings.get("fsync") == "off" else ()
        made = self._call("initdb", "-D", new, *_INITDB, *sync)
        if made.returncode == 0:
            single = ("--single", "-D", new, "-c", "log_min_messages=fatal", "postgres")
            made = self._call("postgres", *single, stdin=f"create database {NAME}\n")
        if made.returncode != 0:
            shutil.rmtree(new, ignore_errors=True)
            raise StartupError(
                f"PostgreSQL cannot set up its data in {self._data}: {_reason(made.stderr)}"
            )
        new.rename(self._data)

    def _start_server(self) -> None:
        if self._log.exists() and self._log.lstat().st_size > _LOG_BYTES:
            self._log.replace(self._log.with_suffix(".log.1"))
        seen = self._log.lstat().st_size if self._log.exists() else 0
        options = shlex.join(["-c", f"config_file={self._conf / 'postgresql.conf'}"])
        waiting = ("-w", "-t", str(_START_SECONDS))
        pg_ctl = ("-D", self._data, "-l", self._log, "-o", options, *waiting, "start")
        if self._call("pg_ctl", *pg_ctl).returncode != 0:
            # The account owns the log and could have put a link to another file in its place.
            descriptor = os.open(self._log, os.O_RDONLY | os.O_NOFOLLOW)
            with os.fdopen(descriptor, errors="replace") as log:
                log.seek(seen)
                reason = _reason(log.read(_LOG_BYTES))
            raise StartupError(
                f"PostgreSQL in {self._data} does not start: {reason}; more in {self._log}"
            )

    def _check_major(self, package: Path) -> None:
        """Raise StartupError, with the commands that help, for a cluster of another major."""
        version = self._data / "PG_VERSION"
        if not self._data.exists() or (found := version.read_text().strip()) == str(MAJOR):
            return
        if not found.isdecimal():
            raise StartupError(f"{version} is damaged: restore {self._data} from a backup")
        old = Path(f"/usr/lib/postgresql/{found}/bin")
        if binaries.directory(package, int(found)):
            copies = self._home / f"server-{found}"
            old = binaries.reachable(package, int(found), self._account, copies)
        user = self._account.name
        as_user = "" if self._account.uid == os.geteuid() else f"runuser -u {user} -- "
        config = shlex.quote(f"-c config_file={shlex.quote(str(self._conf / 'postgresql.conf'))}")
        data, log, run, dump = (
            shlex.quote(str(path))
            for path in (self._data, self._log, self._run, self._home / f"from-{found}.dump")
        )

        def up(programs: Path) -> str:
            return f"{as_user}{programs}/pg_ctl -D {data} -l {log} -o {config} -w start"

        def down(programs: Path) -> str:
            return f"{as_user}{programs}/pg_ctl -D {data} -w stop"

        client = f"-h {run} -U {NAME}"
        new = self._bin
        raise StartupError(
            f"{self._data} was made by PostgreSQL {found} and this flowhqd runs {MAJOR}; to dump: "
            f"umask 077 && {up(old)} && {old}/pg_dump {client} -Fc -f {dump} {NAME} && {down(old)} "
            f"&& mv {data} {data}.{found} ; to restore: install -d -m 700 -o {user} {data} && "
            f"{as_user}{new}/initdb -D {data} {shlex.join(_INITDB)} && {up(new)} && {new}/createdb "
            f"{client} {NAME} && {new}/pg_restore {client} -d {NAME} {dump} && {down(new)}"
        )

    def _call(
        self, program: str, *arguments: str | Path, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run one of PostgreSQL's programs as the server's account."""
        return subprocess.run(  # noqa: S603
            [self._bin / program, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
            timeout=2 * _START_SECONDS,
            **self._account.spawn_options(),
        )

    def _processes(self, *, postmaster: bool = False) -> list[int]:
        """The processes of this cluster, or its postmaster alone.

        Told by their command lines, which are readable even where the kernel hides the rest of
        another account's processes, as in a container without CAP_SYS_PTRACE.
        """
        title = f"postgres: {self._cluster}: ".encode()
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                words = (place / "cmdline").read_bytes().split(b"\0")
                if place.stat().st_uid != self._account.uid:
                    continue
                is_postmaster = words[0].endswith(b"/postgres") and os.fsencode(self._data) in words
                if is_postmaster or (not postmaster and words[0].startswith(title)):
                    found.append(int(place.name))
        return found

    def _end(self, pids: list[int], number: int, seconds: float) -> list[int]:
        """Send a signal to processes and wait for each to end; returns those that do not."""
        left = []
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                descriptor = os.pidfd_open(pid)
                try:
                    signal.pidfd_send_signal(descriptor, number)
                    if not select.select([descriptor], [], [], seconds)[0]:
                        left.append(pid)
                finally:
                    os.close(descriptor)
        return left


def _reason(output: str) -> str:
    """The line of PostgreSQL's output that says what went wrong."""
    lines = [_STAMP.sub("", line).strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if "FATAL" in line or "PANIC" in line or "error:" in line]
    reason = (telling or lines or ["it gave no reason"])[0]
    is_full = "No space left on device" in output or "Check free disk space" in output
    return f"the disk is full ({reason})" if is_full else reason
