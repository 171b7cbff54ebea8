"""A file that is made while it is sent, and what may go wrong on the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from flowhqd.errors import Invalid
from flowhqd.http import download, errors
from flowhqd.http.server import serve

Chunks = Callable[[], AsyncIterator[bytes]]


async def _plain(_: web.Request, problem: errors.Problem) -> web.StreamResponse:
    return web.Response(status=problem.status)


@asynccontextmanager
async def offering(chunks: Chunks) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of a server that offers the chunks at /file."""

    async def give(request: web.Request) -> web.StreamResponse:
        return await download.send(
            request, chunks(), content_type="text/plain", filename="file.txt"
        )

    app = web.Application(middlewares=[errors.middleware(_plain)])
    app.router.add_get("/file", give)
    async with serve(app, "127.0.0.1", 0) as url, aiohttp.ClientSession(url) as client:
        yield client


async def test_the_whole_file() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for part in (b"one ", b"two"):
            yield part

    async with offering(chunks) as client:
        async with client.get("/file") as response:
            assert response.headers["Content-Disposition"] == 'attachment; filename="file.txt"'
            assert await response.read() == b"one two"
        async with client.head("/file") as response:
            assert response.status == 200
            assert await response.read() == b""


async def test_what_cannot_be_made_is_a_problem() -> None:
    def refuse() -> bytes:
        raise Invalid({"q": "takes too long"})

    async def chunks() -> AsyncIterator[bytes]:
        yield refuse()

    async with offering(chunks) as client, client.get("/file") as response:
        assert response.status == 422


async def test_a_file_that_breaks_off_is_seen_to(caplog: pytest.LogCaptureFixture) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"one"
        raise ZeroDivisionError

    async with offering(chunks) as client, client.get("/file") as response:
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()
    assert "download_broke_off" in caplog.text


async def test_a_reader_who_goes_away_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    gone, ended = asyncio.Event(), asyncio.Event()

    async def chunks() -> AsyncIterator[bytes]:
        try:
            yield b"one"
            await gone.wait()
            while True:
                yield b"x" * 65_536
                await asyncio.sleep(0)
        finally:
            ended.set()

    async with offering(chunks) as client:
        async with client.get("/file", headers={"Accept-Encoding": "identity"}) as response:
            assert await response.content.readexactly(3) == b"one"
            response.close()
        gone.set()
        async with asyncio.timeout(60):
            await ended.wait()
    assert "broke_off" not in caplog.text
    assert "request_failed" not in caplog.text
