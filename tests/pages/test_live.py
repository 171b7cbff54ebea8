"""Pages stay current by themselves, leave what people use alone, and say when they cannot."""

from __future__ import annotations

import asyncio

import pytest
import pytest_asyncio

from flowhqd.changes import Topic
from flowhqd.http import live
from tests.pages.world import WIDE, World
from tests.window import SECONDS, Window

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def pause(world: World) -> None:
    """What a worker does when it writes a state."""
    tenant, database = world.some.connected, world.site.services.database
    await database.pool.execute("update tenant set status = 'PAUSED' where id = $1", tenant)
    world.site.services.changes.publish(tenant, Topic.STATES)


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def resumed(world: World) -> None:
    """Each test begins with an active tenant."""
    await world.site.services.database.pool.execute(
        "update tenant set status = 'ACTIVE' where id = $1", world.some.connected
    )


async def opened(world: World, path: str) -> Window:
    """A page that will know whether it was loaded anew."""
    await world.windows["admin"].look(*WIDE)
    window = await world.open("admin", path)
    await window.js("void (window.untouched = true)")
    return window


async def listening(world: World, path: str) -> Window:
    """The same once it hears of changes."""
    window = await opened(world, path)
    async with asyncio.timeout(SECONDS):
        while True:
            if world.site.services.changes.watchers:
                return window
            await asyncio.sleep(0.02)


async def test_a_change_is_shown_where_it_happened(world: World) -> None:
    window = await listening(world, "/admin/tenants")
    states = f"document.getElementById('states-{world.some.connected}')"
    tick = f"document.querySelector('[value=\"{world.some.connected}\"]')"
    await window.until(f"{states}.innerText.includes('ACTIVE')")
    # Who ticked tenants keeps the list, and sees each state change within it.
    await window.js(f"void {tick}.click()")
    await window.js("void (document.getElementById('q').value = 'half a wo')")
    await pause(world)
    await window.until(f"{states}.innerText.includes('PAUSED')")
    assert await window.js(f"{tick}.checked")
    assert await window.js("document.getElementById('q').value") == "half a wo"
    assert await window.js("window.untouched")


async def test_what_did_not_change_stays_as_it_is(world: World) -> None:
    """Though the token of its forms is written otherwise in every answer."""
    tenant = world.some.connected
    window = await listening(world, f"/admin/tenants/{tenant}")
    await window.js(
        "void (window.looks = 0, window.fetched = window.fetch, window.fetch = (...asked) => {"
        " window.looks += 1; return window.fetched(...asked); },"
        " document.querySelector('#live-buttons form').touched = true)"
    )
    for looks in (1, 2):
        # The second begins when all of the first is done.
        world.site.services.changes.publish(tenant, Topic.STATES)
        await window.until(f"window.looks >= {looks}")
    assert await window.js("document.querySelector('#live-buttons form').touched")


async def test_without_events_a_page_asks_by_itself(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MAX_STREAMS", 0)
    window = await opened(world, f"/admin/tenants/{world.some.connected}")
    await pause(world)
    await window.until("document.querySelector('h1').closest('main').innerText.includes('PAUSED')")
    assert await window.js("window.untouched")


async def test_a_page_says_that_it_cannot_be_current(world: World) -> None:
    window = await listening(world, f"/admin/tenants/{world.some.connected}")
    await window.js("void (window.fetched = window.fetch, window.fetch = () => Promise.reject())")
    world.site.services.changes.publish(world.some.connected, Topic.STATES)
    await window.says("what you see may be old")
    await window.js("void (window.fetch = window.fetched)")
    world.site.services.changes.publish(world.some.connected, Topic.STATES)
    await window.until("document.getElementById('live-note').textContent === ''")
