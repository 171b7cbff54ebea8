"""Keys of programs: what each may do, and that it is shown once."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from flowhqd.store import api_keys
from tests.cli.conftest import flowhqd
from tests.http.conftest import BODY, PASSWORD, Site
from tests.http.problems import problem

URL = "/admin/keys"
HTML = "text/html"


async def make(admin: aiohttp.ClientSession, *scopes: str, name: str = "Duka") -> dict[str, Any]:
    async with admin.post(URL, json={"name": name, "scopes": scopes}) as response:
        assert response.status == 201, await response.text()
        made: dict[str, Any] = await response.json()
    return made


def with_key(site: Site, secret: str) -> aiohttp.ClientSession:
    return site.client(None, **{"X-Api-Key": secret})


async def test_a_key_comes_in_by_either_header_and_is_kept_as_a_hash(
    site: Site, admin: aiohttp.ClientSession
) -> None:
    made = await make(admin, "read")
    for headers in (
        {"X-Api-Key": made["secret"]},
        {"Authorization": f"Bearer {made['secret']}"},
        {"Authorization": f"bearer  {made['secret']}"},
    ):
        async with site.client(None, **headers).get("/admin/tenants") as response:
            assert response.status == 200
    async with admin.get(URL) as response:
        text = await response.text()
        (shown,) = (await response.json())["keys"]
    assert made["secret"] not in text
    assert shown["last_used_at"] is not None
    assert {**shown, "last_used_at": None} == made["key"]
    async with site.services.database.connection() as connection:
        row = await connection.fetchrow("select * from api_key")
    assert made["secret"] not in str(row)


async def test_what_is_no_key_waits_and_is_refused(
    site: Site, admin: aiohttp.ClientSession
) -> None:
    made = await make(admin, "admin")
    for headers in (
        {"X-Api-Key": made["secret"][:-1]},
        {"X-Api-Key": made["secret"] + "é"},
        {"Authorization": f"Bearer {PASSWORD}"},
    ):
        async with site.client(None, **headers).get("/admin/tenants") as response:
            assert "no such key" in (await problem(response, 401))["detail"]


async def test_a_scope_lets_its_own_routes_be_used_and_the_answer_names_what_is_missing(
    site: Site, admin: aiohttp.ClientSession, tenant: str
) -> None:
    one = f"/admin/tenants/{tenant}"
    message = {"chat": "255754000001", "text": "Habari"}
    requests: dict[str, tuple[str, str, dict[str, Any] | None]] = {
        "read": ("GET", f"{one}/logs", None),
        "send": ("POST", f"{one}/messages", message),
        "control": ("POST", f"{one}/worker/start", None),
        "admin": ("PATCH", one, {"name": "Duka"}),
    }
    for scope in requests:
        client = with_key(site, (await make(admin, scope))["secret"])
        for needed, (method, path, body) in requests.items():
            async with client.request(method, path, json=body) as response:
                if scope in (needed, "admin"):
                    assert response.ok, await response.text()
                else:
                    found = await problem(response, 403)
                    assert found["code"] == "missing_scope"
                    assert f"'{needed}'" in found["detail"]


async def test_pages_are_for_people_and_for_keys_that_may_do_everything(
    site: Site, admin: aiohttp.ClientSession
) -> None:
    for scope, status in (("read", 403), ("admin", 200)):
        client = with_key(site, (await make(admin, scope))["secret"])
        async with client.get("/admin/tenants/new", headers={"Accept": HTML}) as response:
            assert response.status == status
        async with client.get("/admin/nothing") as response:
            await problem(response, 404)


async def test_what_a_key_does_is_recorded_under_its_name(
    site: Site, admin: aiohttp.ClientSession
) -> None:
    made = await make(admin, "admin", name="Hesabu")
    async with with_key(site, made["secret"]).post("/admin/tenants", json=BODY) as response:
        assert response.status == 201
    async with site.services.database.connection() as connection:
        rows = await connection.fetch("select actor, action from audit order by id")
    assert [tuple(row) for row in rows] == [
        ("admin", "key_created"),
        ("key:Hesabu", "tenant_created"),
    ]


async def test_a_revoked_key_is_good_no_more(site: Site, admin: aiohttp.ClientSession) -> None:
    made = await make(admin, "read")
    client = with_key(site, made["secret"])
    revoked = set()
    for _ in range(2):
        async with admin.post(f"{URL}/{made['key']['id']}/revoke") as response:
            assert response.status == 200
            revoked.add((await response.json())["key"]["revoked_at"])
    assert len(revoked) == 1
    assert None not in revoked
    async with client.get("/admin/tenants") as response:
        await problem(response, 401)
    for unknown in (uuid4(), "x"):
        async with admin.post(f"{URL}/{unknown}/revoke") as response:
            await problem(response, 404)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"name", "scopes"}),
        ({"name": " ", "scopes": []}, {"name", "scopes"}),
        ({"name": "Duka", "scopes": ["read", "write"]}, {"scopes.1"}),
        ({"name": "Duka", "scopes": "read"}, {"scopes"}),
        ({"name": "a\x00b", "scopes": ["read"], "id": 7}, {"name", "id"}),
    ],
)
async def test_a_key_that_cannot_be_made_names_its_fields(
    admin: aiohttp.ClientSession, body: dict[str, Any], fields: set[str]
) -> None:
    async with admin.post(URL, json=body) as response:
        assert set((await problem(response, 422))["errors"]) == fields


async def test_keys_are_bounded(
    admin: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_keys, "MAX_KEYS", 2)
    first = await make(admin, "read")
    await make(admin, "read")
    async with admin.post(URL, json={"name": "Duka", "scopes": ["read"]}) as response:
        assert "revoke" in (await problem(response, 409))["detail"]
    async with admin.post(f"{URL}/{first['key']['id']}/revoke") as response:
        assert response.status == 200
    await make(admin, "read")


async def test_the_page_shows_a_new_key_once_and_keeps_what_was_typed(site: Site) -> None:
    person = site.client(None, Accept=HTML)
    async with person.post("/admin/login", data={"password": PASSWORD, "next": URL}) as response:
        page = await response.text()
    assert "No keys yet" in page
    (token,) = set(re.findall(r'name="csrf_token" value="([^"]+)"', page))
    fields = {"csrf_token": token, "name": 'Duka "la" <Asha>', "control": "on"}
    async with person.post(URL, data={**fields, "name": " "}) as response:
        assert response.status == 422
        page = await response.text()
    assert re.search(r'name="control" value="on" checked', page)
    async with person.post(URL, data={"csrf_token": token, "name": "Duka"}) as response:
        assert response.status == 422
        assert 'value="Duka"' in await response.text()
    async with person.post(URL, data=fields) as response:
        assert response.status == 200
        page = await response.text()
    (secret,) = re.findall(r"<code>(fhq_[^<]+)</code>", page)
    (revoke,) = re.findall(r'action="(/admin/keys/[^"]+/revoke)"', page)
    async with with_key(site, secret).get("/admin/tenants") as response:
        assert "'read'" in (await problem(response, 403))["detail"]
    async with person.post(revoke, data={"csrf_token": token}) as response:
        assert response.url.path == URL
        page = await response.text()
    assert secret not in page
    assert "REVOKED" in page
    assert "<Asha>" not in page


async def test_what_the_readme_tells_programs_works(site: Site, tenant: str) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    section = readme.partition("## For programs")[2].partition("\n## ")[0]
    [script] = re.findall(r"```sh\n(.+?)```", section, re.DOTALL)
    script = script.replace("http://127.0.0.1:8080", site.url).replace("/ID/", f"/{tenant}/")
    process = await asyncio.create_subprocess_exec(
        "bash", "-euc", f'flowhqd() {{ "{sys.executable}" -m flowhqd "$@"; }}\n{script}',
        env=os.environ | {"FLOWHQD_URL": site.url, "ADMIN_PASSWORD": PASSWORD},
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    told, _ = await process.communicate()
    assert process.returncode == 0
    tenants, message, document, *figures = told.decode().splitlines()
    assert json.loads(tenants) == {"tenants": [], "next": None}
    assert json.loads(message)["message"]["message_text"] == "Imefika"
    assert json.loads(document)["openapi"] == "3.1.0"
    assert "flowhqd_browsers 1.0" in figures


async def test_the_command_line_makes_lists_and_revokes_keys(site: Site) -> None:
    environment = {"FLOWHQD_URL": site.url, "ADMIN_PASSWORD": PASSWORD}
    added = await flowhqd("key", "add", "Duka", "--scope=send", "--scope=read", **environment)
    assert added.status == 0, added.err
    secret = added.out.splitlines()[-1]
    async with with_key(site, secret).get("/admin/tenants") as response:
        assert response.status == 200
    listed = await flowhqd("key", "list", **environment)
    assert listed.out.splitlines()[1].split()[1:4] == ["Duka", "read,send", "good"]
    assert secret not in listed.out
    assert (await flowhqd("key", "add", "Duka", "--scope=write", **environment)).status == 2
    revoked = await flowhqd("key", "revoke", "duka", **environment)
    assert revoked.out == "revoked Duka\n"
    assert "'duka'" in (await flowhqd("key", "revoke", "duka", **environment)).problem
    async with with_key(site, secret).get("/admin/tenants") as response:
        await problem(response, 401)
