"""The document held against the server: what it allows is tried, and what it forbids as well."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from uuid import UUID

import aiohttp
import pytest

from flowhqd.http import throttle
from flowhqd.store import people, portal_sessions
from tests.http.conftest import PASSWORD, Site
from tests.people import new_user

SEED = 1
EXAMPLES = 3
PHASES = "coverage,fuzzing,stateful"
HOOKS = "tests.http.schemathesis_hooks"
ROOT = str(Path(__file__).parents[2])
# Its own tests read it; what it sends never ends.
ENDLESS = "/admin/events"
CONFIG = """
[auth.openapi]
password = {{ username = "admin", password = "{password}" }}
key = {{ api_key = "{key}" }}
bearer = {{ bearer = "{key}" }}
portal_key = {{ api_key = "{portal_key}" }}
portal_login = {{ api_key = "{portal_login}" }}

[[operations]]
include-path-regex = '^/admin/tenants/\\{{id\\}}'
exclude-path-regex = '^/admin/tenants/\\{{id\\}}(/delete)?$'
parameters = {{ id = "{tenant}", key = "prices" }}

[[operations]]
include-path-regex = '^/portal/'
parameters = {{ x-user-email = "front@example.com" }}
"""


@pytest.mark.timeout(300)
async def test_the_server_keeps_to_its_document(
    site: Site,
    admin: aiohttp.ClientSession,
    tenant: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(throttle, "FIRST_DELAY_SECONDS", 0.0)
    monkeypatch.setattr(throttle, "MAX_WAITING", 1000)
    async with site.services.database.transaction() as connection:
        user = await new_user(connection, email="asha@example.com")
        await people.set_tenant(connection, user.id, UUID(tenant))
        portal_login = await portal_sessions.create(connection, user.id)
    async with admin.post("/admin/keys", json={"name": "x", "scopes": ["admin"]}) as response:
        key = (await response.json())["secret"]
    async with admin.get("/openapi.json") as response:
        (tmp_path / "openapi.json").write_bytes(await response.read())
    config = CONFIG.format(
        password=PASSWORD,
        key=key,
        portal_key=site.services.portal_key,
        portal_login=portal_login,
        tenant=tenant,
    )
    (tmp_path / "schemathesis.toml").write_text(config)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()",
        "run", "openapi.json", f"--url={site.url}", f"--exclude-path={ENDLESS}",
        "--checks=all", f"--phases={PHASES}", f"--max-examples={EXAMPLES}", f"--seed={SEED}",
        "--warnings=off", "--continue-on-failure",
        cwd=tmp_path,
        env=os.environ | {"SCHEMATHESIS_HOOKS": HOOKS, "PYTHONPATH": ROOT},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    told, _ = await process.communicate()
    assert process.returncode == 0, told.decode()
