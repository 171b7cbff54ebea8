"""pyppeteer's DevTools connection over a pipe, made safe to share between tenants.

What pyppeteer 2.0.0 does by itself: an answer that comes after its caller gave up, or an event
handler that raises, ends the reader silently and every later call hangs; a message sent while the
connection closes spins for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from pyee import EventEmitter
from pyppeteer.connection import CDPSession, Connection
from pyppeteer.errors import NetworkError

from flowhqd.browser.pipe import Pipe
from flowhqd.log import get_logger

log = get_logger(__name__)

Event = Mapping[str, Any]
"""The parameters of a DevTools event."""


class CommandTimeout(Exception):
    """No answer to a command before its deadline."""


class CommandFailed(Exception):
    """Chromium refused a command, or the connection or session it went to is gone."""


class PipeConnection(Connection):  # type: ignore[misc]
    """One Chromium's browser-level connection; must be made inside a running loop."""

    def __init__(self, pipe: Pipe, on_closed: Callable[[], None]) -> None:
        # Not Connection.__init__, which would open a websocket.
        EventEmitter.__init__(self)
        self._url = "pipe:"
        self._lastId = 0
        self._callbacks: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._delay = 0
        self._loop = asyncio.get_running_loop()
        self._sessions: dict[str, CDPSession] = {}
        self._connected = True
        self._ws = pipe
        self.connection = pipe
        self._closeCallback = on_closed
        self._recv_fut = self._loop.create_task(self._recv_loop(), name="devtools:reader")

    async def _async_send(self, msg: str, callback_id: int) -> None:
        await self.connection.send(msg)

    def send(
        self, method: str, params: Mapping[str, Any] | None = None
    ) -> asyncio.Future[dict[str, Any]]:
        future: asyncio.Future[dict[str, Any]] = super().send(method, params)
        future.add_done_callback(_retrieve)
        return future

    async def _on_message(self, message: bytes) -> None:
        try:
            await super()._on_message(message)
        except Exception:
            log.exception("devtools_message_failed")

    async def attach(self, target_id: str, *, timeout: float) -> CDPSession:
        """A session with a target. Raises CommandTimeout, CommandFailed."""
        answer = await command(
            self, "Target.attachToTarget", {"targetId": target_id}, timeout=timeout
        )
        session = CDPSession(self, "page", answer["sessionId"], self._loop)
        self._sessions[answer["sessionId"]] = session
        return session


async def command(
    receiver: PipeConnection | CDPSession,
    method: str,
    params: Mapping[str, Any] | None = None,
    *,
    timeout: float,
) -> dict[str, Any]:
    """Send one command and return its result.

    Raises CommandTimeout after ``timeout`` seconds, CommandFailed with Chromium's words.
    """
    try:
        answer = receiver.send(method, dict(params or {}))
    except (NetworkError, ConnectionError) as error:
        raise CommandFailed(str(error)) from error
    number = receiver._lastId
    try:
        async with asyncio.timeout(timeout):
            # Shielded: a cancelled future in pyppeteer's table would trip its reader.
            result: dict[str, Any] | None = await asyncio.shield(answer)
            return result or {}
    except TimeoutError:
        raise CommandTimeout(f"{method} had no answer in {timeout:g} s") from None
    except NetworkError as error:
        raise CommandFailed(str(error)) from error
    finally:
        # Without this an answer that never comes would be remembered for ever.
        receiver._callbacks.pop(number, None)


def post(
    receiver: PipeConnection | CDPSession, method: str, params: Mapping[str, Any] | None = None
) -> None:
    """Send a command from an event handler, whose answer nobody needs."""
    try:
        receiver.send(method, dict(params or {})).add_done_callback(_retrieve)
    except (NetworkError, ConnectionError) as error:
        log.debug("devtools_command_not_sent", method=method, error=str(error))


def listen(
    receiver: PipeConnection | CDPSession, event: str, handler: Callable[[Event], None]
) -> None:
    """Call ``handler`` with each such event; what it raises is logged and goes no further."""

    def guarded(params: Event) -> None:
        try:
            handler(params)
        except Exception:
            log.exception("devtools_handler_failed", devtools_event=event)

    receiver.on(event, guarded)


def fail_pending(session: CDPSession) -> None:
    """Fail every call that waits on this session; Chromium never answers on a crashed page."""
    session._on_closed()


def _retrieve(future: asyncio.Future[Any]) -> None:
    """Mark a failure as seen, or asyncio reports it when the future is collected."""
    if not future.cancelled():
        future.exception()
