"""The admin's main ways can be gone with a keyboard alone, and the focus is always seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast
from uuid import UUID

import pytest
import pytest_asyncio

from flowhqd.states import SetupStatus, TenantStatus
from flowhqd.store import api_keys, setup_requests, states
from flowhqd.store.api_keys import Scope
from flowhqd.store.states import StateChange
from tests.http.conftest import PASSWORD
from tests.pages.world import WIDE, World
from tests.people import new_user, wish
from tests.tenants import new_tenant
from tests.window import Window

pytestmark = pytest.mark.asyncio(loop_scope="session")

# A week of opening hours has six places for each day.
MOST_STOPS = 160
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


# What is done where the focus is: Enter, on what leads to a document or on what opens in place, a
# space on a box; anything else is typed.
FOLLOW, OPEN, TICK = "\r", "\n", " "


@dataclass(frozen=True, slots=True)
class Way:
    """From a page over what has the focus to what is to be seen, and asked of the worker.

    Braces name what ``things`` has made.
    """

    path: str
    steps: tuple[tuple[str, str], ...]
    seen: str
    asked: str = ""


WAYS = {
    "pause": Way(
        "/admin/tenants/{tenant}",
        (("form[action$='/pause'] button", FOLLOW),),
        "location.pathname === '/admin/tenants/{tenant}'",
        "pause",
    ),
    "resume": Way(
        "/admin/tenants/{paused}",
        (("form[action$='/resume'] button", FOLLOW),),
        "location.pathname === '/admin/tenants/{paused}'",
        "resume",
    ),
    "restart": Way(
        "/admin/tenants/{tenant}",
        ((".buttons summary", OPEN), ("form[action$='/worker/restart'] button", FOLLOW)),
        "location.pathname === '/admin/tenants/{tenant}'",
        "restart",
    ),
    "unlink": Way(
        "/admin/tenants/{tenant}",
        (
            (".buttons summary", OPEN),
            ("a[href$='/unlink']", FOLLOW),
            ("main form .danger", FOLLOW),
        ),
        "location.pathname === '/admin/tenants/{tenant}'",
        "forget_login",
    ),
    "delete": Way(
        "/admin/tenants/{tenant}/delete",
        (("#name", "{name}"), ("main form .danger", FOLLOW)),
        "document.querySelector('h1').innerText === '{name} was deleted'",
        "remove",
    ),
    "text": Way(
        "/admin/tenants/{tenant}/texts",
        (
            ("a[href*='/texts/prices?']", FOLLOW),
            ("#body", "Bei za leo. "),
            ("[value=preview]", FOLLOW),
            ("[value=save]", FOLLOW),
        ),
        "document.querySelector('.notice.good') && "
        "document.getElementById('preview').innerText.startsWith('Bei za leo. ')",
    ),
    "try": Way(
        "/admin/tenants/{tenant}/try",
        (("#text", "bei gani?"), ("main form .main", FOLLOW)),
        "[...document.querySelectorAll('dt')].some((one) => one.innerText === 'Rule')",
    ),
    "search the log": Way(
        "/admin/tenants/{talking}/logs",
        (
            ("#q", "nafasi"),
            (".filters .main", FOLLOW),
            ("td.outcome summary", OPEN),
        ),
        "location.search.includes('q=nafasi') && document.querySelector('details[open] .story')",
    ),
    "approve": Way(
        "/admin/setup-requests",
        (("form[action$='/{request}/approve'] .main", FOLLOW),),
        "/^.admin.tenants.[0-9a-f-]{36}$/.test(location.pathname)",
    ),
    "reject": Way(
        "/admin/setup-requests",
        (
            ("section:has([action$='/{request}/reject']) summary", OPEN),
            ("[id='note-{request}']", "Andika tena."),
            ("form[action$='/{request}/reject'] .danger", FOLLOW),
        ),
        "!document.querySelector('[action$=\"/{request}/reject\"]')",
    ),
    "invite": Way(
        "/admin/users",
        (("#email", "{tenant}@example.com"), ("[aria-labelledby=invite] .main", FOLLOW)),
        "document.querySelector('.notice.good pre').innerText.includes('/app/invite/')",
    ),
    "reset link": Way(
        "/admin/users",
        (
            ("tr:has([action$='/{user}/reset-link']) summary", OPEN),
            ("[action$='/{user}/reset-link'] button", FOLLOW),
        ),
        "document.querySelector('.notice.good pre').innerText.includes('/app/')",
    ),
    "make a key": Way(
        "/admin/keys",
        (
            ("#name", "Funguo"),
            ("[name=read]", TICK),
            ("[aria-labelledby=new-key] .main", FOLLOW),
        ),
        "document.querySelector('.notice.good pre').innerText.length > 20",
    ),
    "revoke a key": Way(
        "/admin/keys",
        (
            ("tr:has([action$='/{key}/revoke']) summary", OPEN),
            ("[action$='/{key}/revoke'] button", FOLLOW),
        ),
        "!document.querySelector('[action$=\"/{key}/revoke\"]')",
    ),
    "force a stale worker": Way(
        "/admin/host",
        (("[action$='/worker/force-restart'] button", FOLLOW),),
        "location.pathname.startsWith('/admin/')",
    ),
}


@pytest_asyncio.fixture(loop_scope="session")
async def things(world: World) -> dict[str, str]:
    """A tenant and what else a way needs, for one test alone."""
    async with world.site.services.database.transaction() as connection:
        tenant = await new_tenant(connection, name="Duka la Funguo")
        paused = await new_tenant(connection)
        change = StateChange("paused", tenant=TenantStatus.PAUSED)
        await states.apply(connection, paused, change, actor="admin")
        user = await new_user(connection)
        request = await setup_requests.save(connection, user.id, wish())
        request = await setup_requests.move(connection, request, SetupStatus.SUBMITTED)
        key, _ = await api_keys.create(connection, "Old", [Scope.READ])
    return {
        "tenant": str(tenant),
        "name": "Duka la Funguo",
        "paused": str(paused),
        "talking": str(world.some.connected),
        "user": str(user.id),
        "request": str(request.id),
        "key": str(key.id),
    }


def named(text: str, things: dict[str, str]) -> str:
    for name, value in things.items():
        text = text.replace(f"{{{name}}}", value)
    return text


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
async def test_a_way_by_keys_alone(way: Way, world: World, things: dict[str, str]) -> None:
    world.site.control.calls.clear()
    window = await world.open("admin", named(way.path, things))
    await window.look(*WIDE)
    for selector, what in way.steps:
        await go_to(window, named(selector, things))
        if what == FOLLOW:
            await window.follow()
        elif what in (OPEN, TICK):
            await window.press("Enter" if what == OPEN else " ")
        else:
            await window.type(named(what, things))
    await window.until(named(way.seen, things))
    if way.asked:
        assert [call for call, _ in world.site.control.calls] == [way.asked]


async def test_opening_hours_and_limits(world: World, things: dict[str, str]) -> None:
    path = f"/admin/tenants/{things['tenant']}"
    window = await world.open("admin", f"{path}/edit")
    await window.look(*WIDE)
    await go_to(window, "[name=hours]")
    await window.press("ArrowDown")
    for name, keys in (("mon_1_from", "0800a"), ("mon_1_to", "1159p")):
        await go_to(window, f"[name={name}]")
        for key in keys:
            await window.press(key)
    await go_to(window, "[name=as_monday]")
    await window.press(" ")
    await go_to(window, "#rate_limit_window_ms")
    await window.type("30")
    await go_to(window, "main form .main")
    await window.follow()
    await window.at(path)
    window = await world.open("admin", f"{path}/edit")
    for name, start in (
        ("mon_1_from", "08:00"), ("fri_1_from", "08:00"), ("rate_limit_window_ms", "30"),
    ):  # fmt: skip
        assert await window.js(f"document.querySelector('[name={name}]').value") == start
