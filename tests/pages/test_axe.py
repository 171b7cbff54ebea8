"""No page has a fault that axe-core finds, or goes beyond a phone's width, in light and in dark."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Any, cast

import pytest
from yarl import URL

from flowhqd.http.app import create_app
from flowhqd.http.operation import TABLE
from flowhqd.http.portal.auth import COOKIE
from flowhqd.store import portal_sessions
from tests import npm
from tests.http.test_http_pages import ACCEPT
from tests.pages.world import NARROW, WIDE, World
from tests.window import SECONDS

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROOM = Path(__file__).parent
PAGES = {
    "nobody": [
        "/admin/login",
        "/app",
        "/app/login",
        "/app/signup",
        "/app/invite/{invitation}",
        "/app/invite/nonsense",
        "/app/gone",
    ],
    "admin": [
        "/admin/tenants",
        "/admin/tenants?q=nobody",
        "/admin/tenants?q={long}",
        "/admin/tenants/new",
        "/admin/tenants/{connected}",
        "/admin/tenants/{linking}",
        "/admin/tenants/{never_started}",
        "/admin/tenants/{connected}/audit",
        "/admin/tenants/{connected}/delete",
        "/admin/tenants/{connected}/edit",
        "/admin/tenants/{connected}/logs",
        "/admin/tenants/{connected}/screenshot",
        "/admin/tenants/{connected}/texts",
        "/admin/tenants/{connected}/texts/human",
        "/admin/tenants/{connected}/try",
        "/admin/tenants/{connected}/unlink",
        "/admin/host",
        "/admin/keys",
        "/admin/setup-requests",
        "/admin/unanswered",
        "/admin/users",
        "/docs",
        "/nowhere",
    ],
    "user": [
        "/app/account",
        "/app/data",
        "/app/logs",
        "/app/nowhere",
        "/app/settings",
        "/app/settings/hours",
        "/app/settings/silent",
        "/app/settings/texts",
        "/app/settings/texts/human",
        "/app/settings/try",
        "/app/setup",
        "/app/status",
        "/app/unanswered",
        "/app/whatsapp",
    ],
}
"""Every page; what stands in braces is of ``Some``."""

RUN = """async () => {
  const found = await axe.run(document, {resultTypes: ["violations"]});
  return found.violations.map(({id, nodes}) =>
    [id, ...nodes.slice(0, 3).map((node) => [node.html.slice(0, 200), node.failureSummary])]);
}"""


@pytest.fixture(scope="session")
def axe() -> str:
    return (npm.install(ROOM) / "axe-core" / "axe.min.js").read_text("utf-8")


def filled(world: World, path: str) -> str:
    return path.format(
        **{name: getattr(world.some, name) for name in world.some.__slots__}, long="x" * 999
    )


@pytest.mark.parametrize(
    ("who", "path"), [(who, path) for who, paths in PAGES.items() for path in paths]
)
async def test_a_page_is_for_everybody(world: World, axe: str, who: str, path: str) -> None:
    window = world.windows[who]
    for size, dark in ((WIDE, False), (NARROW, True)):
        await window.look(*size, dark=dark)
        await world.open(who, filled(world, path))
        await window.run(axe)
        faults = cast("list[Any]", await window.page.call(RUN, timeout=SECONDS))
        assert faults == [], f"{path} {size} {'dark' if dark else 'light'}"
        beyond = await window.js(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert beyond == 0, f"{path} is wider than {size[0]} pixels"


async def test_a_form_that_came_too_late_is_for_everybody(world: World, axe: str) -> None:
    window = await world.open("user", "/app/settings/texts/greeting")
    await window.fill(body="Karibu!\nTuandikie hapa.")
    await window.js("void (document.querySelector('main [name=csrf_token]').value = 'stale')")
    await window.click("main [value=save]")
    await window.until("document.getElementById('typed-body')")
    for size, dark in ((WIDE, False), (NARROW, True)):
        await window.look(*size, dark=dark)
        await window.run(axe)
        assert await window.page.call(RUN, timeout=SECONDS) == []
    await window.click("main button.main")
    await window.at("/app/settings/texts")
    await window.says("Tuandikie hapa.")


async def test_what_is_at_fault_is_found(world: World, axe: str) -> None:
    window = await world.open("nobody", "/admin/login")
    await window.run(axe)
    await window.js("void document.querySelector('label').remove()")
    rules = cast("list[Any]", await window.page.call(RUN, timeout=SECONDS))
    assert "label" in [rule for rule, *_ in rules]


async def test_no_page_is_left_out(world: World) -> None:
    """Each route that answers a browser with a page is looked at above."""
    fields = {"id": str(world.some.connected), "key": "human", "token": world.some.invitation}
    looked_at = {filled(world, path).partition("?")[0] for path in chain(*PAGES.values())}
    admin, user = world.site.client(Accept=ACCEPT), world.site.client(None, Accept=ACCEPT)
    async with world.site.services.database.connection() as connection:
        cookie = await portal_sessions.create(connection, world.some.user)
    user.cookie_jar.update_cookies({COOKIE: cookie}, URL(world.site.url))
    left_out = set()
    for route in create_app(world.site.services)[TABLE]:
        assert route.resource is not None
        path = route.resource.canonical.format(**{**fields, "name": "x", "message_id": "x"})
        if route.method != "GET" or path.rstrip("/") in looked_at or path.startswith("/app/reset/"):
            continue
        # A stream of changes has no end.
        client = user if path.startswith("/app") else admin
        async with client.get(path, allow_redirects=False) as response:
            if response.status == 200 and response.content_type == "text/html":
                left_out.add(path)
    for client in (admin, user):
        await client.close()
    assert not left_out
