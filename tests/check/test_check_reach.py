"""Reaching WhatsApp Web, and the clock by its answer."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from flowhqd.check import reach
from flowhqd.check.finding import Finding, Status
from flowhqd.environment import load_settings
from tests.check.conftest import Serve
from tests.honesty.certificate import server_context


async def findings(url: str, **environment: str) -> tuple[Finding, Finding]:
    first, second = await reach.findings(
        load_settings({"STATE_PATH": "/nowhere", "WHATSAPP_WEB_URL": url, **environment})
    )
    return first, second


def answer(status: str = "200 OK", *, ahead: timedelta | None = timedelta(0)) -> bytes:
    """An HTTP answer of a server whose clock is ``ahead``; None: it tells no date."""
    head = [f"HTTP/1.1 {status}", "Content-Length: 0", "Connection: close"]
    if ahead is not None:
        head.append(f"Date: {format_datetime(datetime.now(UTC) + ahead, usegmt=True)}")
    return "\r\n".join([*head, "", ""]).encode()


@pytest.mark.parametrize(
    ("ahead", "status", "words"),
    [
        (timedelta(seconds=2), Status.OK, "within 10 s"),
        (timedelta(seconds=40), Status.WARNING, "behind"),
        (timedelta(seconds=-40), Status.WARNING, "ahead"),
        (timedelta(minutes=-20), Status.FAILURE, "ahead"),
    ],
)
async def test_the_clock_is_compared_with_the_answer(
    serve: Serve, ahead: timedelta, status: Status, words: str
) -> None:
    reached, clock = await findings(await serve(answer(ahead=ahead)))
    assert reached.status is Status.OK
    assert clock.status is status
    assert words in clock.detail


@pytest.mark.parametrize("date", ["", "yesterday", "Tue, 99 Foo 2026 99:99:99 GMT"])
async def test_an_unreadable_date_is_no_skew(serve: Serve, date: str) -> None:
    raw = answer(ahead=None).replace(b"\r\n\r\n", f"\r\nDate: {date}\r\n\r\n".encode())
    _, clock = await findings(await serve(raw))
    assert clock.status is Status.WARNING
    assert "no date" in clock.detail


async def test_a_refusal_is_told_with_its_status(serve: Serve) -> None:
    reached, _ = await findings(await serve(answer("503 Service Unavailable")))
    assert reached.status is Status.WARNING
    assert "503" in reached.detail


async def test_what_is_not_http_is_no_answer(serve: Serve) -> None:
    reached, clock = await findings(await serve(b"SSH-2.0-OpenSSH_9.2\r\n"))
    assert reached.status is Status.FAILURE
    assert "no usable answer" in reached.detail
    assert clock.status is Status.WARNING


async def test_nobody_listens(free_port: int) -> None:
    reached, _ = await findings(f"http://127.0.0.1:{free_port}/")
    assert reached.status is Status.FAILURE
    assert reached.detail == "no connection to 127.0.0.1: Connection refused"
    assert f"port {free_port}" in reached.cure


async def test_a_name_that_does_not_exist() -> None:
    # RFC 6761 keeps .invalid from ever existing.
    reached, _ = await findings("https://whatsapp.invalid/")
    assert reached.status is Status.FAILURE
    assert reached.detail == "the name whatsapp.invalid is not found"


async def test_with_a_proxy_of_chromiums_own_a_missing_answer_decides_nothing(
    free_port: int,
) -> None:
    reached, _ = await findings(
        f"http://127.0.0.1:{free_port}/", CHROMIUM_ARGS="--proxy-server=http://proxy:3128"
    )
    assert reached.status is Status.WARNING
    assert "--whatsapp" in reached.cure


async def test_a_certificate_that_is_not_trusted(tmp_path: Path) -> None:
    async def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    context: ssl.SSLContext = server_context(tmp_path)
    async with await asyncio.start_server(refuse, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        reached, _ = await findings(f"https://127.0.0.1:{port}/")
    assert reached.status is Status.FAILURE
    assert "no TLS" in reached.detail
    assert "ca-certificates" in reached.cure
