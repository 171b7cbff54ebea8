"""The server itself: errors, health, headers, its socket, and what it logs."""

from __future__ import annotations

import asyncio
import io
import json
import socket
from collections.abc import Mapping
from dataclasses import replace

import aiohttp
import pytest

from flowhqd import log
from flowhqd.errors import StartupError
from flowhqd.http.app import create_app
from flowhqd.http.server import serve
from tests.http.conftest import BODY, PASSWORD, Site
from tests.http.problems import problem


async def test_an_unknown_path_is_a_problem(admin: aiohttp.ClientSession) -> None:
    for path in ("/nothing", "/admin/nothing", "/admin/tenants/", "/healthz/x"):
        async with admin.get(path) as response:
            assert (await problem(response, 404))["code"] == "not_found"


async def test_a_wrong_method_names_the_right_ones(admin: aiohttp.ClientSession) -> None:
    async with admin.put("/admin/tenants", json=BODY) as response:
        assert (await problem(response, 405))["code"] == "method_not_allowed"
        assert set(response.headers["Allow"].split(",")) == {"GET", "HEAD", "POST"}
    async with admin.post("/healthz") as response:
        await problem(response, 405)


async def test_a_bug_is_told_by_an_id_that_is_in_the_log(site: Site) -> None:
    async def broken() -> Mapping[str, bool]:
        raise RuntimeError("the secret inside")

    lines = io.StringIO()
    app = create_app(replace(site.services, ready=broken))
    with log.configure(stream=lines):
        async with (
            serve(app, "127.0.0.1", 0) as url,
            aiohttp.ClientSession(url) as client,
            client.get("/readyz") as response,
        ):
            found = await problem(response, 500)
    assert found["code"] == "internal_error"
    assert "secret inside" not in json.dumps(found)
    events = [json.loads(line) for line in lines.getvalue().splitlines()]
    (event,) = [event for event in events if event["event"] == "request_failed"]
    assert event["error_id"] in found["detail"]
    assert "the secret inside" in event["exception"]


async def test_without_the_database_one_is_asked_to_come_again(
    site: Site, admin: aiohttp.ClientSession
) -> None:
    await site.services.database.pool.close()
    async with admin.get("/admin/tenants") as response:
        assert (await problem(response, 503))["code"] == "store_unavailable"
        assert int(response.headers["Retry-After"]) > 0
    async with admin.get("/healthz") as response:
        assert response.status == 200


async def test_readyz_names_the_part_that_is_not(site: Site) -> None:
    client = site.client(None)
    async with client.get("/readyz") as response:
        assert response.status == 200
        assert (await response.json())["parts"] == {"database": True, "supervisor": True}
    site.health["database"] = False
    async with client.get("/readyz") as response:
        assert response.status == 503
        assert (await response.json())["parts"] == {"database": False, "supervisor": True}


async def test_every_answer_is_kept_to_ourselves(
    site: Site, admin: aiohttp.ClientSession, tenant: str
) -> None:
    for path in ("/healthz", "/admin/tenants", f"/admin/tenants/{tenant}", "/nothing"):
        async with admin.get(path) as response:
            headers = response.headers
            assert "default-src 'none'" in headers["Content-Security-Policy"]
            assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
            assert "unsafe" not in headers["Content-Security-Policy"]
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Cache-Control"] == "no-store"
            assert headers["Vary"] == "Accept, Accept-Encoding"
            assert headers["Server"] == "flowhqd"


async def test_the_log_has_paths_but_no_query_and_no_password(site: Site) -> None:
    lines = io.StringIO()
    with log.configure(stream=lines):
        client = site.client(None)
        async with client.get("/admin/tenants", params={"password": PASSWORD, "limit": "7"}) as r:
            assert r.status == 200
        async with site.client("kahawa-tu").get("/admin/tenants") as r:
            assert r.status == 401
    text = lines.getvalue()
    assert '"path":"/admin/tenants"' in text
    for absent in (PASSWORD, "kahawa-tu", "password=", "limit"):
        assert absent not in text


async def test_a_port_in_use_is_one_line(site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartupError, match=f"127.0.0.1:{port} is in use") as caught:
            async with serve(create_app(site.services), "127.0.0.1", port):
                pass
    assert caught.value.exit_code == 3
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "text"), [("192.0.2.1", "not an address of this machine"), ("no.invalid", "HOST")]
)
async def test_a_host_that_is_not_ours_is_one_line(site: Site, host: str, text: str) -> None:
    with pytest.raises(StartupError, match=text):
        async with serve(create_app(site.services), host, 0):
            pass


@pytest.mark.parametrize(("host", "shown"), [("0.0.0.0", "127.0.0.1"), ("127.0.0.1", "127.0.0.1")])
async def test_the_url_can_be_opened(site: Site, host: str, shown: str) -> None:
    async with (
        serve(create_app(site.services), host, 0) as url,
        aiohttp.ClientSession() as client,
        client.get(f"{url}/healthz") as response,
    ):
        assert shown in url or "[::1]" in url
        assert response.status == 200


async def test_a_request_under_way_ends_before_the_server_does(site: Site) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> Mapping[str, bool]:
        asked.set()
        await go_on.wait()
        return {"all": True}

    server = serve(create_app(replace(site.services, ready=slow)), "127.0.0.1", 0)
    url = await server.__aenter__()
    async with aiohttp.ClientSession(url) as client:
        request = asyncio.create_task(client.get("/readyz"))
        await asked.wait()
        stopping = asyncio.create_task(server.__aexit__(None, None, None))
        go_on.set()
        async with await request as response:
            assert response.status == 200
        await stopping


async def test_a_client_that_leaves_is_no_failure_of_ours(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    credentials = aiohttp.encode_basic_auth("admin", PASSWORD)
    head = (
        "POST /admin/tenants HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: {credentials}\r\nContent-Length: 5000\r\n\r\n" + "{"
    )
    # Leaving the server waits for what is under way.
    async with (
        serve(create_app(site.services), "127.0.0.1", 0) as url,
        aiohttp.ClientSession(url) as client,
    ):
        _, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(head.encode())
        await writer.drain()
        async with client.get("/healthz") as response:
            assert response.status == 200
        writer.close()
        await writer.wait_closed()
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
