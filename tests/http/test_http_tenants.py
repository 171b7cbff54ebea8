"""Tenants over JSON: their shape, their life, and what is refused."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import aiohttp
import pytest

from flowhqd.http.models import Limits
from flowhqd.http.views import LimitsView
from flowhqd.messages.bounds import BOUNDS
from tests.http.conftest import BODY, Site
from tests.http.problems import problem

HOURS = {
    "tz": "Africa/Dar_es_Salaam",
    "mon": [["08:00", "17:00"]],
    "closed": ["2026-12-25"],
}

JSON = {"Content-Type": "application/json"}

SHAPE = {
    "id": "",
    "name": "",
    "phone_number": "",
    "status": "",
    "config": {
        **dict.fromkeys(("template_type", "business_name", "language")),
        "hours_json": HOURS,
        "limits": dict.fromkeys(BOUNDS),
    },
    "session": dict.fromkeys(
        ("state", "last_seen_at", "reason", "detail", "since", "action", "provider", "web_version")
    ),
    "worker": {
        **dict.fromkeys(("status", "derived", "worker_name", "last_error", "reason", "detail")),
        **dict.fromkeys(("since", "action", "heartbeat_at")),
        "reconnect": dict.fromkeys(("active", "attempt", "next_delay_ms")),
        "queue": dict.fromkeys(("total", "chats")),
        "dedup": dict.fromkeys(("size", "hits")),
        "rate_limit": dict.fromkeys(("used", "limit", "resets_at", "warning_sent")),
    },
    "created_at": "",
    "updated_at": "",
}


def keys(value: Any) -> Any:
    """The names in a JSON value, nested as they are."""
    return {name: keys(inner) for name, inner in value.items()} if isinstance(value, dict) else None


async def test_create_answers_with_the_tenant_and_where_it_is(
    admin: aiohttp.ClientSession,
) -> None:
    async with admin.post("/admin/tenants", json={**BODY, "hours_json": HOURS}) as response:
        assert response.status == 201
        tenant = (await response.json())["tenant"]
        location = response.headers["Location"]
    assert location == f"/admin/tenants/{tenant['id']}"
    assert keys(tenant) == keys(SHAPE)
    assert tenant["phone_number"] == "+255712345678"
    assert tenant["status"] == "NEW"
    assert tenant["config"] == {
        "template_type": "BOOKING",
        "business_name": "Asha Salon",
        "language": "SW",
        "hours_json": HOURS,
        "limits": dict.fromkeys(BOUNDS),
    }
    assert tenant["session"]["state"] == "DISCONNECTED"
    assert tenant["worker"]["status"] == "STOPPED"
    assert tenant["worker"]["action"] == "Start the worker."
    assert tenant["worker"]["reconnect"] == {"active": True, "attempt": 3, "next_delay_ms": 4000}
    assert tenant["created_at"].endswith("Z")
    async with admin.get(location) as response:
        assert await response.json() == {"tenant": tenant, "logs": []}
    async with admin.get(f"{location}/status") as response:
        assert await response.json() == {"tenant": tenant, "setupRequest": None}


async def test_names_are_taken_in_any_case_and_trimmed(
    make_tenant: Callable[..., Awaitable[str]], admin: aiohttp.ClientSession
) -> None:
    tenant = await make_tenant(name="  Mama Ntilie 🍲  ", template_type="support", language="en")
    async with admin.get(f"/admin/tenants/{tenant}") as response:
        shown = (await response.json())["tenant"]
    assert shown["name"] == "Mama Ntilie 🍲"
    assert shown["config"]["template_type"] == "SUPPORT"
    assert shown["config"]["language"] == "EN"


async def test_every_bad_field_is_named_at_once(admin: aiohttp.ClientSession) -> None:
    body = {
        "name": "  ",
        "phone_number": "0712",
        "template_type": "NONE_SUCH",
        "language": "FR",
        "hours_json": {"tz": "Mars/Base", "mon": [["17:00", "08:00"]], "funday": []},
        "colour": "red",
    }
    async with admin.post("/admin/tenants", json=body) as response:
        found = await problem(response, 422)
    assert found["code"] == "invalid"
    assert found["errors"].keys() == {
        "name",
        "phone_number",
        "template_type",
        "business_name",
        "language",
        "hours_json.tz",
        "hours_json.mon[0]",
        "hours_json.funday",
        "colour",
    }
    assert found["errors"]["business_name"] == "is required"
    assert found["errors"]["template_type"] == "must be one of BOOKING, ECOMMERCE, SUPPORT"


BAD_VALUES = [
    ("name", ""),
    ("name", "x" * 201),
    ("name", "a\x00b"),
    ("name", "line\nbreak"),
    ("name", "\u202eevil"),
    ("name", "\u200b"),
    ("name", 7),
    ("name", None),
    ("phone_number", "hello"),
    ("phone_number", "+255"),
    ("phone_number", "+999123456789"),
    ("phone_number", "+255712345678 ext. 9"),
    ("phone_number", "9" * 400),
    ("phone_number", 255712345678),
    ("template_type", ["BOOKING"]),
    ("language", {}),
    ("hours_json", "always"),
    ("hours_json", []),
]


async def test_a_bad_value_is_refused_by_its_field(admin: aiohttp.ClientSession) -> None:
    for field, value in BAD_VALUES:
        async with admin.post("/admin/tenants", json={**BODY, field: value}) as response:
            found = await problem(response, 422)
        assert list(found["errors"]) == [field], value


async def test_a_body_that_is_no_object_is_invalid(admin: aiohttp.ClientSession) -> None:
    bodies: tuple[object, ...] = ([], "text", 7, None)
    for body in bodies:
        async with admin.post("/admin/tenants", data=json.dumps(body), headers=JSON) as response:
            assert (await problem(response, 422))["errors"] == {"body": "must be an object"}


async def test_what_is_no_json_is_bad_json(admin: aiohttp.ClientSession) -> None:
    for body in (b"", b"{", b"\xff\xfe", b'{"name": "\\ud800"}', b"[" * 2000):
        async with admin.post("/admin/tenants", data=body, headers=JSON) as response:
            assert (await problem(response, 400))["code"] == "bad_json"


async def test_another_type_of_body_is_refused(admin: aiohttp.ClientSession) -> None:
    for body, headers in (
        (urlencode(BODY).encode(), {"Content-Type": "application/x-www-form-urlencoded"}),
        (json.dumps(BODY).encode(), {"Content-Type": "text/plain"}),
        (json.dumps(BODY).encode(), {"Content-Type": ";;;"}),
        (gzip.compress(json.dumps(BODY).encode()), {**JSON, "Content-Encoding": "gzip"}),
        (b"not compressed", {**JSON, "Content-Encoding": "gzip"}),
    ):
        async with admin.post("/admin/tenants", data=body, headers=headers) as response:
            assert (await problem(response, 415))["code"] == "unsupported_media_type"


async def test_over_a_megabyte_is_too_large(admin: aiohttp.ClientSession) -> None:
    for size, status in ((1024**2, 400), (1024**2 + 1, 413), (8 * 1024**2, 413)):
        body = io.BytesIO(b"x" * size)
        async with admin.post("/admin/tenants", data=body, headers=JSON) as response:
            await problem(response, status)


async def test_markup_and_sql_in_a_name_are_just_text(
    make_tenant: Callable[..., Awaitable[str]], admin: aiohttp.ClientSession
) -> None:
    name = "{{ 7*7 }} '; drop table tenant; -- <script>alert(1)</script> مرحبا 🎉"
    tenant = await make_tenant(name=name)
    async with admin.get(f"/admin/tenants/{tenant}") as response:
        assert (await response.json())["tenant"]["name"] == name


async def test_a_taken_number_is_a_conflict(
    make_tenant: Callable[..., Awaitable[str]], admin: aiohttp.ClientSession
) -> None:
    await make_tenant()
    async with admin.post(
        "/admin/tenants", json={**BODY, "phone_number": "+255-712-345-678"}
    ) as response:
        assert (await problem(response, 409))["code"] == "conflict"
    other = await make_tenant(phone_number="+255712345679")
    async with admin.patch(
        f"/admin/tenants/{other}", json={"phone_number": BODY["phone_number"]}
    ) as response:
        assert (await problem(response, 409))["code"] == "conflict"


@pytest.mark.parametrize(("method", "path"), [("PATCH", ""), ("POST", "/edit")])
async def test_an_edit_changes_what_is_given_and_tells_the_worker(
    site: Site,
    admin: aiohttp.ClientSession,
    make_tenant: Callable[..., Awaitable[str]],
    method: str,
    path: str,
) -> None:
    tenant = await make_tenant(hours_json=HOURS)
    url = f"/admin/tenants/{tenant}{path}"
    async with admin.request(method, url, json={"business_name": "Asha", "language": "en"}) as r:
        assert r.status == 200
        config = (await r.json())["tenant"]["config"]
    assert config == {
        "template_type": "BOOKING",
        "business_name": "Asha",
        "language": "EN",
        "hours_json": HOURS,
        "limits": dict.fromkeys(BOUNDS),
    }
    async with admin.request(method, url, json={"hours_json": None}) as r:
        assert (await r.json())["tenant"]["config"] == {**config, "hours_json": None}
    assert site.control.calls == [("changed", UUID(tenant))] * 2


async def test_a_tenant_has_limits_of_its_own(
    admin: aiohttp.ClientSession, make_tenant: Callable[..., Awaitable[str]]
) -> None:
    assert tuple(Limits.model_fields) == tuple(LimitsView.model_fields) == BOUNDS
    tenant = await make_tenant(limits={"rate_limit_window_ms": 5_000})
    url = f"/admin/tenants/{tenant}"
    expected = dict.fromkeys(BOUNDS) | {"rate_limit_window_ms": 5_000}
    for name in BOUNDS:
        least, most = Limits.span(name)
        for value in (5_000.0 if name == "rate_limit_window_ms" else 7.0, least, most):
            async with admin.patch(url, json={"limits": {name: value}}) as response:
                limits = (await response.json())["tenant"]["config"]["limits"]
            # The others stay.
            expected[name] = int(value)
            assert limits == expected
        for wrong in (least - 1, most + 1, str(least), least + 0.5, True):
            async with admin.patch(url, json={"limits": {name: wrong}}) as response:
                errors = (await problem(response, 422))["errors"]
            assert set(errors) == {f"limits.{name}"}
    async with admin.patch(url, json={"limits": dict.fromkeys(BOUNDS)}) as response:
        limits = (await response.json())["tenant"]["config"]["limits"]
    assert limits == dict.fromkeys(BOUNDS)
    async with admin.patch(url, json={"limits": {"rate": 1}}) as response:
        assert set((await problem(response, 422))["errors"]) == {"limits.rate"}


async def test_an_edit_of_nothing_changes_nothing(
    site: Site, admin: aiohttp.ClientSession, tenant: str
) -> None:
    async with admin.patch(f"/admin/tenants/{tenant}", json={}) as response:
        assert response.status == 200
    assert site.control.calls == []


async def test_an_edit_refuses_null_and_unknown_fields(
    admin: aiohttp.ClientSession, tenant: str
) -> None:
    async with admin.patch(
        f"/admin/tenants/{tenant}", json={"name": None, "language": None}
    ) as response:
        found = await problem(response, 422)
    assert found["errors"] == {"name": "must not be null", "language": "must not be null"}
    async with admin.patch(f"/admin/tenants/{tenant}", json={"status": "ACTIVE"}) as response:
        assert (await problem(response, 422))["errors"] == {"status": "is not a known field"}


@pytest.mark.parametrize(("method", "path"), [("DELETE", ""), ("POST", "/delete")])
async def test_delete_removes_the_tenant(
    site: Site, admin: aiohttp.ClientSession, tenant: str, method: str, path: str
) -> None:
    async with admin.request(method, f"/admin/tenants/{tenant}{path}") as response:
        assert response.status == 204
        assert await response.read() == b""
    assert site.control.calls == [("remove", UUID(tenant))]
    async with admin.get(f"/admin/tenants/{tenant}") as response:
        await problem(response, 404)


PATHS = {
    "GET": ("", "/status", "/qr", "/qr?format=png", "/logs"),
    "PATCH": ("",),
    "DELETE": ("",),
    "POST": (
        *("/edit", "/delete", "/pause", "/resume", "/qr", "/pairing-code"),
        *("/worker/start", "/worker/stop", "/worker/restart", "/worker/force-restart"),
    ),
}


async def test_an_unknown_tenant_is_not_found(admin: aiohttp.ClientSession) -> None:
    for method, paths in PATHS.items():
        for path in paths:
            for tenant in (uuid4(), "7", "{x}", "0" * 36, "%00"):
                url = f"/admin/tenants/{tenant}{path}"
                async with admin.request(method, url, json={}) as response:
                    assert (await problem(response, 404))["code"] == "not_found"


async def test_the_list_goes_on_where_the_page_ended(
    admin: aiohttp.ClientSession, make_tenant: Callable[..., Awaitable[str]]
) -> None:
    made = [await make_tenant(phone_number=f"+25571234567{n}") for n in range(5)]
    listed: list[str] = []
    after: dict[str, str] = {}
    sizes = []
    while True:
        async with admin.get("/admin/tenants", params={"limit": "2", **after}) as response:
            body = await response.json()
        sizes.append(len(body["tenants"]))
        listed += [tenant["id"] for tenant in body["tenants"]]
        if body["next"] is None:
            break
        after = {"after": body["next"]}
    assert listed == made
    assert sizes == [2, 2, 1]


async def test_an_empty_list_has_no_next_page(admin: aiohttp.ClientSession) -> None:
    async with admin.get("/admin/tenants") as response:
        assert await response.json() == {"tenants": [], "next": None}
