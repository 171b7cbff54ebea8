"""A tenant's log: searched, as a spreadsheet, by the hour; and what was done to the tenant."""

from __future__ import annotations

import csv
import io
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import aiohttp
import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowhqd.http.log_view import CSV_CHUNK, harmless
from flowhqd.store.messages import InStatus
from tests.http.conftest import Hear, Site
from tests.http.problems import problem

TENANTS = "/admin/tenants"


async def found(client: aiohttp.ClientSession, tenant: str, **query: str) -> list[str]:
    async with client.get(f"{TENANTS}/{tenant}/logs", params=query) as response:
        assert response.status == 200, await response.text()
        return [row["message_text"] for row in (await response.json())["logs"]]


async def test_messages_are_found_by_text_and_number(
    admin: aiohttp.ClientSession, tenant: str, hear: Hear
) -> None:
    await hear(tenant, "Bei ya KUSUKA?", "100% kweli", "a_b")
    await hear(tenant, "Habari", phone="255754999888")
    assert await found(admin, tenant, q="kusuka") == ["Bei ya KUSUKA?"]
    assert await found(admin, tenant, q="%") == ["100% kweli"]
    assert await found(admin, tenant, q="_") == ["a_b"]
    assert await found(admin, tenant, q="+255 754 999") == ["Habari"]
    assert await found(admin, tenant, q="0") == ["100% kweli"], "one digit is not looked for"
    assert await found(admin, tenant, q="hakuna") == []
    assert await found(admin, tenant, q="\x00") == []


async def test_messages_are_found_by_what_became_of_them(
    admin: aiohttp.ClientSession, tenant: str, hear: Hear
) -> None:
    await hear(tenant, "one", status=InStatus.UNANSWERED, reason="too_old")
    await hear(tenant, "two")
    assert await found(admin, tenant, status="UNANSWERED") == ["one"]
    assert await found(admin, tenant, direction="IN") == ["two", "one"]
    assert await found(admin, tenant, direction="OUT") == []
    assert await found(admin, tenant, direction="IN", status="RECEIVED", q="w") == ["two"]


async def test_days_are_those_of_the_business(
    admin: aiohttp.ClientSession,
    make_tenant: Callable[..., Awaitable[str]],
    hear: Hear,
) -> None:
    tenant = await make_tenant(hours_json={"tz": "Pacific/Auckland", "mon": [["08:00", "17:00"]]})
    # In Auckland, 13 hours ahead, it is the 21st already.
    await hear(tenant, "early", at=datetime(2026, 11, 20, 11, 30, tzinfo=UTC))
    await hear(tenant, "late", at=datetime(2026, 11, 21, 10, 59, tzinfo=UTC))
    await hear(tenant, "next", at=datetime(2026, 11, 21, 11, 0, tzinfo=UTC))
    assert await found(admin, tenant, since="2026-11-21", until="2026-11-21") == ["late", "early"]
    assert await found(admin, tenant, since="2026-11-22") == ["next"]
    assert await found(admin, tenant, until="2026-11-20") == []
    assert await found(admin, tenant, since="1970-01-01", until="2999-12-31") != []


async def test_a_search_is_paged(admin: aiohttp.ClientSession, tenant: str, hear: Hear) -> None:
    await hear(tenant, *(f"bei {number}" for number in range(5)), "habari")
    seen, params = [], {"q": "bei", "limit": "2"}
    while True:
        async with admin.get(f"{TENANTS}/{tenant}/logs", params=params) as response:
            body = await response.json()
        seen += [row["message_text"] for row in body["logs"]]
        if body["next"] is None:
            break
        params["before"] = body["next"]
    assert seen == [f"bei {number}" for number in reversed(range(5))]


@pytest.mark.parametrize(
    ("params", "status", "field"),
    [
        ({"q": "a" * 10_000}, 422, "q"),
        ({"q": ""}, 422, "q"),
        ({"direction": "in"}, 422, "direction"),
        ({"status": "LOST"}, 422, "status"),
        ({"since": "yesterday"}, 422, "since"),
        ({"since": "2026-02-30"}, 422, "since"),
        ({"until": "0001-01-01"}, 422, "until"),
        ({"until": "9999-12-31"}, 422, "until"),
        ({"until": "20261121"}, 422, "until"),
        ({"before": "from-nowhere"}, 400, "before"),
        ({"limit": "0"}, 422, "limit"),
    ],
)
async def test_a_search_that_is_none_is_refused(
    params: dict[str, str], status: int, field: str, admin: aiohttp.ClientSession, tenant: str
) -> None:
    async with admin.get(f"{TENANTS}/{tenant}/logs", params=params) as response:
        assert set((await problem(response, status))["errors"]) == {field}


async def test_a_cursor_of_another_tenants_log_is_refused(
    admin: aiohttp.ClientSession, make_tenant: Callable[..., Awaitable[str]], hear: Hear
) -> None:
    one, other = await make_tenant(), await make_tenant(phone_number="+255712345679")
    await hear(one, "a", "b")
    async with admin.get(f"{TENANTS}/{one}/logs", params={"limit": "1"}) as response:
        cursor = (await response.json())["next"]
    async with admin.get(f"{TENANTS}/{other}/logs", params={"before": cursor}) as response:
        await problem(response, 400)


async def rows_of(client: aiohttp.ClientSession, tenant: str, **query: str) -> list[list[str]]:
    async with client.get(f"{TENANTS}/{tenant}/logs.csv", params=query) as response:
        assert response.status == 200
        assert response.content_type == "text/csv"
        assert response.content_disposition is not None
        assert response.content_disposition.type == "attachment"
        assert response.headers["Cache-Control"] == "no-store"
        text = (await response.read()).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


