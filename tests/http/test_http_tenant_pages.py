"""The pages of one tenant: its texts, trials, messages, history and its end."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from html import unescape
from uuid import UUID

import aiohttp
import pytest

from flowhqd.http.queries import LogsQuery
from flowhqd.states import SessionState, TenantStatus, WorkerStatus
from flowhqd.store import states
from flowhqd.store.states import StateChange
from tests.http.conftest import BODY, PASSWORD, Hear, Site
from tests.http.test_http_pages import ACCEPT, TENANTS, token


@pytest.fixture
async def person(site: Site) -> aiohttp.ClientSession:
    """A browser that has logged in."""
    client = site.client(None, Accept=ACCEPT)
    async with client.post("/admin/login", data={"password": PASSWORD}) as response:
        assert response.status == 200
    return client


async def read(client: aiohttp.ClientSession, path: str, status: int = 200) -> str:
    async with client.get(path) as response:
        assert response.status == status, await response.text()
        assert response.content_type == "text/html"
        return await response.text()


async def send(
    client: aiohttp.ClientSession, path: str, status: int = 200, **fields: str
) -> tuple[str, str]:
    """Send a form; the path it led to, and the page there."""
    data = {**fields, "csrf_token": await token(client)}
    async with client.post(path, data=data) as response:
        assert response.status == status, await response.text()
        return response.url.path_qs, await response.text()


async def test_every_page_of_a_tenant_leads_to_the_others(
    person: aiohttp.ClientSession, tenant: str
) -> None:
    url = f"{TENANTS}/{tenant}"
    tabs = re.findall(
        r'<li><a href="([^"]+)"', (await read(person, url)).partition('class="tabs"')[2]
    )
    assert tabs == [url, *(f"{url}/{name}" for name in ("logs", "texts", "try", "edit", "audit"))]
    for tab in tabs:
        page = await read(person, tab)
        assert f'<a href="{tab}" aria-current="page">' in page
    for path in ("unlink", "delete", "texts/prices"):
        assert 'class="tabs"' in await read(person, f"{url}/{path}")


async def test_a_session_that_was_just_lost_is_not_told_to_serve(
    site: Site,
    person: aiohttp.ClientSession,
    tenant: str,
    connect: Callable[[str], Awaitable[None]],
) -> None:
    """Its worker is in good order for a while yet."""
    url = f"{TENANTS}/{tenant}"
    await connect(tenant)
    for page in (url, TENANTS):
        assert "Customers are being answered." in await read(person, page)
    site.control.states[UUID(tenant)] = "RECONNECTING"
    lost = StateChange("network", session=SessionState.DISCONNECTED)
    async with site.services.database.transaction() as connection:
        await states.apply(connection, UUID(tenant), lost, actor="worker")
    for page in (url, TENANTS):
        told = await read(person, page)
        assert "Customers are being answered." not in told
        assert "WhatsApp cannot be reached." in told
    told = await read(person, url)
    assert re.search(r"Attempt 3, <span data-until=[^>]+>next in <span[^>]+>4</span> s", told)
    assert f'action="{url}/qr"' not in told, "there is a login to come back with"


async def test_the_button_that_helps_stands_out(
    site: Site, person: aiohttp.ClientSession, tenant: str
) -> None:
    url = f"{TENANTS}/{tenant}"

    async def stands_out() -> list[str]:
        page = (await read(person, url)).partition('id="live-buttons"')[2].partition("</div>")[0]
        return re.findall(r'<button class="main">([^<]+)', page)

    assert await stands_out() == ["Start worker"]
    ended = StateChange(
        "logged_out",
        tenant=TenantStatus.ERROR,
        session=SessionState.DISCONNECTED,
        worker=WorkerStatus.ERROR,
    )
    async with site.services.database.transaction() as connection:
        await states.apply(connection, UUID(tenant), ended, actor="worker")
    assert await stands_out() == ["New QR code"]


async def test_a_text_is_looked_at_saved_and_brought_back(
    person: aiohttp.ClientSession, tenant: str
) -> None:
    url = f"{TENANTS}/{tenant}/texts/prices"
    own = "Kusuka ni 20,000 kwa {{ business }} & wote"
    where, page = await send(person, url, language="SW", body=own, do="preview")
    assert where == url
    assert "Kusuka ni 20,000 kwa Asha Salon &amp; wote" in page
    assert "None yet" in page, "a preview is no version"
    where, page = await send(person, url, language="SW", body=own, do="save")
    assert where == f"{url}?language=SW&saved=1"
    assert "Version 1" in page
    assert "own text" in await read(person, f"{TENANTS}/{tenant}/texts")
    await send(person, url, language="SW", body="Bei", do="save")
    _, page = await send(person, url, language="SW", do="version:1")
    assert f">{own.replace('&', '&amp;')}</textarea>" in page.replace("\n", "")
    assert "Version 3" in page
    _, page = await send(person, url, language="SW", do="shipped")
    assert "The shipped text." in page
    assert "own text" not in await read(person, f"{TENANTS}/{tenant}/texts?language=SW")


async def test_a_text_with_errors_comes_back(person: aiohttp.ClientSession, tenant: str) -> None:
    url = f"{TENANTS}/{tenant}/texts/prices"
    for do in ("save", "preview"):
        _, page = await send(person, url, 422, language="EN", body="<b>{{ price }}", do=do)
        assert 'id="body-error"' in page
        assert "Line 1, column 4: there is no {{ price }} here" in page
        assert "&lt;b&gt;{{ price }}</textarea>" in page
        assert 'name="language" value="EN"' in page
    for do in ("version:7", "version:x", "erase"):
        await send(person, url, 404, language="EN", body="a", do=do)
    await send(person, f"{TENANTS}/{tenant}/texts/payment", 404, body="a")
    await read(person, f"{url}?language=FR", 422)


async def test_a_message_is_tried_out_on_its_page(
    person: aiohttp.ClientSession, tenant: str
) -> None:
    url = f"{TENANTS}/{tenant}/try"
    assert "see which rule answers" in await read(person, url)
    _, page = await send(person, url, text="<i>bei gani?", at="2026-11-21T14:30", language="")
    assert "&lt;i&gt;bei gani?" in page
    assert f'href="{TENANTS}/{tenant}/texts/prices?language=SW"' in page
    assert "Sat 21 Nov 2026 14:30" in page
    assert "The worker was never started." in page
    _, page = await send(person, url, 422, text="", at="never", language="")
    assert 'id="text-error"' in page
    assert 'id="at-error"' in page


async def test_messages_are_searched_on_their_page(
    person: aiohttp.ClientSession, tenant: str, hear: Hear
) -> None:
    await hear(tenant, *(f"bei {number} <b>" for number in range(60)), "habari")
    url = f"{TENANTS}/{tenant}/logs"
    page = await read(person, f"{url}?q=bei&direction=&status=&since=&until=")
    assert 'value="bei"' in page
    assert page.count("&lt;b&gt;</span>") == LogsQuery().limit
    (more,) = re.findall(r'<a class="button" href="([^"]+)" rel="next"', page)
    older = await read(person, unescape(more))
    assert older.count("&lt;b&gt;</span>") == 60 - LogsQuery().limit
    assert 'rel="next"' not in older
    assert "habari" not in page + older
    (export,) = re.findall(r'href="([^"]+logs\.csv[^"]*)"', page)
    async with person.get(unescape(export)) as response:
        assert response.content_type == "text/csv"
        assert "habari" not in await response.text()
    assert "Nothing found" in await read(person, f"{url}?q=hakuna")


async def test_a_search_with_errors_comes_back(person: aiohttp.ClientSession, tenant: str) -> None:
    url = f"{TENANTS}/{tenant}/logs"
    page = await read(person, f"{url}?q={'a' * 10_000}&since=never&status=LOST", 422)
    for name in ("q", "since", "status"):
        assert f'id="{name}-error"' in page
    assert 'id="until-error"' not in page
    assert 'value="never"' in page
    await read(person, f"{url}?before=nowhere", 400)
    await read(person, f"{url}?limit=0", 422)


async def test_the_chart_has_a_table_for_those_who_do_not_see_it(
    person: aiohttp.ClientSession, tenant: str, hear: Hear
) -> None:
    url = f"{TENANTS}/{tenant}"
    assert "None came or went." in await read(person, url)
    await hear(tenant, "bei", "habari")
    page = await read(person, url)
    assert f'data-chart="{url}/stats?hours=48"' in page
    table = page.partition("As a table")[2].partition("</table>")[0]
    assert re.findall(r'<td class="right">(\d+)</td>', table) == ["2", "0"]
    assert f'data-chart="{url}/stats?hours=336"' in await read(person, f"{url}?hours=336")
    assert f'data-chart="{url}/stats?hours=48"' in await read(person, f"{url}?hours=many")
    for name in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
        async with person.get(name) as response:
            assert response.status == 200
            assert "immutable" in response.headers["Cache-Control"]


async def test_the_phone_is_unlinked_only_after_a_question(
    site: Site, person: aiohttp.ClientSession, tenant: str
) -> None:
    url = f"{TENANTS}/{tenant}"
    assert 'name="forget_login"' not in await read(person, url)
    page = await read(person, f"{url}/unlink")
    assert 'name="forget_login" value="true"' in page
    assert f'action="{url}/worker/force-restart"' in page
    assert site.control.calls == []


async def test_what_was_done_is_told_in_order(person: aiohttp.ClientSession, tenant: str) -> None:
    await send(person, f"{TENANTS}/{tenant}/texts/prices", language="SW", body="Bei", do="save")
    page = await read(person, f"{TENANTS}/{tenant}/audit")
    assert page.index("text changed") < page.index("tenant created")
    older = await read(person, f"{TENANTS}/{tenant}/audit?limit=1")
    (more,) = re.findall(r'href="([^"]+)" rel="next"', older)
    assert "text changed" in await read(person, unescape(more))
    await read(person, f"{TENANTS}/{tenant}/audit?before=x", 400)


async def test_its_page_is_shown_or_why_not(
    site: Site, person: aiohttp.ClientSession, tenant: str
) -> None:
    url = f"{TENANTS}/{tenant}/screenshot"
    assert "start it first" in await read(person, url, 409)
    site.control.picture = b"\x89PNG"
    (source,) = re.findall(r'<img class="screen" src="([^"]+)"', await read(person, url))
    async with person.get(unescape(source)) as response:
        assert response.content_type == "image/png", "a picture even where HTML is wanted"


async def test_deleting_says_what_is_removed(
    person: aiohttp.ClientSession,
    hear: Hear,
    make_tenant: Callable[..., Awaitable[str]],
) -> None:
    tenant = await make_tenant(name="Duka & Bar")
    await hear(tenant, "bei", "habari")
    await send(person, f"{TENANTS}/{tenant}/texts/prices", language="SW", body="Bei", do="save")
    page = await read(person, f"{TENANTS}/{tenant}/delete")
    assert "2 messages, 1 contact, 1 own text," in re.sub(r"\s+", " ", page)
    _, page = await send(person, f"{TENANTS}/{tenant}/delete", 422, name="duka & bar")
    assert 'value="duka &amp; bar"' in page
    _, page = await send(person, f"{TENANTS}/{tenant}/delete", name=" Duka & Bar ")
    removed = re.findall(r"<dt>(\w[\w ]*)</dt><dd>(\d+)</dd>", page)
    assert removed == [
        ("Messages", "2"),
        ("Contacts", "1"),
        ("Own texts", "1"),
        ("Portal events", "1"),
    ]
    await read(person, f"{TENANTS}/{tenant}", 404)


@pytest.mark.parametrize(
    "path",
    ["", "/logs", "/texts", "/texts/prices", "/try", "/edit", "/audit", "/delete", "/unlink"],
)
async def test_a_tenant_that_is_none_is_not_found(path: str, person: aiohttp.ClientSession) -> None:
    await read(person, f"{TENANTS}/{UUID(int=0)}{path}", 404)
    await read(person, f"{TENANTS}/{BODY['name']}{path}", 404)
