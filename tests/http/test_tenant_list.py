"""The list of tenants: found, filtered, in order, a page at a time, and acted upon together."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID, uuid4

import aiohttp
import pytest

from flowhqd.states import Language
from flowhqd.store import tenants
from tests.http.conftest import PASSWORD, Site
from tests.http.problems import problem
from tests.http.test_http_pages import ACCEPT

TENANTS = "/admin/tenants"
MANY = f"{TENANTS}/many"
Connect = Callable[[str], Awaitable[None]]


@pytest.fixture
async def shops(site: Site) -> dict[str, str]:
    """The ids of seven tenants by name."""
    made: dict[str, str] = {}
    for number, name in enumerate(["asha", "Baraka", "chai", "Duka", "eva", "Fundi", "goma"]):
        async with site.services.database.transaction() as connection:
            made[name] = str(
                await tenants.create(
                    connection,
                    name=name,
                    phone_number=f"+25571200000{number}",
                    template_type="BOOKING",
                    business_name=f"Saluni ya {name[::-1]}",
                    language=Language.SW,
                )
            )
    return made


@pytest.fixture
async def browser(site: Site) -> aiohttp.ClientSession:
    """A browser that has logged in."""
    client = site.client(None, Accept=ACCEPT)
    async with client.post("/admin/login", data={"password": PASSWORD}) as response:
        assert response.status == 200
    return client


async def listed(client: aiohttp.ClientSession, **query: str) -> list[str]:
    """The names of all pages, two to a page."""
    names: list[str] = []
    params = {"limit": "2", **query}
    while True:
        async with client.get(TENANTS, params=params) as response:
            assert response.status == 200, await response.text()
            page = await response.json()
        names += [one["name"] for one in page["tenants"]]
        if page["next"] is None:
            return names
        params["after"] = page["next"]


async def say(site: Site, tenant: str, count: int, age: timedelta = timedelta()) -> None:
    """``count`` messages from one customer, so long ago."""
    await site.services.database.pool.execute(
        """with writer as (insert into contact (tenant_id) values ($1) returning id)
           insert into message_log (tenant_id, contact_id, chat_id, direction, wa_message_id,
                                    status, origin, wa_timestamp, created_at)
           select $1, id, 'chat', 'IN', n::text, 'ANSWERED', 'live', now(), now() - $3::interval
             from writer, generate_series(1, $2) n""",
        UUID(tenant), count, age,
    )  # fmt: skip


async def test_a_part_of_a_name_or_number_finds(
    admin: aiohttp.ClientSession, shops: dict[str, str]
) -> None:
    assert await listed(admin, q="a") == [*shops]
    for search, found in [
        ("ASH", ["asha"]),
        ("ya akara", ["Baraka"]),
        ("+255712000003", ["Duka"]),
        ("0712 000 003", ["Duka"]),
        ("(0)712-000003", ["Duka"]),
        ("%", []),
        ("_", []),
    ]:
        assert await listed(admin, q=search) == found


async def test_filters_go_together(
    site: Site, admin: aiohttp.ClientSession, shops: dict[str, str], connect: Connect
) -> None:
    await connect(shops["asha"])
    await connect(shops["eva"])
    execute = site.services.database.pool.execute
    await execute("update tenant set status = 'PAUSED' where name = 'eva'")
    await execute(
        """update worker_process set status = 'ERROR', reason = case tenant_id
             when $1 then 'stale' else 'logged_out' end where tenant_id in ($1, $2)""",
        UUID(shops["goma"]), UUID(shops["chai"]),
    )  # fmt: skip
    site.control.states = {UUID(shops["Duka"]): "RECONNECTING", UUID(shops["asha"]): "CONNECTED"}
    assert await listed(admin, status="ACTIVE") == ["asha"]
    assert await listed(admin, session="CONNECTED") == ["asha", "eva"]
    assert await listed(admin, session="CONNECTED", status="PAUSED") == ["eva"]
    assert await listed(admin, worker="RUNNING") == ["asha", "eva"]
    assert await listed(admin, worker="RECONNECTING") == ["Duka"]
    assert await listed(admin, worker="STALE") == ["goma"]
    assert await listed(admin, worker="RESTING") == ["chai"]
    assert await listed(admin, worker="ERROR", q="o") == ["goma"]


async def test_every_order_goes_on_where_a_page_ended(
    site: Site, admin: aiohttp.ClientSession, shops: dict[str, str], connect: Connect
) -> None:
    names = list(shops)
    await say(site, shops["asha"], 9, age=timedelta(days=2))
    await say(site, shops["chai"], 3)
    await say(site, shops["goma"], 5)
    await connect(shops["Duka"])
    await connect(shops["Baraka"])
    assert await listed(admin) == names
    assert await listed(admin, sort="name") == names
    assert (await listed(admin, sort="last_seen"))[:2] == ["Baraka", "Duka"]
    assert sorted(await listed(admin, sort="last_seen")) == sorted(names)
    assert (await listed(admin, sort="messages"))[:2] == ["goma", "chai"]
    assert sorted(await listed(admin, sort="messages")) == sorted(names)
    async with admin.get(TENANTS, params={"sort": "messages", "limit": "2"}) as response:
        page = await response.json()
    assert [one["messages_today"] for one in page["tenants"]] == [
        {"inbound": 5, "outbound": 0},
        {"inbound": 3, "outbound": 0},
    ]
    async with admin.get(TENANTS, params={"after": page["next"]}) as response:
        await problem(response, 400)


async def test_what_cannot_be_listed_is_refused(
    admin: aiohttp.ClientSession, browser: aiohttp.ClientSession
) -> None:
    for name, value in [
        ("q", "x" * 10_000),
        ("status", "none"),
        ("sort", "id; drop"),
        ("worker", "active"),
    ]:
        async with admin.get(TENANTS, params={name: value}) as response:
            assert (await problem(response, 422))["errors"].keys() == {name}
        async with browser.get(TENANTS, params={name: value}) as response:
            assert response.status == 422
            assert response.content_type == "text/html"
            if name == "q":
                page = await response.text()
                assert 'id="q-error">Is too long: at most 200 characters.' in page
                assert f'value="{value}"' in page
    async with browser.get(TENANTS, params={"after": "nowhere"}) as response:
        assert response.status == 400


async def test_the_page_keeps_what_was_asked_for(
    browser: aiohttp.ClientSession, shops: dict[str, str], connect: Connect
) -> None:
    await connect(shops["asha"])
    async with browser.get(
        TENANTS, params={"q": "as", "status": "ACTIVE", "session": ""}
    ) as response:
        page = await response.text()
    assert re.findall(r'<a href="/admin/tenants/[0-9a-f-]{36}"><bdi>(\w+)', page) == ["asha"]
    assert 'name="q" type="search" value="as"' in page
    assert '<option value="ACTIVE" selected>' in page
    assert 'data-live-url="/admin/tenants?q=as&amp;status=ACTIVE"' in page
    async with browser.get(TENANTS, params={"q": "nobody"}) as response:
        assert "No tenant is like that" in await response.text()


async def token(browser: aiohttp.ClientSession) -> str:
    async with browser.get(TENANTS) as response:
        match = re.search(r'name="csrf_token" value="([^"]+)"', await response.text())
    assert match
    return match[1]


async def test_several_are_acted_upon_at_once(
    site: Site, browser: aiohttp.ClientSession, shops: dict[str, str]
) -> None:
    gone = uuid4()
    ticked = [shops["asha"], shops["eva"], shops["eva"], str(gone)]
    fields = [("csrf_token", await token(browser)), ("verb", "restart")]
    fields += [("tenant", one) for one in ticked]
    async with browser.post(f"{MANY}?q=a", data=fields) as response:
        assert response.status == 200
        page = await response.text()
    assert sorted(site.control.calls) == sorted(
        ("restart", UUID(shops[name])) for name in ("asha", "eva")
    )
    assert "2 workers were restarted." in page
    assert f"<li><bdi>{gone}</bdi>: there is no tenant {gone}</li>" in page
    assert 'value="a"' in page


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ([("verb", "stop")], "Nothing was done"),
        ([("verb", "erase")], "must be one of"),
        ([("verb", "stop"), ("tenant", "all")], "is no tenant"),
        ([("verb", "stop")] + [("tenant", str(uuid4()))] * 51, "at most 50"),
    ],
)
async def test_what_cannot_be_done_to_several_is_not_begun(
    site: Site,
    browser: aiohttp.ClientSession,
    shops: dict[str, str],
    fields: list[tuple[str, str]],
    text: str,
) -> None:
    data = [("csrf_token", await token(browser)), *fields]
    async with browser.post(MANY, data=data) as response:
        assert response.status == 422
        assert text in await response.text()
    async with browser.post(MANY, data=fields) as response:
        assert response.status == 403
    assert not site.control.calls
