"""The daemon as a subprocess, and the operator who talks to it over HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from flowhqd.simulator import Phone

PASSWORD = "the operator's own"
START_SECONDS = 60.0
STOP_SECONDS = 40.0

T = TypeVar("T")


async def eventually(ask: Callable[[], Awaitable[T | None]], what: str, seconds: float = 60) -> T:
    """The first answer that is not None; fails, naming what was waited for, when none comes."""
    last: BaseException | None = None
    try:
        async with asyncio.timeout(seconds):
            while True:
                try:
                    answer = await ask()
                except aiohttp.ClientError as error:
                    answer, last = None, error
                if answer is not None:
                    return answer
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"no {what} within {seconds} s (last error: {last!r})") from last


class Operator:
    """An HTTP client with the admin password."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.http = session

    async def get(self, path: str, status: int = 200) -> Any:
        async with self.http.get(path) as response:
            assert response.status == status, await response.text()
            return await response.json()

    async def post(self, path: str, body: Any = None, status: int = 202) -> Any:
        async with self.http.post(path, json=body) as response:
            assert response.status == status, await response.text()
            return await response.json()

    async def create(self, number: str, **fields: Any) -> str:
        """A tenant with this E.164 number; returns its id."""
        body = {
            "name": f"Duka {number[-4:]}",
            "phone_number": number,
            "template_type": "BOOKING",
            "business_name": "Saluni ya Asha",
            "language": "SW",
            **fields,
        }
        return str((await self.post("/admin/tenants", body, 201))["tenant"]["id"])

    async def tenant(self, tenant_id: str) -> dict[str, Any]:
        answer = await self.get(f"/admin/tenants/{tenant_id}/status")
        tenant: dict[str, Any] = answer["tenant"]
        return tenant

    async def state(self, tenant_id: str, wanted: str, seconds: float = 60) -> dict[str, Any]:
        """The tenant once its session is in the state ``wanted``."""

        async def ask() -> dict[str, Any] | None:
            tenant = await self.tenant(tenant_id)
            return tenant if tenant["session"]["state"] == wanted else None

        return await eventually(ask, f"session {wanted}", seconds)

    async def worker(self, tenant_id: str, status: str, reason: str) -> dict[str, Any]:
        """The tenant once its worker has this status for this reason."""

        async def ask() -> dict[str, Any] | None:
            tenant = await self.tenant(tenant_id)
            found = tenant["worker"]["status"], tenant["worker"]["reason"]
            return tenant if found == (status, reason) else None

        return await eventually(ask, f"worker {status} {reason}")

    async def verb(self, tenant_id: str, verb: str, body: Any = None) -> dict[str, Any]:
        answer = await self.post(f"/admin/tenants/{tenant_id}/{verb}", body)
        tenant: dict[str, Any] = answer["tenant"]
        return tenant

    async def qr(self, tenant_id: str) -> str:
        """The text of the code to scan, once there is one."""
        await self.state(tenant_id, "QR_READY")
        async with self.http.get(f"/admin/tenants/{tenant_id}/qr?format=raw") as response:
            assert response.status == 200, await response.text()
            return (await response.text()).strip()

    async def link(self, phone: Phone, **fields: Any) -> str:
        """A connected tenant with this phone; returns its id."""
        tenant_id = await self.create(f"+{phone.number}", **fields)
        await self.verb(tenant_id, "worker/start")
        await phone.scan(await self.qr(tenant_id))
        await self.state(tenant_id, "CONNECTED")
        return tenant_id

    async def logs(self, tenant_id: str, limit: int = 1000) -> list[dict[str, Any]]:
        """The whole log, oldest first."""
        rows: list[dict[str, Any]] = []
        path = f"/admin/tenants/{tenant_id}/logs?limit={limit}"
        page = await self.get(path)
        while True:
            rows += page["logs"]
            if page["next"] is None:
                return rows[::-1]
            page = await self.get(f"{path}&before={page['next']}")


class DaemonEnded(AssertionError):
    """A daemon ended while it started, with this exit status."""

    def __init__(self, status: int, last_words: str) -> None:
        super().__init__(f"exit status {status}: {last_words}")
        self.status = status


class Daemon:
    """``flowhqd run`` with a state of its own, or another ``module`` that runs it."""

    module: tuple[str, ...] = ("flowhqd",)

    def __init__(self, state: Path, web_url: str, **environment: str) -> None:
        self.state = state
        self.log = state.parent / f"{state.name}.log"
        self.url = ""
        self._environment = {
            "PATH": os.environ["PATH"],
            "STATE_PATH": str(state),
            "PORT": "0",
            "ADMIN_PASSWORD": PASSWORD,
            "WHATSAPP_WEB_URL": web_url,
            **environment,
        }
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start, and return once it is ready to serve."""
        begin = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", *self.module, "run",
                env=self._environment, stdout=log, stderr=log,
            )  # fmt: skip

        async def ask() -> str | None:
            assert self.process is not None
            if self.process.returncode is not None:
                raise DaemonEnded(self.process.returncode, self.log.read_text()[-4000:])
            with self.log.open() as log:
                log.seek(begin)
                for line in log:
                    if line.startswith("flowhqd ") and " serves " in line:
                        return line.split(" serves ")[1].strip().removesuffix("/admin/tenants")
            return None

        self.url = await eventually(ask, "daemon", START_SECONDS)

    async def stop(self) -> int:
        """SIGTERM; returns the exit status."""
        assert self.process is not None
        assert self.process.returncode is None, self.log.read_text()[-4000:]
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), STOP_SECONDS)

    async def kill(self) -> None:
        """SIGKILL: no chance to tidy up."""
        assert self.process is not None
        assert self.process.returncode is None, self.log.read_text()[-4000:]
        self.process.kill()
        await self.process.wait()

    def errors(self) -> Counter[str]:
        """The events of level ERROR in the log of all its lives, and lines that are no log's."""
        found: Counter[str] = Counter()
        with self.log.open() as log:
            for text in log:
                try:
                    line = json.loads(text)
                except ValueError:
                    found["Traceback"] += text.startswith("Traceback")
                else:
                    found[line["event"]] += line["level"] in ("error", "critical")
        return +found

    @asynccontextmanager
    async def operator(self) -> AsyncIterator[Operator]:
        headers = {"Authorization": aiohttp.encode_basic_auth("admin", PASSWORD)}
        async with aiohttp.ClientSession(self.url, headers=headers) as session:
            yield Operator(session)


@asynccontextmanager
async def running(daemon: Daemon) -> AsyncIterator[Operator]:
    """The daemon from start to stop, and its operator."""
    await daemon.start()
    try:
        async with daemon.operator() as operator:
            yield operator
    finally:
        if daemon.process is not None and daemon.process.returncode is None:
            await daemon.stop()
