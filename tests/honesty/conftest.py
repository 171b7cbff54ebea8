"""A simulator that a browser takes for https://web.whatsapp.com/, and a home for Node programs."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from flowhqd.simulator import Simulator, SimulatorOptions
from tests.honesty import node
from tests.honesty.certificate import HOST, server_context

# whatsapp-web.js hears of the sync only if its listeners are there first, and it puts them there
# with some twenty calls after it has seen the code. On the real page a sync takes longer than this.
SYNC_SECONDS = 2.5


@pytest.fixture(scope="session")
def libraries() -> None:
    node.install()


@pytest.fixture
def home() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="flowhqd-honesty-", dir="/tmp"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


@pytest.fixture
async def simulator(tmp_path: Path) -> AsyncIterator[Simulator]:
    options = SimulatorOptions(
        tls=server_context(tmp_path), host="127.0.0.1", sync_delay_seconds=SYNC_SECONDS
    )
    async with Simulator(options) as running:
        yield running


@pytest.fixture
def program(libraries: None, home: Path, simulator: Simulator) -> Callable[[str], node.NodeProgram]:
    """Makes a Node program whose browser finds the simulator under WhatsApp Web's own address."""
    switches = [
        f"--host-resolver-rules=MAP {HOST} 127.0.0.1:{simulator.port}",
        "--ignore-certificate-errors",
    ]
    return lambda script: node.NodeProgram(script, home, args=switches, dataPath=str(home / "auth"))
