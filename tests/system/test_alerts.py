"""The operator's own address is told when a tenant needs a person."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web
from aiohttp.test_utils import TestServer

from flowhqd.simulator import Simulator
from tests.system.daemon import Daemon, running

OWNER = "255712000001"


async def test_a_logged_out_tenant_is_told_of_once_and_despite_a_failure(
    make_daemon: Callable[..., Daemon], simulator: Simulator
) -> None:
    told: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    answers = [503, 200]

    async def receive(request: web.Request) -> web.Response:
        status = answers.pop(0)
        if status == 200:
            told.put_nowait(await request.json())
        return web.Response(status=status)

    application = web.Application()
    application.router.add_post("/alerts", receive)
    async with TestServer(application) as server:
        daemon = make_daemon(ALERT_URL=str(server.make_url("/alerts?token=hidden")))
        async with running(daemon) as operator:
            phone = simulator.phone(OWNER)
            tenant_id = await operator.link(phone)
            phone.log_out()
            alert = await asyncio.wait_for(told.get(), 60)
            assert (alert["tenant_id"], alert["reason"]) == (tenant_id, "logged_out")
            assert alert["action"]
            await operator.worker(tenant_id, "ERROR", "logged_out")
        assert told.empty()
        assert not answers
    assert "hidden" not in daemon.log.read_text()
