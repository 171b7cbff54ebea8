"""Figures for monitoring: there, right, and nothing of a single tenant."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from flowhqd import metrics
from flowhqd.states import SessionState, TenantStatus, WorkerStatus
from tests.http.conftest import PASSWORD, Site
from tests.http.problems import problem

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def scrape(client: aiohttp.ClientSession) -> Samples:
    async with client.get("/metrics") as response:
        assert response.status == 200
        assert response.content_type == "text/plain"
        text = await response.text()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples.get((name, frozenset(labels.items())), 0.0)


async def test_figures_need_a_login_or_a_key_that_may_read(
    site: Site, admin: aiohttp.ClientSession
) -> None:
    async with site.client(None).get("/metrics") as response:
        await problem(response, 401)
    for scope, status in (("read", 200), ("send", 403)):
        body = {"name": "Prometheus", "scopes": [scope]}
        async with admin.post("/admin/keys", json=body) as response:
            secret = (await response.json())["secret"]
        bearer = {"Authorization": f"Bearer {secret}"}
        async with site.client(None, **bearer).get("/metrics") as response:
            assert response.status == status


async def test_states_queues_browsers_and_the_pool_are_told(
    admin: aiohttp.ClientSession,
    tenant: str,
    make_tenant: Callable[..., Awaitable[str]],
    connect: Callable[[str], Awaitable[None]],
) -> None:
    await make_tenant(phone_number="+254712345678")
    await connect(tenant)
    samples = await scrape(admin)
    for name, label, states, counts in (
        ("flowhqd_tenants", "status", TenantStatus, {"ACTIVE": 1, "NEW": 1}),
        ("flowhqd_sessions", "state", SessionState, {"CONNECTED": 1, "DISCONNECTED": 1}),
        ("flowhqd_workers", "status", WorkerStatus, {"RUNNING": 1, "STOPPED": 1}),
    ):
        for state in states:
            assert samples[name, frozenset({(label, str(state))})] == counts.get(state, 0)
    assert value(samples, "flowhqd_queued_messages") == 7
    assert value(samples, "flowhqd_queued_chats") == 3
    assert value(samples, "flowhqd_browsers") == 1
    assert value(samples, "flowhqd_browser_memory_bytes") == 200 * 1024**2
    assert value(samples, "flowhqd_database_connections_max") == 10
    idle = value(samples, "flowhqd_database_connections", state="idle")
    assert 1 <= idle + value(samples, "flowhqd_database_connections", state="used") <= 10
    assert value(samples, "process_resident_memory_bytes") > 0


async def test_requests_are_counted_by_their_route_and_by_nothing_that_a_client_chooses(
    site: Site, admin: aiohttp.ClientSession, tenant: str
) -> None:
    before = await scrape(admin)
    for path in (f"/admin/tenants/{tenant}", "/admin/tenants/x", "/nothing/1", "/nothing/2"):
        async with admin.get(path) as response:
            await response.read()
    async with admin.request("PROPFIND", f"/admin/tenants/{tenant}") as response:
        await problem(response, 405)
    async with site.client(None).get("/admin", allow_redirects=False) as response:
        await problem(response, 401)
    after = await scrape(admin)

    def grown(method: str, route: str, status: str) -> float:
        labels = {"method": method, "route": route, "status": status}
        return value(after, "flowhqd_http_requests_total", **labels) - value(
            before, "flowhqd_http_requests_total", **labels
        )

    assert grown("GET", "/admin/tenants/{id}", "200") == 1
    assert grown("GET", "/admin/tenants/{id}", "404") == 1
    assert grown("GET", "none", "404") == 2
    assert grown("GET", "/metrics", "200") == 1
    assert grown("GET", "/admin", "401") == 1
    assert not [labels for _, labels in after if tenant in str(labels) or "PROPFIND" in str(labels)]
    assert not [labels for _, labels in after if PASSWORD in str(labels)]


async def test_scrapes_at_the_same_time_all_get_everything(admin: aiohttp.ClientSession) -> None:
    for samples in await asyncio.gather(*(scrape(admin) for _ in range(5))):
        assert value(samples, "flowhqd_browsers") == 1


def test_every_figure_says_what_it_is() -> None:
    for family in metrics.REGISTRY.collect():
        assert family.documentation
        assert family.name.startswith(("flowhqd_", "process_"))
