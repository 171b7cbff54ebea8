from __future__ import annotations

import asyncio
import io
import logging
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web

from flowhqd import log
from flowhqd.errors import StartupError

logger = log.get_logger("flowhqd.tests")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def lines(text: str) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in text.splitlines()]


def collect(do: Callable[[], object], **options: Any) -> list[dict[str, Any]]:
    stream = io.StringIO()
    with log.configure(stream=stream, **options):
        do()
    return lines(stream.getvalue())


def test_a_line_is_json_with_its_head_and_context() -> None:
    def do() -> None:
        with log.bound(tenant_id="t-1", chat_id="c"), log.bound(message_id="m"):
            logger.info("handled", ms=3)
        logger.warning("after")

    first, second = collect(do)
    assert list(first)[:4] == ["timestamp", "level", "logger", "event"]
    assert first.pop("timestamp").endswith("+00:00")
    assert first == {
        "level": "info",
        "logger": "flowhqd.tests",
        "event": "handled",
        "tenant_id": "t-1",
        "chat_id": "c",
        "message_id": "m",
        "ms": 3,
    }
    assert "tenant_id" not in second


def test_a_terminal_gets_readable_lines() -> None:
    stream = Terminal()
    with log.configure(stream=stream):
        logger.info("handled", ms=3)
    text = stream.getvalue()
    assert "handled" in text
    assert "ms" in text
    assert not text.startswith("{")


def test_other_libraries_are_routed_with_context_and_traceback() -> None:
    def do() -> None:
        with log.bound(tenant_id="t-1"):
            try:
                raise KeyError("lost")
            except KeyError:
                logging.getLogger("asyncio").exception("task %s", "failed")

    [line] = collect(do)
    assert (line["logger"], line["event"], line["tenant_id"]) == ("asyncio", "task failed", "t-1")
    assert "KeyError: 'lost'" in line["exception"]


def test_debug_is_for_our_own_modules_only() -> None:
    def do() -> None:
        logger.debug("ours")
        logging.getLogger("pyppeteer.connection").debug("a protocol frame with a message in it")

    assert [line["event"] for line in collect(do, level="DEBUG")] == ["ours"]
    assert collect(do, level="INFO") == []


def test_secrets_and_texts_are_gone_before_the_line_is_queued(tmp_path: Path) -> None:
    def do() -> None:
        with log.bound(tenant_id="t-1"):
            logger.debug("in from +255 712 345 678", text="Habari", qr="2@abc", note="kiboko99")
            try:
                raise ValueError("kiboko99")
            except ValueError:
                logger.exception("failed")

    out = collect(do, level="DEBUG", secrets=["kiboko99"], logs_path=tmp_path)
    everything = str(out) + (tmp_path / "t-1.log").read_text()
    assert len(out) == 2
    for leak in ("kiboko99", "Habari", "2@abc", "712"):
        assert leak not in everything
    [shown, _] = collect(do, level="DEBUG", message_bodies=True)
    assert shown["text"] == "Habari"


def test_each_tenant_has_its_own_file_that_only_the_owner_reads(tmp_path: Path) -> None:
    logs_path = tmp_path / "logs"

    def do() -> None:
        for tenant_id in ("t-1", "t-2"):
            with log.bound(tenant_id=tenant_id):
                logger.info(f"for {tenant_id}")
        logger.info("for all")

    umask = os.umask(0)
    try:
        collect(do, logs_path=logs_path)
    finally:
        os.umask(umask)
    events = {
        path.name: [line["event"] for line in lines(path.read_text())]
        for path in logs_path.iterdir()
    }
    assert events == {"t-1.log": ["for t-1"], "t-2.log": ["for t-2"]}
    assert {stat.S_IMODE(path.stat().st_mode) for path in logs_path.iterdir()} == {0o600}
    assert stat.S_IMODE(logs_path.stat().st_mode) == 0o700