async def test_the_log_is_exported_without_formulas(
    admin: aiohttp.ClientSession, tenant: str, hear: Hear
) -> None:
    at = datetime(2026, 11, 21, 22, 30, tzinfo=UTC)
    evil = ['=HYPERLINK("http://evil.example")', "+1", "-1", "@SUM(A1)", "\t=1", "two\nlines, ok"]
    await hear(tenant, *evil, at=at)
    head, *rows = await rows_of(admin, tenant)
    assert head[:3] == ["time (Africa/Dar_es_Salaam)", "direction", "from_number"]
    assert rows[0][:5] == [
        "2026-11-22 01:30:00",
        "IN",
        "'+255754000001",
        "'+255712345678",
        evil[-1],
    ]
    assert [row[4] for row in rows[1:]] == [f"'{text}" for text in reversed(evil[:-1])]
    assert [row[4] for row in (await rows_of(admin, tenant, q="lines"))[1:]] == [evil[-1]]


async def test_a_long_log_is_exported_whole(
    admin: aiohttp.ClientSession, tenant: str, hear: Hear
) -> None:
    texts = [f"habari {number}" for number in range(2 * CSV_CHUNK)]
    await hear(tenant, *texts)
    _, *rows = await rows_of(admin, tenant)
    assert [row[4] for row in rows] == texts[::-1]
    async with admin.head(f"{TENANTS}/{tenant}/logs.csv") as response:
        assert response.status == 200
        assert await response.read() == b""


async def test_an_export_that_breaks_off_is_seen_to(
    admin: aiohttp.ClientSession, tenant: str, hear: Hear, site: Site
) -> None:
    # More than the buffers between us hold, so that the second chunk is not read before we read.
    await hear(tenant, *(f"{number} {'a' * 40_000}" for number in range(CSV_CHUNK + 1)))
    pool: asyncpg.Pool = site.services.database.pool
    async with admin.get(f"{TENANTS}/{tenant}/logs.csv") as response:
        await pool.execute("alter table message_log rename to gone")
        try:
            with pytest.raises(aiohttp.ClientError):
                await response.read()
        finally:
            await pool.execute("alter table gone rename to message_log")


async def test_an_export_that_is_none_is_refused(admin: aiohttp.ClientSession, tenant: str) -> None:
    for params in ({"since": "never"}, {"limit": "3"}, {"q": "a" * 201}):
        async with admin.get(f"{TENANTS}/{tenant}/logs.csv", params=params) as response:
            await problem(response, 422)
    async with admin.get(f"{TENANTS}/{UUID(int=0)}/logs.csv") as response:
        await problem(response, 404)


@given(st.text())
def test_no_cell_is_a_formula(cell: str) -> None:
    safe = harmless(cell)
    assert not safe.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert safe.removeprefix("'") == cell.removeprefix("'") or safe == cell


async def test_messages_are_counted_by_the_hour(
    admin: aiohttp.ClientSession, make_tenant: Callable[..., Awaitable[str]], hear: Hear
) -> None:
    tenant, other = await make_tenant(), await make_tenant(phone_number="+255712345679")
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    await hear(tenant, "too old", at=hour - timedelta(hours=48))
    await hear(tenant, "oldest", at=hour - timedelta(hours=47))
    await hear(tenant, "a", "b", at=hour - timedelta(hours=2, seconds=1))
    await hear(tenant, "now", at=hour)
    await hear(other, "not mine")
    async with admin.get(f"{TENANTS}/{tenant}/stats") as response:
        body = await response.json()
    assert len(body["hours"]) == 48
    assert body["hours"][-1]["at"] == hour.isoformat().replace("+00:00", "Z")
    counted = {each["at"][:13]: each["inbound"] for each in body["hours"] if each["inbound"]}
    assert list(counted.values()) == [1, 2, 1]
    assert (body["inbound"], body["outbound"]) == (4, 0)
    async with admin.get(f"{TENANTS}/{tenant}/stats?hours=336") as response:
        body = await response.json()
    assert (len(body["hours"]), body["inbound"]) == (336, 5)
    for hours in ("0", "337", "x"):
        async with admin.get(f"{TENANTS}/{tenant}/stats?hours={hours}") as response:
            assert set((await problem(response, 422))["errors"]) == {"hours"}


async def test_what_was_done_is_listed_with_what_happened_to_users(
    admin: aiohttp.ClientSession, site: Site, tenant: str
) -> None:
    async with admin.patch(f"{TENANTS}/{tenant}", json={"name": "Duka"}) as response:
        assert response.status == 200
    async with admin.put(f"{TENANTS}/{tenant}/texts/prices", json={"body": "Bei"}) as response:
        assert response.status == 200
    seen: list[tuple[str, str]] = []
    params: dict[str, str] = {"limit": "1"}
    while True:
        async with admin.get(f"{TENANTS}/{tenant}/audit", params=params) as response:
            body = await response.json()
        seen += [(event["source"], event["action"]) for event in body["events"]]
        if body["next"] is None:
            break
        params["before"] = body["next"]
    assert seen == [
        ("audit", "text_changed"),
        ("portal", "text_changed"),
        ("audit", "tenant_edited"),
        ("audit", "tenant_created"),
    ]
    async with admin.get(f"{TENANTS}/{tenant}/audit", params={"before": "x"}) as response:
        await problem(response, 400)
