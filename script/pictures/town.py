"""The demo with a town of businesses in it, so that every page has something to show."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from pictures.window import WAIT_SECONDS, said

from flowhqd.accounts import unprivileged
from flowhqd.store.embedded import EmbeddedPostgres
from flowhqd.store.pool import open_pool

ROOT = Path(__file__).resolve().parent.parent.parent
PASSWORD = "for these pictures only"  # noqa: S105
CUSTOMER = "255754000001"
# Name, template, language, and what becomes of it; the demo itself has Saluni ya Asha.
BUSINESSES = (
    ("Duka la Dawa Afya Bora", "SUPPORT", "SW", "serves"),
    ("Mgahawa wa Pwani", "BOOKING", "SW", "serves"),
    ("Soko Fresh Grocers", "ECOMMERCE", "EN", "serves"),
    ("Kinyozi Kariakoo", "BOOKING", "SW", "paused"),
    ("Maua Flowers", "ECOMMERCE", "EN", "logged out"),
    ("Studio Picha Nzuri", "BOOKING", "SW", "scan"),
    ("Hoteli Bahari View", "BOOKING", "EN", "new"),
)
TALK = {
    "BOOKING": ("Habari za asubuhi", "Nataka kuweka miadi kesho saa nne", "Bei ni shilingi ngapi?"),
    "ECOMMERCE": ("Hello", "How much is delivery to Masaki?", "Where is my order?"),
    "SUPPORT": ("Habari", "Mko wapi?", "Nina tatizo na oda yangu"),
}
# The talk of some days, from that of now: by day, as much as customers write then.
HISTORY = """
insert into message_log (tenant_id, contact_id, chat_id, direction, from_number, to_number,
    message_text, message_type, wa_message_id, status, reason, origin, purpose, trace,
    wa_timestamp, created_at, updated_at)
select tenant_id, contact_id, chat_id, direction, from_number, to_number, message_text,
    message_type, wa_message_id || n, case direction when 'IN' then status else 'READ' end, reason,
    origin, purpose, trace, wa_timestamp - age, created_at - age, updated_at - age
from message_log, generate_series(1, 300) n, lateral (select n * interval '11 minutes' as age) a
where extract(hour from created_at - age) between 4 and 17
    and abs(hashtext(tenant_id::text || n)) % 5 < 2 and n % 3 = seq / 2 % 3
order by created_at - age
"""
# The log is in the order of arrival, so what was there first becomes the oldest.
MAKE_OLD = """
update message_log set wa_timestamp = wa_timestamp - interval '4 days',
    created_at = created_at - interval '4 days', updated_at = updated_at - interval '4 days'
where created_at > now() - interval '10 minutes'
"""


@dataclass(frozen=True)
class Town:
    """A running demo: its daemon, its simulated phones, and the operator's login."""

    url: str
    phones: str
    state: Path
    admin: aiohttp.ClientSession
    simulator: aiohttp.ClientSession

    async def ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """As the operator; raises aiohttp.ClientResponseError when refused."""
        if body is None and method == "POST":
            body = {}
        async with self.admin.request(method, path, json=body) as response:
            response.raise_for_status()
            found: dict[str, Any] = await response.json()
            return found

    async def phone(self, path: str, body: Any) -> None:
        """What somebody does with a phone."""
        async with self.simulator.post(f"/control/phones/{path}", json=body) as response:
            response.raise_for_status()

    async def until(self, tenant_id: str, state: str) -> dict[str, Any]:
        """The tenant's status once its session is in ``state``."""
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                tenant = (await self.ask("GET", f"/admin/tenants/{tenant_id}/status"))["tenant"]
                if tenant["session"]["state"] == state:
                    return dict(tenant)
                await asyncio.sleep(0.2)

    async def link(self, tenant_id: str) -> None:
        """Scan the code of a tenant whose worker runs."""
        tenant = await self.until(tenant_id, "QR_READY")
        async with self.admin.get(f"/admin/tenants/{tenant_id}/qr?format=raw") as response:
            code = (await response.text()).strip()
        await self.phone(f"{tenant['phone_number'][1:]}/scan", {"qr": code})
        await self.until(tenant_id, "CONNECTED")

    async def write(self, number: str, *texts: str, kind: str = "chat") -> None:
        """A customer writes to the business with this number; returns when all is answered."""
        await self.phone(f"{number}/customers", {"number": CUSTOMER, "name": "Neema"})
        path = f"/control/phones/{number}/customers/{CUSTOMER}/messages"
        for text in texts:
            async with self.simulator.get(path) as response:
                before = len((await response.json())["messages"])
            await self.phone(
                f"{number}/customers/{CUSTOMER}/messages", {"text": text, "type": kind}
            )
            async with asyncio.timeout(WAIT_SECONDS):
                while kind == "chat":
                    async with self.simulator.get(path) as response:
                        if len((await response.json())["messages"]) > before:
                            break
                    await asyncio.sleep(0.1)


@asynccontextmanager
async def town(state: Path) -> AsyncIterator[Town]:
    """The demo with its one tenant, before anybody linked a phone."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "flowhqd", "demo", cwd=ROOT, stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "STATE_PATH": str(state), "PORT": "0", "ADMIN_PASSWORD": PASSWORD},
    )  # fmt: skip
    try:
        url = await said(process.stdout, r"(http://\S+)/admin/tenants")
        phones = await said(process.stdout, r"(http://\S+)/phone/\d+")
        login = {"Authorization": aiohttp.encode_basic_auth("admin", PASSWORD)}
        async with (
            aiohttp.ClientSession(url, headers=login) as admin,
            aiohttp.ClientSession(phones) as simulator,
        ):
            yield Town(url, phones, state / "demo", admin, simulator)
    finally:
        process.terminate()
        await process.wait()


async def settle(place: Town) -> str:
    """Let the businesses move in and their customers write; the id of Saluni ya Asha."""
    [first] = (await place.ask("GET", "/admin/tenants"))["tenants"]
    await place.link(first["id"])
    await place.write(first["phone_number"][1:], *TALK["BOOKING"])
    for number, (name, template, language, fate) in enumerate(BUSINESSES, 255712000002):
        body = {"name": name, "business_name": name, "phone_number": f"+{number}"}
        body |= {"template_type": template, "language": language}
        made = (await place.ask("POST", "/admin/tenants", body))["tenant"]["id"]
        tenant = f"/admin/tenants/{made}"
        if fate == "new":
            continue
        await place.ask("POST", f"{tenant}/worker/start")
        if fate == "scan":
            continue
        await place.link(made)
        await place.write(str(number), *TALK[template])
        if template != "BOOKING":
            # Stays unreadable, which flowhqd leaves to a person after some seconds.
            await place.write(str(number), "Habari", kind="ciphertext")
        if fate == "paused":
            await place.ask("POST", f"{tenant}/pause")
        if fate == "logged out":
            await place.phone(f"{number}/logout", {})
    await _remember(place)
    await place.write(first["phone_number"][1:], "", kind="image")
    await place.write(first["phone_number"][1:], *TALK["BOOKING"])
    await place.ask("POST", "/admin/keys", {"name": "Booking form", "scopes": ["read", "send"]})
    await place.ask("POST", "/admin/keys", {"name": "Monitoring", "scopes": ["read"]})
    return str(first["id"])


async def _remember(place: Town) -> None:
    """Give the tenants the messages of some days."""
    pool = await open_pool(EmbeddedPostgres(place.state, unprivileged()).dsn, deadline_seconds=10)
    try:
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(HISTORY)
            await connection.execute(MAKE_OLD)
    finally:
        await pool.close()
