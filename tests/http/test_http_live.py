"""Streams of changes: who hears what, for how long, and what it never holds up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import orjson
import pytest

from flowhqd.changes import Changes, Topic
from flowhqd.http import live
from flowhqd.http.app import create_app
from flowhqd.http.server import SHUTDOWN_SECONDS, serve
from tests.http.conftest import BODY, PASSWORD, Site
from tests.http.problems import problem

EVENTS = "/admin/events"
Make = Callable[..., Awaitable[str]]


@asynccontextmanager
async def listening(client: aiohttp.ClientSession, url: str = EVENTS) -> AsyncIterator[Any]:
    """The lines of a stream that is open."""
    async with client.get(url) as response:
        assert response.status == 200
        assert response.content_type == "text/event-stream"
        assert response.headers["Cache-Control"] == "no-store"
        assert await response.content.readline() == b"retry: 3000\n"
        yield response.content


async def next_event(content: aiohttp.StreamReader) -> dict[str, Any]:
    """The next event's data, without what only shows that the stream lives."""
    async with asyncio.timeout(60):
        while line := await content.readline():
            if line.startswith(b"data: "):
                data: dict[str, Any] = orjson.loads(line.removeprefix(b"data: "))
                return data
    raise AssertionError("the stream ended")


async def rest_of(content: aiohttp.StreamReader) -> bytes:
    async with asyncio.timeout(60):
        return await content.read()


async def test_a_change_is_told_once_it_is_stored(
    admin: aiohttp.ClientSession, make_tenant: Make
) -> None:
    tenant = await make_tenant()
    async with listening(admin) as content:
        async with admin.patch(f"/admin/tenants/{tenant}", json={"name": "New name"}):
            pass
        told = {"tenant_id": tenant, "topics": ["config"]}
        assert await next_event(content) == {"tenants": [told], "topics": []}


async def test_a_stream_of_one_tenant_tells_of_no_other(
    site: Site, admin: aiohttp.ClientSession
) -> None:
    one, other = uuid4(), uuid4()
    async with listening(admin, f"{EVENTS}?tenant={one}") as content:
        site.services.changes.publish(other, Topic.STATES)
        site.services.changes.publish(None, Topic.REQUESTS)
        site.services.changes.publish(one, Topic.MESSAGES)
        told = {"tenant_id": str(one), "topics": ["messages"]}
        assert await next_event(content) == {"tenants": [told], "topics": []}


async def test_a_stream_is_for_those_who_are_let_in(site: Site) -> None:
    async with site.client(None).get(EVENTS) as response:
        assert response.status == 401
    async with site.client().get(f"{EVENTS}?tenant=none") as response:
        assert (await problem(response, 422))["code"] == "invalid"


async def test_a_stream_ends_with_its_login(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.05)
    client = site.client(None)
    async with client.post("/admin/login", data={"password": PASSWORD}):
        pass
    async with listening(client) as content:
        assert await content.readline() == b"\n"
        # A stream that always has something to tell is looked at too.
        while await content.readline() != b": alive\n":
            pass
        await site.services.database.pool.execute("delete from admin_session")
        site.services.changes.publish(uuid4(), Topic.STATES)
        await rest_of(content)


async def test_streams_end_with_the_daemon(site: Site) -> None:
    services = replace(site.services, changes=Changes())
    loop = asyncio.get_running_loop()
    async with serve(create_app(services), "127.0.0.1", 0) as url:
        response = await site.client().get(f"{url}{EVENTS}")
        assert await response.content.readline() == b"retry: 3000\n"
        stopping_at = loop.time()
    assert loop.time() - stopping_at < SHUTDOWN_SECONDS / 2
    await rest_of(response.content)


async def test_there_is_a_most_of_streams(
    site: Site, admin: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MAX_STREAMS", 1)
    async with listening(admin), site.client().get(EVENTS) as response:
        assert (await problem(response, 503))["code"] == "too_many_streams"
    # Whoever goes away makes room, at the latest with the next thing that is told.
    async with asyncio.timeout(60):
        while True:
            site.services.changes.publish(uuid4(), Topic.STATES)
            async with admin.get(EVENTS) as response:
                if response.status == 200:
                    break
            await asyncio.sleep(0.05)


async def test_head_of_a_stream_ends_at_once(admin: aiohttp.ClientSession) -> None:
    async with admin.head(EVENTS) as response:
        assert response.status == 200
        assert response.content_type == "text/event-stream"


async def test_a_reader_that_does_not_read_is_let_go(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "WRITE_SECONDS", 0.1)
    host, _, port = site.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
    login = aiohttp.encode_basic_auth("admin", PASSWORD)
    request = f"GET {EVENTS} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: {login}\r\n\r\n"
    writer.write(request.encode())
    await reader.readuntil(b"retry: 3000\n\n")
    streams = 1
    async with asyncio.timeout(60):
        while streams:
            for _ in range(20_000):
                site.services.changes.publish(uuid4(), Topic.STATES)
            await asyncio.sleep(0.05)
            streams = site.services.changes.watchers
    writer.close()


async def test_what_a_program_creates_is_told(site: Site, admin: aiohttp.ClientSession) -> None:
    async with listening(admin) as content:
        async with admin.post("/admin/tenants", json=BODY) as response:
            tenant = UUID((await response.json())["tenant"]["id"])
        assert (await next_event(content))["tenants"][0]["tenant_id"] == str(tenant)
