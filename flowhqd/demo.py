"""The same daemon against a simulated WhatsApp that runs beside it."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flowhqd import daemon
from flowhqd.browser.host import BrowserHost
from flowhqd.daemon import Running
from flowhqd.errors import StartupError
from flowhqd.settings import load_settings
from flowhqd.simulator import Simulator, SimulatorOptions
from flowhqd.store import tenants
from flowhqd.store.database import Database

START_SECONDS = 10.0


def run_demo(announce: Callable[[Running], None]) -> None:
    """Run until stopped; raises StartupError.

    State is kept apart, in STATE_PATH/demo, and every run starts from an empty one: the simulated
    phones forget their devices too.
    """
    with _simulator() as url:
        base = load_settings()
        state = base.state_path / "demo"
        settings = load_settings(
            {
                **os.environ,
                "STATE_PATH": str(state),
                "SESSIONS_PATH": str(state / "sessions"),
                "LOGS_PATH": str(state / "logs"),
                "DATABASE_URL": "",
                "WHATSAPP_WEB_URL": url,
            }
        )

        def tell(running: Running) -> None:
            announce(running)
            print(f"  simulated WhatsApp: {url} (control API: {url}control/)", flush=True)

        daemon.run(settings, announce=tell, prepare=_empty)


@contextmanager
def _simulator() -> Iterator[str]:
    """The simulator on a thread of its own, so that neither loop slows the other."""
    started = threading.Event()
    found: dict[str, str] = {}
    loop = asyncio.new_event_loop()
    stopping = asyncio.Event()

    async def serve() -> None:
        async with Simulator(SimulatorOptions()) as simulator:
            found["url"] = simulator.url
            started.set()
            await stopping.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), name="simulator")
    thread.start()
    try:
        if not started.wait(START_SECONDS):
            raise StartupError("the simulator did not start")
        yield found["url"]
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join()
        loop.close()


async def _empty(database: Database, host: BrowserHost) -> None:
    async with database.transaction() as connection:
        for tenant in await tenants.page(connection, limit=1000):
            await host.forget(str(tenant.id))
            await tenants.delete(connection, tenant.id)
