"""What stops a daemon from starting is told in one line."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.system.daemon import Daemon, running


async def run(environment: dict[str, str]) -> tuple[int, str]:
    """The exit status and stderr of a daemon that cannot start."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "flowhqd", "run",
        env={"PATH": os.environ["PATH"], "PORT": "0", **environment},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        stdout, stderr = await asyncio.wait_for(process.communicate(), 60)
    finally:
        if process.returncode is None:
            process.terminate()
            await process.communicate()
    assert b"Traceback" not in stdout + stderr
    assert process.returncode is not None
    return process.returncode, stderr.decode()


def one_line(text: str) -> str:
    [line] = text.strip().splitlines()
    return line


async def test_every_wrong_variable_is_named_at_once(open_directory: Path) -> None:
    status, text = await run(
        {"STATE_PATH": str(open_directory / "s1"), "PORT": "many", "LOG_LEVEL": "loud"}
    )
    assert status == 2
    assert {line.split()[1].rstrip(":") for line in text.strip().splitlines()} == {
        "PORT",
        "LOG_LEVEL",
    }


async def test_a_port_in_use(open_directory: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, text = await run({"STATE_PATH": str(open_directory / "s2"), "PORT": str(port)})
    assert status == 3
    assert f"127.0.0.1:{port} is in use" in one_line(text)


async def test_no_chromium(open_directory: Path) -> None:
    status, text = await run(
        {
            "STATE_PATH": str(open_directory / "s3"),
            "PUPPETEER_EXECUTABLE_PATH": "/nowhere/chromium",
        }
    )
    assert status in (2, 3)
    assert "/nowhere/chromium" in one_line(text)


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("mysql://somebody:hidden@localhost/db", 2),
        ("postgresql://somebody:hidden@/db?host=/nowhere", 3),
    ],
)
async def test_a_wrong_database_url_hides_its_password(
    open_directory: Path, url: str, status: int
) -> None:
    found, text = await run({"STATE_PATH": str(open_directory / "s4"), "DATABASE_URL": url})
    assert found == status
    assert "hidden" not in one_line(text)


async def test_a_second_daemon(make_daemon: Callable[..., Daemon]) -> None:
    daemon = make_daemon()
    async with running(daemon):
        assert daemon.process is not None
        state = str(daemon.log.with_suffix(""))
        status, text = await run({"STATE_PATH": state})
        assert status == 3
        assert str(daemon.process.pid) in one_line(text)
