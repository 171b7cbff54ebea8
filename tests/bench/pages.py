"""The pages as Lighthouse sees them, the operator's with hundreds of tenants."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp

from flowhqd.accounts import unprivileged
from flowhqd.browser.executable import find_chromium
from flowhqd.http.portal.auth import COOKIE
from flowhqd.store import portal_sessions
from flowhqd.store.embedded import EmbeddedPostgres
from flowhqd.store.migrations import migrate
from flowhqd.store.pool import connect, open_pool
from tests import npm
from tests.bench.table import markdown
from tests.http.conftest import PASSWORD, Site, serving
from tests.pages.some import Some, some_of_everything
from tests.tenants import new_tenant

ROOM = Path(__file__).parent / "lighthouse"
TENANTS = 200
CATEGORIES = ("performance", "accessibility", "best-practices")
GOOD = 95
START_SECONDS = 30.0
LISTENS = re.compile(rb"DevTools listening on ws://127\.0\.0\.1:(\d+)/")
PAGE_SECONDS = 90.0
ADMIN = (
    "/admin/login",
    "/admin/tenants",
    "/admin/tenants/{connected}",
    "/admin/tenants/{connected}/logs",
    "/admin/tenants/{connected}/texts",
    "/admin/tenants/{connected}/try",
    "/admin/tenants/{connected}/edit",
    "/admin/tenants/{connected}/audit",
    "/admin/setup-requests",
    "/admin/users",
    "/admin/host",
    "/admin/unanswered",
    "/admin/keys",
    "/docs",
)
PORTAL = (
    "/app",
    "/app/signup",
    "/app/login",
    "/app/setup",
    "/app/whatsapp",
    "/app/status",
    "/app/logs",
    "/app/unanswered",
    "/app/settings",
    "/app/settings/texts",
    "/app/settings/try",
    "/app/data",
    "/app/account",
)


@dataclass(frozen=True, slots=True)
class Look:
    """One page in one form ("desktop", or "mobile": a slow phone on a slow 4G line)."""

    path: str
    form: str
    scores: dict[str, list[int]]
    faults: list[str]

    @property
    def is_good(self) -> bool:
        """Whether every category's median is at least GOOD."""
        return all(median(self.scores[category]) >= GOOD for category in CATEGORIES)


async def run(rounds: int, directory: Path) -> list[Look]:
    """Serve a site with some of everything and look at each page ``rounds`` times."""
    npm.install(ROOM)
    async with (
        EmbeddedPostgres(directory / "server", unprivileged()) as server,
        _site(server.dsn, directory) as (site, some),
        _chromium(directory / "chromium") as port,
    ):
        async with site.services.database.connection() as connection:
            ticket = await portal_sessions.create(connection, some.user)
        as_admin = {"Authorization": aiohttp.encode_basic_auth("admin", PASSWORD)}
        as_user = {"Cookie": f"{COOKIE}={ticket}"}
        pages = [
            *((path, form, as_admin) for path in ADMIN for form in ("desktop", "mobile")),
            *((path, "mobile", as_user) for path in PORTAL),
        ]
        return [
            await _look(site, some, port, path, form, headers, rounds)
            for path, form, headers in pages
        ]


def report(looks: list[Look]) -> str:
    """The scores as a table, and below it what keeps pages from being good."""
    rows = [["page", "seen on", *CATEGORIES]]
    rows += [
        [one.path, one.form, *(_cell(one.scores[category]) for category in CATEGORIES)]
        for one in looks
    ]
    return "\n".join([markdown(rows), "", *_complaints(looks)])


def _complaints(looks: list[Look]) -> Iterator[str]:
    for one in looks:
        if not one.is_good:
            yield f"below {GOOD}: {one.path} on {one.form}: {', '.join(one.faults)}"


def _cell(scores: list[int]) -> str:
    middle = f"{median(scores):.0f}"
    return middle if len(set(scores)) == 1 else f"{middle} ({min(scores)}–{max(scores)})"


@asynccontextmanager
async def _site(dsn: str, directory: Path) -> AsyncIterator[tuple[Site, Some]]:
    connection = await connect(dsn, deadline_seconds=10)
    try:
        await migrate(connection)
        for _ in range(TENANTS):
            await new_tenant(connection)
    finally:
        await connection.close()
    pool = await open_pool(dsn, deadline_seconds=5)
    async with pool, serving(pool, {"STATE_PATH": str(directory)}) as site:
        yield site, await some_of_everything(site)


@asynccontextmanager
async def _chromium(home: Path) -> AsyncIterator[int]:
    """A Chromium that can be driven over a port of loopback, as Lighthouse needs it."""
    account = unprivileged()
    account.own(home)
    process = await asyncio.create_subprocess_exec(
        find_chromium(),
        *("--headless", "--remote-debugging-port=0", f"--user-data-dir={home}", "--disable-gpu"),
        *("--no-first-run", "--disable-background-networking", "--disable-component-update"),
        *("--disable-sync", "about:blank"),
        cwd=home,
        env={"HOME": str(home), "PATH": os.environ["PATH"], "TMPDIR": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        **account.spawn_options(),
    )
    assert process.stderr is not None
    reader = None
    try:
        async with asyncio.timeout(START_SECONDS):
            while not (said := LISTENS.search(await process.stderr.readline())):
                assert process.returncode is None
        # Nobody reads what it says from here on, and it must not wait for that.
        reader = asyncio.create_task(process.stderr.read())
        yield int(said[1])
    finally:
        process.terminate()
        await process.wait()
        if reader is not None:
            await reader


async def _look(
    site: Site, some: Some, port: int, path: str, form: str, headers: dict[str, str], rounds: int
) -> Look:
    values = {name: getattr(some, name) for name in some.__slots__}
    page = {"url": site.url + path.format(**values), "headers": headers, "form": form}
    process = await asyncio.create_subprocess_exec(
        npm.NODE,
        ROOM / "look.mjs",
        json.dumps({"port": port, "pages": [page] * rounds}),
        stdout=subprocess.PIPE,
    )
    async with asyncio.timeout(PAGE_SECONDS * rounds):
        out, _ = await process.communicate()
    assert process.returncode == 0, path
    seen: list[dict[str, Any]] = [json.loads(line) for line in out.splitlines()]
    scores = {name: [one["scores"][name] for one in seen] for name in CATEGORIES}
    return Look(path, form, scores, seen[-1]["faults"])
