"""The host, and the messages that nobody answered, as JSON and as pages."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import aiohttp
import pytest

from flowhqd import __version__
from flowhqd.supervisor.alerts import Alert
from flowhqd.supervisor.live import BrowserView
from tests.http.conftest import PASSWORD, Site
from tests.http.problems import problem
from tests.http.test_http_pages import ACCEPT

HOST = "/admin/host"
UNANSWERED = "/admin/unanswered"
Make = Callable[..., Awaitable[str]]
STARTED = datetime(2026, 11, 21, 11, tzinfo=UTC)


async def log_in(site: Site) -> aiohttp.ClientSession:
    """A browser that has logged in, and so has seen the list of tenants."""
    client = site.client(None, Accept=ACCEPT)
    async with client.post("/admin/login", data={"password": PASSWORD}) as response:
        assert response.status == 200
    return client


def chromium(*tenants: UUID) -> BrowserView:
    return BrowserView(4242, "142.0.7444.59", tenants, STARTED, True, False, 300 << 20)


async def go_stale(site: Site, tenant: str) -> None:
    await site.services.database.pool.execute(
        """update worker_process set status = 'ERROR', reason = 'stale',
                  heartbeat_at = now() - interval '5 minutes' where tenant_id = $1""",
        UUID(tenant),
    )


async def test_the_host_tells_what_runs_and_what_needs_a_person(
    site: Site,
    admin: aiohttp.ClientSession,
    make_tenant: Make,
    connect: Callable[[str], Awaitable[None]],
) -> None:
    asha, neema = await make_tenant(), await make_tenant(name="Neema", phone_number="+255712000009")
    await connect(asha)
    await site.services.database.pool.execute("update whatsapp_session set web_version = '2.3000'")
    await go_stale(site, neema)
    site.control.running = [chromium(UUID(asha), uuid4())]
    gone = Alert(uuid4(), "logged_out", "", "", STARTED)
    site.control.raised = [Alert(UUID(neema), "stale", "", "Force-restart it.", STARTED), gone]
    async with admin.get(HOST) as response:
        assert response.status == 200
        host = await response.json()
    [running] = host["chromiums"]
    assert running["tenants"] == [{"id": asha, "name": "Duka la Asha"}]
    assert running["memory_bytes"] == 300 << 20
    assert host["versions"]["flowhqd"] == __version__
    assert host["versions"]["chromium"] == ["142.0.7444.59"]
    assert host["versions"]["whatsapp_web"] == [{"version": "2.3000", "tenants": 1}]
    assert [one["tenant"]["name"] for one in host["alerts"]] == ["Neema"]
    assert host["alerts_are_sent"] is False
    assert [one["tenant"]["id"] for one in host["stale"]] == [neema]
    assert host["memory"]["room_for_tenants"] >= 0
    [disk] = host["disks"]
    assert disk["holds"] == ["state", "sessions", "logs"]
    assert 0 < disk["free_bytes"] < disk["total_bytes"]
    assert host["database"]["bytes"] > 1 << 20
    assert host["database"]["is_embedded"]
    assert 0 <= host["database"]["pool"]["used"] <= host["database"]["pool"]["max"]
    assert host["loop_lag"]["worst_ms"] >= host["loop_lag"]["mean_ms"]


async def test_a_stale_worker_is_restarted_from_the_page(site: Site, make_tenant: Make) -> None:
    tenant = await make_tenant()
    await go_stale(site, tenant)
    site.control.running = [chromium(UUID(tenant))]
    browser = await log_in(site)
    async with browser.get(HOST) as response:
        page = await response.text()
    assert "1 worker gives no sign of life" in page
    assert "NO SANDBOX" in page
    [target] = re.findall(r'action="(/admin/tenants/[^"]+/force-restart)"', page)
    [token] = set(re.findall(r'name="csrf_token" value="([^"]+)"', page))
    async with browser.post(target, data={"csrf_token": token}) as response:
        assert response.status == 200
    assert site.control.calls == [("force_restart", UUID(tenant))]


async def test_the_chromiums_are_looked_at_seldom(site: Site, make_tenant: Make) -> None:
    tenant = UUID(await make_tenant())
    site.control.running = [chromium(tenant, uuid4(), uuid4())]
    browser = await log_in(site)
    for _ in range(3):
        async with browser.get(HOST) as response:
            assert response.status == 200
    assert site.control.looks == 1
    async with browser.get("/admin/tenants") as response:
        assert "100 MB" in await response.text()
    assert site.control.looks == 1


@pytest.fixture
async def message(site: Site, make_tenant: Make) -> tuple[str, str]:
    """A tenant and its message that came too late to be answered."""
    tenant = await make_tenant()
    row = await site.services.database.pool.fetchval(
        """with writer as (insert into contact (tenant_id) values ($1) returning id)
           insert into message_log (tenant_id, contact_id, chat_id, direction, from_number,
                                    message_text, wa_message_id, status, reason, origin,
                                    wa_timestamp)
           select $1, id, 'chat', 'IN', '+255754000001', '<b>Mpo?</b>', 'A', 'UNANSWERED',
                  'too_old', 'sweep', $2 from writer returning id""",
        UUID(tenant),
        datetime.now(UTC) - timedelta(hours=2),
    )
    return tenant, str(row)


async def test_what_nobody_answered_waits_until_it_is_done(
    site: Site, message: tuple[str, str]
) -> None:
    tenant, row = message
    browser = await log_in(site)
    async with browser.get(HOST) as response:
        assert "&lt;b&gt;Mpo?&lt;/b&gt;" in await response.text()
    async with browser.get(UNANSWERED) as response:
        page = await response.text()
    assert "&lt;b&gt;Mpo?&lt;/b&gt;" in page
    done = f"/admin/tenants/{tenant}/unanswered/{row}/done"
    assert f'action="{done}"' in page
    async with browser.post(done, data={}) as response:
        assert response.status == 403
    [token] = set(re.findall(r'name="csrf_token" value="([^"]+)"', page))
    async with browser.post(done, data={"csrf_token": token}) as response:
        assert str(response.url.path) == UNANSWERED
        assert "Nothing waits for you" in await response.text()
    async with browser.post(f"{done}?", data={"csrf_token": token}) as response:
        assert response.status == 200


async def test_a_cursor_from_nowhere_is_refused(site: Site, admin: aiohttp.ClientSession) -> None:
    async with admin.get(UNANSWERED, params={"before": "x"}) as response:
        await problem(response, 400)
    browser = await log_in(site)
    async with browser.get(UNANSWERED, params={"before": "x"}) as response:
        assert response.status == 400
