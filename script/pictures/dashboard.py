"""The operator's pages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from pictures.town import PASSWORD, Town
from pictures.window import NARROW, WIDE, Window, beside, save

LOGIN = (1280, 480)


@dataclass(frozen=True)
class Page:
    """One page: the name of its picture, its path, and what is typed into its form's text."""

    name: str
    path: str
    text: str = ""


def pages(tenant_id: str) -> list[Page]:
    """Every page of the operator's; those of one tenant with ``tenant_id``."""
    one = f"/admin/tenants/{tenant_id}"
    return [
        Page("tenants", "/admin/tenants"),
        Page("new", "/admin/tenants/new"),
        Page("tenant", one),
        Page("messages", f"{one}/logs"),
        Page("texts", f"{one}/texts"),
        Page("text", f"{one}/texts/prices?language=SW"),
        Page("try", f"{one}/try", "Bei ya kusuka ni shilingi ngapi?"),
        Page("settings", f"{one}/edit"),
        Page("history", f"{one}/audit"),
        Page("delete", f"{one}/delete"),
        Page("requests", "/admin/setup-requests"),
        Page("people", "/admin/users"),
        Page("host", "/admin/host"),
        Page("unanswered", "/admin/unanswered"),
        Page("keys", "/admin/keys"),
        Page("docs", "/docs"),
    ]


async def take(window: Window, place: Town, tenant_id: str, directory: Path) -> None:
    """Every page, wide and light, and three on a phone in the dark."""
    await window.look(LOGIN)
    await window.open(f"{place.url}/admin/login")
    save(await window.picture(), directory / "dashboard-login.png")
    await window.open(f"{place.url}/admin/tenants?password={quote(PASSWORD)}")
    narrow = []
    for page in pages(tenant_id):
        await window.look(WIDE)
        await window.open(place.url + page.path)
        if page.text:
            await window.submit(f"form[action='{page.path}']", text=page.text)
        await settled(window)
        save(await window.picture(whole=True), directory / f"dashboard-{page.name}.png")
        if page.name in ("tenants", "tenant", "messages"):
            await window.look(NARROW, dark=True)
            await window.open(place.url + page.path)
            await settled(window)
            narrow.append(await window.picture())
    save(beside(*narrow), directory / "dashboard-phone.png")


async def settled(window: Window) -> None:
    """Until pictures and charts are drawn."""
    await window.until("[...document.images].every((one) => one.complete)")
    await window.js("new Promise((done) => setTimeout(done, 500))")
