"""A daemon on a port of its own, with a simulated WhatsApp, and the command run beside it."""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from flowhqd.simulator import Simulator, SimulatorOptions
from tests.system.daemon import PASSWORD, Daemon

_names = itertools.count()


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator(SimulatorOptions()) as simulator:
        yield simulator


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@dataclass(frozen=True)
class Host:
    """What a daemon and the commands beside it share."""

    state: Path
    environment: dict[str, str]

    def daemon(self) -> Daemon:
        return Daemon(self.state, self.environment["WHATSAPP_WEB_URL"], **self.environment)

    async def flowhqd(self, *arguments: str, **environment: str) -> tuple[int, bytes]:
        """The exit status and stdout of a command."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "flowhqd", *arguments,
            env={"PATH": os.environ["PATH"], **self.environment, **environment},
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        stdout, _ = await asyncio.wait_for(process.communicate(), 100)
        assert process.returncode is not None
        return process.returncode, stdout

    async def check(self, *arguments: str, **environment: str) -> tuple[int, list[dict[str, Any]]]:
        """The exit status and the findings of ``flowhqd check --json``."""
        status, stdout = await self.flowhqd("check", "--json", *arguments, **environment)
        document = orjson.loads(stdout)
        assert document["ok"] == (status == 0)
        return status, document["checks"]


@pytest.fixture
def host(open_directory: Path, simulator: Simulator, free_port: int) -> Host:
    state = open_directory / f"check-{next(_names)}"
    environment = {
        "STATE_PATH": str(state),
        "PORT": str(free_port),
        "ADMIN_PASSWORD": PASSWORD,
        "WHATSAPP_WEB_URL": simulator.url,
    }
    return Host(state, environment)


Serve = Callable[[bytes], Awaitable[str]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts a server that gives the same bytes to every request; its address."""
    servers: list[asyncio.Server] = []

    async def start(answer: bytes) -> str:
        async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            writer.close()
            await writer.wait_closed()

        server = await asyncio.start_server(reply, "127.0.0.1", 0)
        servers.append(server)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"

    yield start
    for server in servers:
        server.close()
        await server.wait_closed()
