"""Structured logs: stdout for the operator, and one file per tenant.

A line is made in the thread that logs, where its context is, and written by a thread of its own,
so that a slow disk or terminal never holds up the event loop. flowhqd's modules log at LOG_LEVEL;
other libraries never below INFO, because some write whole protocol frames when debugging.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from errno import EACCES
from io import FileIO, TextIOWrapper
from logging.handlers import QueueHandler, QueueListener, RotatingFileHandler
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, TextIO, cast

import orjson
import structlog
from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

from flowhqd.errors import StartupError
from flowhqd.redact import Redactor

if TYPE_CHECKING:
    from structlog.stdlib import BoundLogger

MAX_WAITING = 20_000  # lines; about 10 MB
MAX_FILE_BYTES = 5_000_000
KEPT_FILES = 3
MAX_OPEN_FILES = 64
COMPLAINT_INTERVAL_SECONDS = 60.0

TENANT_FILE_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")
QUIET_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})

# tenant_id, chat_id and message_id of everything logged inside: ``with bound(tenant_id=…):``
bound = structlog.contextvars.bound_contextvars

structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
)

# It tells of every closed connection; the browser room logs those that matter.
logging.getLogger("pyppeteer").setLevel(logging.WARNING)


def get_logger(name: str) -> BoundLogger:
    """The logger of a module; ``name`` is its ``__name__``."""
    return structlog.stdlib.get_logger(name)


@contextmanager
def configure(
    *,
    level: str = "INFO",
    logs_path: Path | None = None,
    message_bodies: bool = False,
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
) -> Iterator[None]:
    """Write logs to ``stream`` (stdout) and below ``logs_path`` until the block is left.

    ``secrets`` are values that must not appear in any line. Lines that are still waiting at the
    end are written first. Raises StartupError when ``logs_path`` cannot be used.
    """
    stream = stream or sys.stdout
    handlers: list[logging.Handler] = [_Stream(stream, stream.isatty())]
    if logs_path is not None:
        handlers.append(TenantFiles(logs_path))
    lines: SimpleQueue[logging.LogRecord] = SimpleQueue()
    source = _Source(lines, Redactor(secrets, message_bodies=message_bodies))
    listener = QueueListener(lines, *handlers)
    root, own = logging.getLogger(), logging.getLogger("flowhqd")
    before = root.level, own.level
    own.setLevel(level)
    root.setLevel(max(own.level, logging.INFO))
    root.addHandler(source)
    listener.start()
    try:
        yield
    finally:
        root.removeHandler(source)
        root.setLevel(before[0])
        own.setLevel(before[1])
        listener.stop()
        for handler in handlers:
            handler.close()


class AccessLogger(AbstractAccessLogger):
    """aiohttp's access log without query strings, which can hold secrets."""

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """One line for an answered request; ``time`` is its duration in seconds."""
        log = get_logger("flowhqd.access")
        level = logging.DEBUG if request.path in QUIET_PATHS else logging.INFO
        log.log(
            level,
            "request",
            method=request.method,
            path=request.path,
            status=response.status,
            ms=round(time * 1000, 1),
        )


class _Source(QueueHandler):
    """Turns a record into a clean event and hands it to the writing thread."""

    def __init__(self, lines: SimpleQueue[logging.LogRecord], redactor: Redactor) -> None:
        super().__init__(lines)
        self._lines = lines
        self._redactor = redactor
        self._dropped = 0

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        if isinstance(record.msg, dict):
            event = dict(record.msg)
        else:
            event = {"event": record.getMessage(), **structlog.contextvars.get_contextvars()}
            if record.exc_info:
                event["exc_info"] = record.exc_info
        event = dict(structlog.processors.format_exc_info(None, "", event))
        head = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat("T", "milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": "",
        }
        record.msg = head | self._redactor.event(event)
        record.args = record.exc_info = record.exc_text = None
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        """Queue the line, or count it as dropped when the writer cannot keep up."""
        if self._lines.qsize() >= MAX_WAITING:
            self._dropped += 1
            return
        if self._dropped:
            cast("dict[str, object]", record.msg)["lines_dropped_before"] = self._dropped
            self._dropped = 0
        self._lines.put(record)


class _Complaining(logging.Handler):
    """A handler that says on stderr, now and then, that it cannot write."""

    _complained_at = -COMPLAINT_INTERVAL_SECONDS

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        error = sys.exc_info()[1]
        if time.monotonic() - self._complained_at < COMPLAINT_INTERVAL_SECONDS:
            return
        self._complained_at = time.monotonic()
        with suppress(OSError, ValueError):
            print(f"flowhqd: a log line was lost: {error}", file=sys.stderr, flush=True)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return orjson.dumps(record.msg, default=str).decode()


class _Readable(logging.Formatter):
    def __init__(self) -> None:
        super().__init__()
        self._render = structlog.dev.ConsoleRenderer(pad_event_to=32)

    def format(self, record: logging.LogRecord) -> str:
        return str(self._render(None, "", dict(cast("dict[str, object]", record.msg))))


class _Stream(_Complaining, logging.StreamHandler[TextIO]):
    def __init__(self, stream: TextIO, is_terminal: bool) -> None:
        super().__init__(stream)
        self.setFormatter(_Readable() if is_terminal else _Json())


class _TenantFile(_Complaining, RotatingFileHandler):
    """One tenant's log file, readable by its owner alone."""

    def _open(self) -> TextIOWrapper:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
        return TextIOWrapper(FileIO(os.open(self.baseFilename, flags, 0o600), "a"), "utf-8")


class TenantFiles(_Complaining):
    """Writes each line that belongs to a tenant to ``<tenant_id>.log``.

    At most ``MAX_OPEN_FILES`` are open; the one longest unused is closed for a new one.
    """

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self._directory = directory
        self._open: OrderedDict[str, _TenantFile] = OrderedDict()
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not os.access(directory, os.W_OK | os.X_OK):
                raise PermissionError(EACCES, os.strerror(EACCES))
        except OSError as error:
            raise StartupError(
                f"LOGS_PATH: {directory} cannot be written ({error.strerror}); "
                "make it a directory that this user may write"
            ) from error

    def emit(self, record: logging.LogRecord) -> None:
        tenant_id = cast("dict[str, object]", record.msg).get("tenant_id")
        if not isinstance(tenant_id, str) or not TENANT_FILE_NAME.fullmatch(tenant_id):
            return
        try:
            self._file(tenant_id).emit(record)
        except OSError:
            self.handleError(record)

    def close(self) -> None:
        """Close every open file."""
        while self._open:
            self._open.popitem()[1].close()
        super().close()

    def _file(self, tenant_id: str) -> _TenantFile:
        if tenant_id in self._open:
            self._open.move_to_end(tenant_id)
            return self._open[tenant_id]
        while len(self._open) >= MAX_OPEN_FILES:
            self._open.popitem(last=False)[1].close()
        file = _TenantFile(
            self._directory / f"{tenant_id}.log",
            maxBytes=MAX_FILE_BYTES,
            backupCount=KEPT_FILES,
            encoding="utf-8",
        )
        file.setFormatter(_Json())
        self._open[tenant_id] = file
        return file
