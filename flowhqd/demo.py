"""The same daemon against a simulated WhatsApp that runs beside it."""

from __future__ import annotations

import asyncio
import os
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flowhqd import daemon
from flowhqd.browser.host import BrowserHost
from flowhqd.credentials import PASSWORD_BYTES
from flowhqd.daemon import Running
from flowhqd.environment import load_settings
from flowhqd.errors import StartupError
from flowhqd.settings import Settings
from flowhqd.simulator import Simulator, SimulatorOptions
from flowhqd.states import Language, Wanted
from flowhqd.store import states, tenants
from flowhqd.store.database import Database
from flowhqd.story import BUSINESS, OWNER, Story, StoryFailed

START_SECONDS = 10.0
ACTOR = "demo"
CUSTOMERS = (("255754000001", "Neema", None), ("255754000002", "Juma", "190011223344556"))
"""Number, name and LID: one customer of each kind."""


def run_demo(say: Callable[[str], None]) -> None:
    """Run until stopped, with one tenant that waits for its scan; raises StartupError.

    State is kept apart, in STATE_PATH/demo, and every run starts from an empty one: the simulated
    phones forget their devices too. ``say`` is told, line by line, what to click.
    """
    with _simulator() as url:
        settings = _settings(url)

        def tell(running: Running) -> None:
            has_own = bool(os.environ.get("ADMIN_PASSWORD"))
            password = running.credentials.admin_password.get_secret_value()
            shown = "your ADMIN_PASSWORD" if has_own else f"password {password}"
            say(f"1. Open {running.url}/admin/tenants (user admin, {shown}) and choose the tenant.")
            say(f"2. Open {url}phone/{OWNER} beside it and tap the QR code under Linked devices.")
            say("3. Write as a customer there and watch the replies arrive. Ctrl-C ends the demo.")

        daemon.run(settings, announce=tell, prepare=_seed)


def run_script(say: Callable[[str], None]) -> None:
    """Play the whole story once, from an empty state; raises StartupError, StoryFailed."""
    failures: list[StoryFailed] = []
    is_over = False

    with _simulator() as url:
        settings = _settings(url, port="0")

        async def work(running: Running) -> None:
            nonlocal is_over
            password = running.credentials.admin_password.get_secret_value()
            async with Story(running.url, password, url, say) as story:
                try:
                    await story.play()
                    is_over = True
                except StoryFailed as error:
                    failures.append(error)

        daemon.run(settings, announce=lambda _: None, prepare=_empty, work=work)
    if failures:
        raise failures[0]
    if not is_over:
        raise StoryFailed("the story was stopped before its end")


def _settings(url: str, *, port: str = "") -> Settings:
    """The operator's own settings, with a state apart and the simulator for WhatsApp."""
    given = os.environ
    state = load_settings().state_path / "demo"
    return load_settings(
        {
            **given,
            "STATE_PATH": str(state),
            "SESSIONS_PATH": str(state / "sessions"),
            "LOGS_PATH": str(state / "logs"),
            "DATABASE_URL": "",
            "WHATSAPP_WEB_URL": url,
            "PORT": given.get("PORT") or port,
            # What the demo says would drown in the log.
            "LOG_LEVEL": given.get("LOG_LEVEL") or "ERROR",
            # A new one each time, because each time somebody has to be told.
            "ADMIN_PASSWORD": given.get("ADMIN_PASSWORD") or secrets.token_urlsafe(PASSWORD_BYTES),
        }
    )


@contextmanager
def _simulator() -> Iterator[str]:
    """The simulator on a thread of its own, so that neither loop slows the other."""
    started = threading.Event()
    found: dict[str, str] = {}
    loop = asyncio.new_event_loop()
    stopping = asyncio.Event()

    async def serve() -> None:
        async with Simulator(SimulatorOptions()) as simulator:
            phone = simulator.phone(OWNER, BUSINESS)
            for number, name, lid in CUSTOMERS:
                phone.customer(number, name, lid)
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


async def _seed(database: Database, host: BrowserHost) -> None:
    await _empty(database, host)
    async with database.transaction() as connection:
        tenant = await tenants.create(
            connection,
            name=BUSINESS,
            phone_number=f"+{OWNER}",
            template_type="BOOKING",
            business_name=BUSINESS,
            language=Language.SW,
        )
        await states.audit(connection, tenant, actor=ACTOR, action="tenant_created")
        await tenants.want(connection, tenant, Wanted.RUNNING)
