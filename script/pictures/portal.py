"""The portal of a business's owner, on a phone."""

from __future__ import annotations

from pathlib import Path

from pictures.town import PASSWORD, Town
from pictures.window import NARROW, Window, beside, save

NUMBER = "255712000020"
BUSINESS = "Saluni Maridadi"


async def take(window: Window, place: Town, directory: Path) -> None:
    """An owner's way from the entrance to an answered customer, in both languages."""
    portal = f"{place.url}/app"
    await window.look(NARROW)
    await _sign_up(window, portal, "bakery@example.com", "en")
    english = [await window.picture()]
    await _request(window, "Ubungo Bakery", "ECOMMERCE", "255712000021")
    await window.open(f"{portal}/account")
    await window.submit("form[action='/app/logout']")
    await window.open(portal)
    await _speak(window, "sw")
    swahili = [await window.picture()]
    await _sign_up(window, portal, "saluni@example.com", "sw")
    await _request(window, BUSINESS, "BOOKING", NUMBER)
    waiting = (await place.ask("GET", "/admin/setup-requests?status=SUBMITTED"))["setupRequests"]
    [request] = [one for one in waiting if one["whatsapp_number"] == f"+{NUMBER}"]
    await place.ask("POST", f"/admin/setup-requests/{request['id']}/approve")
    await window.open(f"{portal}/whatsapp")
    await window.submit("form[action='/app/whatsapp/agree']", agree="yes")
    await window.click("[data-ask=code] button")
    await window.until("document.querySelector('.digits')")
    swahili.append(await window.picture())
    code = await window.js("document.querySelector('.digits').innerText")
    letters = "".join(one for one in str(code) if one.isalnum())
    await place.phone(f"{NUMBER}/code", {"code": letters})
    await window.until("location.pathname === '/app/status' && document.readyState === 'complete'")
    await place.write(NUMBER, "Habari za asubuhi", "Nataka kuweka miadi kesho saa nne")
    await window.open(f"{portal}/status")
    swahili.append(await window.picture())
    save(beside(*swahili), directory / "portal-sw.png")
    await _speak(window, "en")
    await window.open(f"{portal}/logs")
    english.append(await window.picture())
    await window.open(f"{portal}/settings/try")
    await window.submit("form[action='/app/settings/try']", text="Bei ya kusuka ni shilingi ngapi?")
    english.append(await window.picture())
    save(beside(*english), directory / "portal-en.png")


async def _sign_up(window: Window, portal: str, email: str, language: str) -> None:
    await window.open(f"{portal}/signup")
    await _speak(window, language)
    await window.submit("form[action='/app/signup']", email=email, password=PASSWORD)
    await window.open(f"{portal}/setup")


async def _request(window: Window, name: str, template: str, number: str) -> None:
    await window.submit(
        "main form", template_type=template, business_name=name, whatsapp_number=f"+{number}"
    )


async def _speak(window: Window, language: str) -> None:
    if await window.js("document.documentElement.lang") != language:
        await window.submit("form.tongue")
