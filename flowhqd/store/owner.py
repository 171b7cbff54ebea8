"""Being the only daemon: of a state directory, and of a database.

Two daemons would open the same WhatsApp logins and answer the same messages. The StateLock is taken
first, before anything in the directory is touched; the OwnerLock once there is a database.
"""

from __future__ import annotations

import asyncio
import fcntl
import operator
import os
from collections.abc import Callable
from pathlib import Path
from typing import Self

import asyncpg
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    RetryError,
    retry_if_exception_type,
    retry_if_result,
    stop_after_delay,
    wait_fixed,
    wait_random_exponential,
)

from flowhqd.errors import StartupError, StoreUnavailable
from flowhqd.log import get_logger
from flowhqd.store.errors import store_errors
from flowhqd.store.pool import connect, redacted
from flowhqd.store.queries import sql

_CLOSE_SECONDS = 5
_CONNECT_SECONDS = 5

_log = get_logger(__name__)


class StateLock:
    """The lock on ``STATE_PATH/daemon.lock``, from entering to leaving or the process's end."""

    def __init__(self, state_path: Path) -> None:
        self._path = state_path / "daemon.lock"
        self._descriptor = -1

    def __enter__(self) -> Self:
        """Raises StartupError, naming the process, when another daemon has the lock."""
        try:
            self._path.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            self._descriptor = os.open(self._path, flags, 0o600)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._descriptor, 20).decode(errors="replace").strip()
            self._close()
            raise StartupError(
                f"another flowhqd (process {holder or 'unknown'}) already uses "
                f"{self._path.parent}: stop it first, or set STATE_PATH to another directory"
            ) from None
        except OSError as error:
            self._close()
            raise StartupError(f"STATE_PATH cannot be used: {error}") from error
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class OwnerLock:
    """The session-level advisory lock on the database, on a connection of its own.

    ``held`` is set while the lock is: nothing is sent to WhatsApp while it is not. ``on_change`` is
    called with True and False, in the event loop, as soon as that is known. A server that goes
    silent without closing the connection is noticed within twice ``check_seconds``, well before it
    drops the lock of a client it no longer hears (``tcp_keepalives`` of the pool: 60 s).
    """

    def __init__(
        self,
        dsn: str,
        *,
        on_change: Callable[[bool], None] | None = None,
        grace_seconds: float = 5,
        check_seconds: float = 10,
        max_delay_seconds: float = 5,
    ) -> None:
        """``grace_seconds``: how long the connection of a daemon that just died may keep us out."""
        self.held = asyncio.Event()
        self._lost = asyncio.Event()
        self._dsn = dsn
        self._on_change = on_change
        self._grace_seconds = grace_seconds
        self._check_seconds = check_seconds
        self._max_delay_seconds = max_delay_seconds
        self._connection: asyncpg.Connection | None = None
        self._holder = ""

    async def __aenter__(self) -> Self:
        """Raises StartupError when another daemon has the lock, or the database is away."""
        patiently = AsyncRetrying(
            retry=retry_if_result(operator.not_),
            stop=stop_after_delay(self._grace_seconds),
            wait=wait_fixed(0.2),
        )
        try:
            await patiently(self._claim)
        except RetryError:
            raise StartupError(
                f"another flowhqd already uses the database {redacted(self._dsn)} "
                f"({self._holder}): stop it first, or set DATABASE_URL to another database"
            ) from None
        except StoreUnavailable as error:
            raise StartupError(str(error)) from error
        return self

    async def __aexit__(self, *_: object) -> None:
        self._set_held(False)
        if self._connection is not None:
            self._connection.remove_termination_listener(self._note_loss)
            try:
                with store_errors():
                    await self._connection.close(timeout=_CLOSE_SECONDS)
            except StoreUnavailable:
                self._connection.terminate()

    async def watch(self) -> None:
        """Keep the lock: whenever its connection is lost, take it again. Runs until cancelled.

        Should another daemon have taken it in between, ``held`` stays clear until that one stops.
        """
        tirelessly = AsyncRetrying(
            retry=retry_if_result(operator.not_)
            | retry_if_exception_type((StartupError, StoreUnavailable)),
            wait=wait_random_exponential(multiplier=0.1, max=self._max_delay_seconds),
            before_sleep=self._report,
        )
        while True:
            await self._until_lost()
            await tirelessly(self._claim)

    async def _claim(self) -> bool:
        """Try for the lock on a new connection."""
        connection = await connect(self._dsn, deadline_seconds=_CONNECT_SECONDS)
        try:
            with store_errors():
                is_ours = await connection.fetchval(sql.owner_acquire)
                if not is_ours:
                    self._holder = _described(await connection.fetchrow(sql.owner_holder))
            if not is_ours or connection.is_closed():
                connection.terminate()
                return False
            self._connection = connection
            self._lost.clear()
            connection.add_termination_listener(self._note_loss)
        except BaseException:
            connection.terminate()
            raise
        self._set_held(True)
        return True

    async def _until_lost(self) -> None:
        while not self._lost.is_set():
            try:
                async with asyncio.timeout(self._check_seconds):
                    await self._lost.wait()
            except TimeoutError:
                await self._ping()

    async def _ping(self) -> None:
        connection = self._connection
        if connection is None:
            return
        try:
            with store_errors():
                await connection.fetchval(sql.owner_ping, timeout=self._check_seconds)
        except StoreUnavailable:
            self._note_loss(connection)
            connection.terminate()

    def _note_loss(self, connection: object) -> None:
        if connection is self._connection:
            self._lost.set()
            _log.warning("owner_lock_lost", database=redacted(self._dsn))
            self._set_held(False)

    def _set_held(self, is_held: bool) -> None:
        if is_held == self.held.is_set():
            return
        if is_held:
            self.held.set()
            _log.info("owner_lock_held", database=redacted(self._dsn))
        else:
            self.held.clear()
            _log.info("owner_lock_released", database=redacted(self._dsn))
        if self._on_change is not None:
            self._on_change(is_held)

    def _report(self, state: RetryCallState) -> None:
        outcome = state.outcome
        error = outcome.exception() if outcome is not None else None
        detail = str(error) if error else f"another flowhqd has it ({self._holder})"
        _log.warning("owner_lock_awaited", attempt=state.attempt_number, detail=detail)


def _described(holder: asyncpg.Record | None) -> str:
    if holder is None:
        return "which is just stopping"
    address = holder["address"] or "this host"
    return f"from {address}, backend {holder['pid']}, since {holder['backend_start']:%F %H:%M} UTC"
