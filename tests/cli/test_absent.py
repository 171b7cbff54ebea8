"""No daemon to ask, or something else in its place: one line, and 3."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.cli.conftest import flowhqd
from tests.system.daemon import Daemon, running

TENANT = "4b0e6f0a-0000-4000-8000-000000000001"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def is_empty(directory: Path) -> bool:
    return not any(directory.iterdir())


async def test_without_a_daemon_every_command_says_so_in_one_line(tmp_path: Path) -> None:
    environment = {"STATE_PATH": str(tmp_path), "PORT": str(free_port())}
    commands = [
        ["tenant", "list"],
        ["tenant", "list", "--json"],
        ["tenant", "show", TENANT],
        ["tenant", "qr", "--watch", TENANT],
        ["tenant", "logs", "--follow", TENANT],
        ["tenant", "send", TENANT, "+255754000001", "Habari"],
        ["tenant", "delete", "--yes", TENANT],
        ["tenant", "add", "--name=Duka", "--number=+255712000001", "--template=BOOKING"],
        ["user", "add", "asha@example.com"],
        ["request", "reject", TENANT, "--note=x"],
    ]
    for ended in await asyncio.gather(*(flowhqd(*command, **environment) for command in commands)):
        assert ended.status == 3
        assert f"no daemon answers at http://127.0.0.1:{environment['PORT']}" in ended.problem
    # Nothing was made on the way: the password is the daemon's to make.
    assert is_empty(tmp_path)


async def test_an_address_that_is_none(tmp_path: Path) -> None:
    for url in (
        "ftp://127.0.0.1",
        "http://",
        "127.0.0.1:8080",
        "http://127.0.0.1:x",
        "http://[::1",
    ):
        ended = await flowhqd("tenant", "list", FLOWHQD_URL=url, ADMIN_PASSWORD="kahawa-na-chai")
        assert ended.status == 3, url
        assert url in ended.problem
    ended = await flowhqd("tenant", "list", STATE_PATH=str(tmp_path), PORT="0")
    assert ended.status == 3
    assert "--url" in ended.problem
    ended = await flowhqd("tenant", "list", STATE_PATH=str(tmp_path), PORT="many")
    assert ended.status == 2
    assert "PORT" in ended.problem


async def test_something_else_that_answers() -> None:
    async def page(_: web.Request) -> web.Response:
        return web.Response(text="<h1>It works!</h1>", content_type="text/html")

    async def missing(_: web.Request) -> web.Response:
        raise web.HTTPNotFound

    async def elsewhere(_: web.Request) -> web.Response:
        raise web.HTTPFound("/login")

    handlers: list[Callable[[web.Request], Awaitable[web.Response]]] = [page, missing, elsewhere]
    for handler in handlers:
        application = web.Application()
        application.router.add_get("/admin/tenants", handler)
        async with TestServer(application) as server:
            url = str(server.make_url("/"))
            ended = await flowhqd("tenant", "list", "--url", url, ADMIN_PASSWORD="kahawa-na-chai")
        assert ended.status == 3
        assert "no flowhqd" in ended.problem


async def test_words_that_are_no_command() -> None:
    for words in (["tenants"], ["tenant", "explode"], ["tenant", "show"], ["completion", "csh"]):
        ended = await flowhqd(*words)
        assert ended.status == 2
        assert "Usage: flowhqd" in ended.err


async def test_migrate_applies_what_is_missing_once(tmp_path: Path, empty_dsn: str) -> None:
    environment = {"STATE_PATH": str(tmp_path), "DATABASE_URL": empty_dsn}
    ended = await flowhqd("migrate", **environment)
    assert (ended.status, ended.out.splitlines()[0]) == (0, "applied 0001_initial")
    ended = await flowhqd("migrate", **environment)
    assert (ended.status, ended.out) == (0, "nothing to do\n")
    assert (await flowhqd("migrate", "--json", **environment)).json == {"applied": []}
    connection = await asyncpg.connect(empty_dsn)
    try:
        assert await connection.fetchval("select count(*) from tenant") == 0
    finally:
        await connection.close()


async def test_migrate_leaves_a_running_daemon_alone(make_daemon: Callable[..., Daemon]) -> None:
    daemon = make_daemon()
    async with running(daemon):
        assert daemon.process is not None
        ended = await flowhqd("migrate", STATE_PATH=str(daemon.log.with_suffix("")))
        assert ended.status == 3
        assert str(daemon.process.pid) in ended.problem
