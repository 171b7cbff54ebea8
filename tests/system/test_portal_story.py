"""An owner's first day, in a real browser: from the entrance to an answered customer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from flowhqd.accounts import unprivileged
from flowhqd.browser.executable import find_chromium
from flowhqd.browser.host import BrowserHost, BrowserOptions
from flowhqd.simulator import Simulator
from tests.system.daemon import Daemon, running
from tests.window import Window

NUMBER = "255712000001"


@asynccontextmanager
async def windows(path: Path, *names: str) -> AsyncIterator[list[Window]]:
    """Pages of one Chromium that know nothing of each other."""
    async with BrowserHost(BrowserOptions(find_chromium(), path, unprivileged())) as host:
        found = [await Window.opened(host, name) for name in names]
        yield found
        for window in found:
            assert window.violations == []
            await window.page.close()


async def test_from_signing_up_to_an_answered_customer(
    make_daemon: Callable[..., Daemon], simulator: Simulator, open_directory: Path
) -> None:
    daemon = make_daemon()
    people = windows(open_directory / "people", "owner", "phone")
    async with running(daemon) as operator, people as (owner, phone):
        await owner.open(f"{daemon.url}/")
        await owner.at("/app")
        if await owner.js("document.documentElement.lang") != "sw":
            await owner.click(".tongue button")
        await owner.says("WhatsApp yako inajibu yenyewe")
        await owner.click("a[href='/app/signup']")
        await owner.fill(email="asha@example.com", password="chai ya tangawizi")
        await owner.click("main form button")
        await owner.at("/app/setup")
        await owner.click("[value=BOOKING]")
        await owner.fill(business_name="Saluni ya Asha", whatsapp_number=f"+{NUMBER}")
        await owner.click("[value=send]")
        await owner.says("Tumepokea ombi lako")

        found = await operator.get("/admin/setup-requests?status=SUBMITTED")
        [request] = found["setupRequests"]
        await operator.post(f"/admin/setup-requests/{request['id']}/approve", {}, 200)
        await owner.says("Limekubaliwa! Imebaki hatua moja")
        await owner.click("a[href='/app/whatsapp']")
        await owner.says("Kabla ya kuunganisha WhatsApp yako")
        await owner.click("#agree")
        await owner.click("main form button")

        # A wide screen is shown a code to scan without being asked again.
        await owner.until("document.querySelector('[data-way=qr] img')?.naturalWidth")
        await owner.click("[data-ask=code] button")
        await owner.until("document.querySelector('[data-way=code]')")
        code = await owner.js("document.querySelector('.digits').textContent.trim()")
        await phone.open(f"{simulator.url}phone/{NUMBER}")
        await phone.fill(code=str(code))
        await phone.js("void document.getElementById('code-form').requestSubmit()")
        await owner.at("/app/status")
        await owner.says("Kila kitu kiko tayari!")

        await owner.click("a[href='/app/logs']")
        await owner.says("Bado hakuna ujumbe")
        await owner.js("void (window.untouched = true)")
        customer = simulator.phone(NUMBER).customer("255754000001", name="Neema")
        await customer.send("Nataka kuweka miadi kesho")
        [reply] = await customer.wait_for(1)
        await owner.until("document.querySelector('.messages .in .badge.good')")
        await owner.says("Nataka kuweka miadi kesho")
        await owner.says(reply.text.splitlines()[0])
        assert await owner.js("window.untouched"), "without loading the page anew"
        await owner.click(".tongue button")
        await owner.says("to +255754000001")
    assert "Traceback" not in daemon.log.read_text()
