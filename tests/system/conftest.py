"""A daemon and a simulated WhatsApp for each test."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from flowhqd.simulator import Simulator, SimulatorOptions
from tests.system.daemon import Daemon

_names = itertools.count()


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator(SimulatorOptions()) as simulator:
        yield simulator


@pytest.fixture
def make_daemon(open_directory: Path, simulator: Simulator) -> Callable[..., Daemon]:
    """Daemons with a state of their own, below a directory that every account may pass through."""

    def make(**environment: str) -> Daemon:
        state = open_directory / f"daemon-{next(_names)}"
        return Daemon(state, simulator.url, **environment)

    return make
