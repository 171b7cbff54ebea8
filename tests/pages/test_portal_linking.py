"""The page that links a phone, with its script: codes come, grey out and are followed by others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import pytest_asyncio

from flowhqd.http.portal import auth, setup
from flowhqd.qr import png_data_url
from flowhqd.states import Language, SessionState, TenantStatus, WorkerStatus
from flowhqd.store import portal_sessions, states
from flowhqd.store.states import Qr, StateChange
from flowhqd.supervisor.live import PairingCode
from tests import npm
from tests.http.control import RecordingControl
from tests.pages.test_axe import ROOM, RUN
from tests.pages.world import NARROW, WIDE, World
from tests.people import new_user
from tests.tenants import new_tenant
from tests.window import SECONDS, Window

pytestmark = pytest.mark.asyncio(loop_scope="session")

PAGE = "/app/whatsapp"


@dataclass(frozen=True)
class Linking:
    """An owner whose phone is not linked, in front of a screen."""

    world: World
    window: Window
    tenant: UUID

    @property
    def control(self) -> RecordingControl:
        return self.world.site.control

    def asked(self) -> list[str]:
        return [call for call, tenant in self.control.calls if tenant == self.tenant]

    def give(self) -> None:
        """A code to type is there, and good for long enough to be seen on any host."""
        self.control.given = PairingCode("WXYZ9876", datetime.now(UTC) + timedelta(minutes=3))

    async def wait_for_its_end(self) -> None:
        """The time of the code that is shown passes."""
        await self.window.js(
            "void (document.querySelector('.link').dataset.expires = '2026-01-01')"
        )

    async def become(self, reason: str, session: SessionState) -> None:
        async with self.world.site.services.database.transaction() as connection:
            change = StateChange(
                reason,
                tenant=TenantStatus.QR_PENDING,
                session=session,
                worker=WorkerStatus.RUNNING,
            )
            await states.apply(connection, self.tenant, change, actor="worker")


@pytest_asyncio.fixture(loop_scope="session")
async def linking(world: World) -> AsyncIterator[Linking]:
    services = world.site.services
    async with services.database.transaction() as connection:
        tenant = await new_tenant(connection, name="Saluni")
        user = await new_user(connection, tenant_id=tenant, language=Language.EN)
        cookie = await portal_sessions.create(connection, user.id)
    await setup.consent(services, user)
    window = world.windows["nobody"]
    await window.open(f"{world.site.url}/app")
    await window.js(f"void (document.cookie = '{auth.COOKIE}={cookie}; path=/')")
    world.site.control.given = None
    yield Linking(world, window, tenant)
    world.site.control.given = None
    await window.js(f"void (document.cookie = '{auth.COOKIE}=; path=/; max-age=0')")


async def test_a_small_screen_gets_a_code_to_type_by_itself(linking: Linking) -> None:
    await linking.window.look(*NARROW)
    await linking.world.open("nobody", PAGE)
    await linking.window.says("ABCD")
    assert linking.asked() == ["pairing_code"]
    linking.give()
    await linking.world.open("nobody", PAGE)
    await linking.window.says("WXYZ")
    await linking.wait_for_its_end()
    await linking.window.says("ABCD")
    assert linking.asked() == ["pairing_code"] * 2, "the next when that was over"


async def test_a_small_screen_gets_a_code_to_type_though_one_to_scan_is_there(
    linking: Linking,
) -> None:
    """Regression: the round that began with the approval was shown instead."""
    await linking.become("awaiting_scan", SessionState.QR_READY)
    async with linking.world.site.services.database.transaction() as connection:
        expires_at = datetime.now(UTC) + timedelta(seconds=60)
        code = Qr("a code", png_data_url("a code"), 1, expires_at)
        await states.show_qr(connection, linking.tenant, code)
    await linking.window.look(*WIDE)
    await linking.world.open("nobody", PAGE)
    await linking.window.until("document.querySelector('[data-way=qr]')")
    assert linking.asked() == []
    await linking.window.look(*NARROW)
    await linking.world.open("nobody", PAGE)
    fetched = "performance.getEntriesByType('resource').some((got) => got.name.endsWith('/code'))"
    await linking.window.until(fetched)
    assert linking.asked() == ["pairing_code"]


async def test_a_code_and_its_end_are_for_everybody(linking: Linking) -> None:
    axe = (npm.install(ROOM) / "axe-core" / "axe.min.js").read_text("utf-8")
    await linking.become("number_in_use", SessionState.QR_READY)
    for seconds, selector in ((100, ".pairing:not(.over)"), (-1, ".pairing.over")):
        expires_at = datetime.now(UTC) + timedelta(seconds=seconds)
        linking.control.given = PairingCode("WXYZ9876", expires_at)
        for size, dark in ((WIDE, False), (NARROW, True)):
            await linking.window.look(*size, dark=dark)
            await linking.world.open("nobody", PAGE)
            await linking.window.until(f"document.querySelector('{selector}')")
            await linking.window.run(axe)
            assert await linking.window.page.call(RUN, timeout=SECONDS) == []


async def test_a_wide_screen_gets_a_code_to_scan(linking: Linking) -> None:
    await linking.window.look(*WIDE)
    await linking.world.open("nobody", PAGE)
    await linking.window.until("!document.querySelector('#asking:not([hidden])')")
    assert set(linking.asked()) == {"pair"}


async def test_what_a_code_does_not_cure_greys_out_and_stays(linking: Linking) -> None:
    await linking.become("number_in_use", SessionState.QR_READY)
    linking.give()
    await linking.window.look(*NARROW)
    await linking.world.open("nobody", PAGE)
    await linking.window.until("document.querySelector('.pairing:not(.over)')")
    await linking.wait_for_its_end()
    await linking.window.until("document.querySelector('.pairing.over')")
    await linking.window.says("This code is over.")
    assert linking.asked() == []
    await linking.window.click(".stale button")
    await linking.window.says("ABCD")
    assert linking.asked() == ["pairing_code"]