def test_a_tenant_id_cannot_lead_out_of_the_directory(tmp_path: Path) -> None:
    def do() -> None:
        for tenant_id in ("../evil", "a/b", "", "x" * 65, "t.log"):
            logger.info("x", tenant_id=tenant_id)

    assert len(collect(do, logs_path=tmp_path / "logs")) == 5
    assert list(tmp_path.rglob("*")) == [tmp_path / "logs"]


def test_a_symlink_in_place_of_a_file_is_not_followed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "target"
    target.write_text("")
    (tmp_path / "t-1.log").symlink_to(target)
    assert len(collect(lambda: logger.info("x", tenant_id="t-1"), logs_path=tmp_path)) == 1
    assert target.read_text() == ""
    assert "a log line was lost" in capsys.readouterr().err


def test_files_are_rotated_and_the_number_kept_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "MAX_FILE_BYTES", 2_000)

    def do() -> None:
        for number in range(200):
            logger.info("x" * 50, tenant_id="t-1", number=number)

    collect(do, logs_path=tmp_path)
    files = sorted(tmp_path.iterdir())
    assert [path.name for path in files] == ["t-1.log", "t-1.log.1", "t-1.log.2", "t-1.log.3"]
    assert all(path.stat().st_size <= 2_000 for path in files)
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert lines(files[0].read_text())[-1]["number"] == 199


def test_the_number_of_open_files_is_bounded_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "MAX_OPEN_FILES", 3)
    files = log.TenantFiles(tmp_path)
    most = 0
    for number in range(40):
        event = {"tenant_id": f"t-{number % 8}"}
        files.handle(logging.LogRecord("x", logging.INFO, "", 0, event, (), None))
        held = [path for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
        most = max(most, sum(tmp_path in path.readlink().parents for path in held))
    files.close()
    assert most == 3
    assert {path.name: len(path.read_text().splitlines()) for path in tmp_path.iterdir()} == {
        f"t-{number}.log": 5 for number in range(8)
    }


def test_an_unusable_directory_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("")
    with (
        pytest.raises(StartupError, match=r"^LOGS_PATH: "),
        log.configure(logs_path=tmp_path / "logs"),
    ):
        pass


class Stuck(io.StringIO):
    """A terminal that nobody reads until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.released = threading.Event()

    def write(self, text: str) -> int:
        self.entered.set()
        self.released.wait(10)
        return super().write(text)


def test_a_stuck_output_never_holds_up_who_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "MAX_WAITING", 10)
    stream = Stuck()
    with log.configure(stream=stream):
        logger.info("first")
        assert stream.entered.wait(10)
        for number in range(15):
            logger.info("waiting", number=number)
        stream.released.set()
        while len(lines(stream.getvalue())) < 11:
            threading.Event().wait(0.01)
        logger.info("last")
    told = lines(stream.getvalue())
    assert [line["number"] for line in told[1:-1]] == list(range(10))
    assert told[-1]["event"] == "last"
    assert told[-1]["lines_dropped_before"] == 5


def test_everything_is_as_before_afterwards() -> None:
    root, own = logging.getLogger(), logging.getLogger("flowhqd")
    before = (root.level, own.level, list(root.handlers), threading.active_count())
    collect(lambda: logger.info("x"), level="DEBUG")
    assert (root.level, own.level, list(root.handlers), threading.active_count()) == before


async def test_the_access_log_has_no_query_string() -> None:
    app = web.Application()

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=404)

    app.router.add_get("/{path:.*}", answer)
    stream = io.StringIO()
    with log.configure(stream=stream):
        runner = web.AppRunner(app, access_log_class=log.AccessLogger)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        async with aiohttp.ClientSession(f"http://{host}:{port}") as client:
            for path in ("/admin/tenants?password=kiboko99&x=1", "/healthz"):
                async with client.get(path) as response:
                    assert response.status == 404
        await runner.cleanup()
        await asyncio.sleep(0)
    [line] = lines(stream.getvalue())
    assert line.pop("ms") >= 0
    del line["timestamp"]
    assert line == {
        "level": "info",
        "logger": "flowhqd.access",
        "event": "request",
        "method": "GET",
        "path": "/admin/tenants",
        "status": 404,
    }
