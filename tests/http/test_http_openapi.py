"""The document for programs: complete, valid, and readable."""

from __future__ import annotations

import json
import re
from typing import Any

import aiohttp
import pytest
from jsonschema_rs import meta

from flowhqd.http.app import create_app
from flowhqd.http.operation import TABLE
from tests.http.conftest import PASSWORD, Site
from tests.http.problems import problem

ACCEPT = "text/html,*/*;q=0.8"


@pytest.fixture
async def document(admin: aiohttp.ClientSession) -> dict[str, Any]:
    async with admin.get("/openapi.json") as response:
        assert response.status == 200
        found: dict[str, Any] = await response.json()
    return found


async def test_every_route_is_in_the_table_and_every_json_route_in_the_document(
    site: Site, document: dict[str, Any]
) -> None:
    app = create_app(site.services)
    stated = app[TABLE]
    routes = set(app.router.routes())
    assert routes == set(stated), "a route is registered by http.operation.Routes"
    expected = {
        (route.method.lower(), route.resource.canonical)
        for route, endpoint in stated.items()
        if endpoint is not None and route.method != "HEAD" and route.resource is not None
    }
    assert {
        (method, path) for path, item in document["paths"].items() for method in item
    } == expected


def test_every_operation_has_a_summary_and_a_name_of_its_own(document: dict[str, Any]) -> None:
    operations = [one for item in document["paths"].values() for one in item.values()]
    assert all(one["summary"] for one in operations)
    ids = [one["operationId"] for one in operations]
    assert len(set(ids)) == len(ids)


def test_the_schemas_are_json_schema_and_every_reference_leads_somewhere(
    document: dict[str, Any],
) -> None:
    schemas = document["components"]["schemas"]
    for schema in schemas.values():
        meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})
    references = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
    assert references <= set(schemas)
    assert {"TenantView", "TenantCreate", "LogView"} <= references


async def test_the_document_and_its_page_need_a_login(site: Site) -> None:
    async with site.client(None).get("/openapi.json") as response:
        await problem(response, 401)
    async with site.client(None, Accept=ACCEPT).get("/docs") as response:
        assert response.url.path == "/admin/login"
        assert response.url.query["next"] == "/docs"
    async with site.client(None, Accept=ACCEPT).post(
        "/admin/login", data={"password": PASSWORD, "next": "/docs"}, allow_redirects=False
    ) as response:
        assert response.headers["Location"] == "/docs"


async def test_the_page_has_every_operation_and_schema(
    site: Site, document: dict[str, Any]
) -> None:
    async with site.client(Accept=ACCEPT).get("/docs") as response:
        assert response.status == 200
        page = await response.text()
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(set(ids)) == len(ids)
    for item in document["paths"].values():
        assert {one["operationId"] for one in item.values()} <= set(ids)
    assert {"schema-TenantView", "schema-LogView", "schema-ProblemView", "schema-Scope"} <= set(ids)
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)
    assert "`" not in re.sub(r"(?s)<(script|style).*?</\1>", "", page)


async def test_an_unknown_or_repeated_parameter_is_refused(admin: aiohttp.ClientSession) -> None:
    for query, field in (("limt=5", "limt"), ("limit=5&limit=6", "limit"), ("after=x", "after")):
        async with admin.get(f"/admin/tenants?{query}") as response:
            status = 400 if field == "after" else 422
            assert list((await problem(response, status))["errors"]) == [field]


async def test_what_only_a_page_takes_is_no_method_for_programs(
    admin: aiohttp.ClientSession, tenant: str
) -> None:
    url = f"/admin/tenants/{tenant}/edit"
    for method in ("GET", "PUT"):
        async with admin.request(method, url) as response:
            await problem(response, 405)
            assert response.headers["Allow"] == "POST"
    async with admin.get("/admin/tenants/new") as response:
        await problem(response, 404)


async def test_a_number_is_no_time(site: Site, admin: aiohttp.ClientSession, tenant: str) -> None:
    for time in (0, "0", "2026-11-21", "2026-11-21T14:30:00"):
        url = f"/admin/setup-requests/{tenant}/approve"
        async with admin.post(url, json={"updated_at": time}) as response:
            assert list((await problem(response, 422))["errors"]) == ["updated_at"]
