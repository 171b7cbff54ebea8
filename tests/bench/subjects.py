"""What is compared: flowhqd, and the unmodified whatsapp-web.js, with any number of accounts each.

Both find the same simulator under WhatsApp Web's own address, with the same Chromium.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

from flowhqd.simulator import Phone, Simulator
from tests.bench.memory import processes_of
from tests.honesty.certificate import HOST
from tests.honesty.node import NodeProgram
from tests.system.daemon import Daemon, Operator, running

REPLY = "Karibu. Bei inategemea huduma unayotaka. Tafadhali tuandikie huduma unayotaka na siku."
"""What whatsapp-web.js answers; about as long as flowhqd's own answer to the same question."""
READY_SECONDS = 60.0


class Subject(Protocol):
    """One side of the comparison, running."""

    async def link(self, phones: Sequence[Phone]) -> None:
        """Add an account for each of the phones; returns when all are connected."""
        ...

    async def stop(self, phone: Phone) -> None:
        """Close an account's page; its login stays."""
        ...

    async def start(self, phone: Phone) -> None:
        """Open it again; returns when it is connected."""
        ...

    def processes(self) -> set[int]:
        """Every process that is there for it."""
        ...


OpenSubject = Callable[[Path, Simulator], AbstractAsyncContextManager[Subject]]


def _switches(simulator: Simulator) -> list[str]:
    return [
        f"--host-resolver-rules=MAP {HOST} 127.0.0.1:{simulator.port}",
        "--ignore-certificate-errors",
    ]


class Flowhqd:
    """A daemon with its embedded PostgreSQL."""

    def __init__(self, daemon: Daemon, operator: Operator, directory: Path) -> None:
        self._daemon = daemon
        self._operator = operator
        self._directory = directory
        self._tenants: dict[str, str] = {}

    async def link(self, phones: Sequence[Phone]) -> None:
        operator = self._operator
        for phone in phones:
            tenant = self._tenants[phone.number] = await operator.create(f"+{phone.number}")
            await operator.verb(tenant, "worker/start")
        for phone in phones:
            await phone.scan(await operator.qr(self._tenants[phone.number]))
        for phone in phones:
            await operator.state(self._tenants[phone.number], "CONNECTED", READY_SECONDS)

    async def stop(self, phone: Phone) -> None:
        await self._operator.verb(self._tenants[phone.number], "worker/stop")

    async def start(self, phone: Phone) -> None:
        tenant = self._tenants[phone.number]
        await self._operator.verb(tenant, "worker/start")
        await self._operator.state(tenant, "CONNECTED", READY_SECONDS)

    def processes(self) -> set[int]:
        assert self._daemon.process is not None
        return processes_of(self._daemon.process.pid, self._directory)


@asynccontextmanager
async def flowhqd(directory: Path, simulator: Simulator) -> AsyncIterator[Subject]:
    """A new daemon, without the limits that would hold back the burst."""
    daemon = Daemon(
        directory / "state",
        f"https://{HOST}/",
        CHROMIUM_ARGS=shlex.join(_switches(simulator)),
        RATE_LIMIT_MAX_PER_MINUTE="0",
        LOOP_BREAKER_MAX_REPLIES="0",
    )
    try:
        async with running(daemon) as operator:
            yield Flowhqd(daemon, operator, directory)
    finally:
        # Interrupted while it was starting.
        if daemon.process is not None and daemon.process.returncode is None:
            await daemon.stop()


class WhatsappWebJs(NodeProgram):
    """A Node process with a client and a Chromium for each account."""

    def __init__(self, home: Path, simulator: Simulator) -> None:
        super().__init__(
            str(Path(__file__).with_name("accounts.cjs")),
            home,
            args=_switches(simulator),
            dataPath=str(home / "auth"),
            reply=REPLY,
        )
        self._directory = home
        self._turns: dict[str, int] = {}

    async def link(self, phones: Sequence[Phone]) -> None:
        shown = len(self.seen("qr"))
        for phone in phones:
            self._command("start", phone)
        # A client must have seen its code before it can notice that the phone was linked.
        await self.until("qr", shown + len(phones))
        codes = await phones[0].simulator.wait_for_qr(count=len(phones))
        for phone, code in zip(phones, codes, strict=True):
            await phone.scan(code)
        for phone in phones:
            await self._happened("ready", phone)

    async def stop(self, phone: Phone) -> None:
        self._command("stop", phone)
        await self._happened("stopped", phone)

    async def start(self, phone: Phone) -> None:
        self._command("start", phone)
        await self._happened("ready", phone)

    def processes(self) -> set[int]:
        return processes_of(self._process.pid, self._directory)

    def _command(self, verb: str, phone: Phone) -> None:
        """Each command has a number, so that what it brings about can be told from earlier."""
        turn = self._turns[phone.number] = self._turns.get(phone.number, 0) + 1
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([verb, phone.number, turn]).encode() + b"\n")

    async def _happened(self, kind: str, phone: Phone) -> None:
        await self.until_exactly(kind, phone.number, self._turns[phone.number])


@asynccontextmanager
async def whatsapp_web_js(directory: Path, simulator: Simulator) -> AsyncIterator[Subject]:
    """A new Node process without accounts."""
    async with WhatsappWebJs(directory, simulator) as program:
        yield program
