"""The admin's main ways can be gone with a keyboard alone, and the focus is always seen."""

from __future__ import annotations

from typing import cast
from uuid import UUID

import pytest

from tests.http.conftest import PASSWORD
from tests.pages.world import WIDE, World
from tests.window import Window

pytestmark = pytest.mark.asyncio(loop_scope="session")

MOST_STOPS = 80
FOCUS = """(() => {
  const at = document.activeElement;
  if (at === document.body) return null;
  const box = at.getBoundingClientRect(), style = getComputedStyle(at);
  const isSeen = box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
  return [at.outerHTML.slice(0, 200), isSeen, style.outlineStyle !== "none"
          && parseFloat(style.outlineWidth) >= 2];
})()"""


async def go_to(window: Window, selector: str) -> None:
    """Press Tab until something has the focus; whatever has it on the way shows it."""
    for _ in range(MOST_STOPS):
        await window.press("Tab")
        stop = await window.js(FOCUS)
        if stop is None:
            continue
        html, is_seen, has_outline = cast("list[object]", stop)
        assert is_seen, f"the focus is out of sight: {html}"
        assert has_outline, f"the focus is not shown: {html}"
        if await window.js(f"document.activeElement.matches({selector!r})"):
            return
    raise AssertionError(f"no way to {selector} with the Tab key")


async def test_from_logging_in_to_a_new_tenant_and_its_worker(world: World) -> None:
    window = world.windows["nobody"]
    await window.look(*WIDE)
    await world.open("nobody", "/admin/tenants")
    # The form has the focus already.
    await window.until("document.activeElement.id === 'password'")
    await window.type(PASSWORD)
    await window.follow()
    await window.at("/admin/tenants")

    await window.press("Tab")
    assert await window.js("document.activeElement.matches('.skip')")
    await window.press("Enter")
    await go_to(window, "a[href='/admin/tenants/new']")
    await window.follow()
    await window.at("/admin/tenants/new")
    for name, text in (
        ("name", "Duka la funguo"),
        ("business_name", "Duka la funguo"),
        ("phone_number", "+255 719 999 999"),
    ):
        await go_to(window, f"#{name}")
        await window.type(text)
    if await window.js("document.getElementById('template_type').value === ''"):
        await go_to(window, "#template_type")
        await window.press("ArrowDown")
    await go_to(window, "main form button.main")
    await window.follow()
    await window.until("/^.admin.tenants.[0-9a-f-]{36}$/.test(location.pathname)")
    tenant = UUID(str(await window.js("location.pathname.split('/').pop()")))
    await go_to(window, "form[action$='/worker/start'] button")
    await window.follow()
    assert ("start", tenant) in world.site.control.calls

    await go_to(window, ".leave button")
    await window.follow()
    await window.at("/admin/login")


async def test_searching_and_acting_upon_several(world: World) -> None:
    window = await world.open("admin", "/admin/tenants")
    await window.look(*WIDE)
    world.site.control.calls.clear()
    await go_to(window, "#q")
    await window.type("Neema")
    await window.follow()
    await window.until("location.search.includes('q=Neema')")
    await go_to(window, "[name=tenant]")
    await window.press(" ")
    assert await window.js("document.activeElement.checked")
    for _ in range(20):
        await window.press("Tab", shift=True)
        if await window.js("document.activeElement.value === 'restart'"):
            break
    await window.follow()
    await window.says("1 worker was restarted.")
    assert world.site.control.calls == [("restart", world.some.connected)]
