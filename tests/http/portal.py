"""A user of the portal with a browser, and what tests of its pages share."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

import aiohttp
from argon2 import PasswordHasher
from yarl import URL

from flowhqd.http.portal import auth, setup
from flowhqd.states import Language, SetupStatus
from flowhqd.store import people, portal_sessions, setup_requests
from flowhqd.store.people import PortalUser
from tests.http.conftest import Site
from tests.people import new_user, wish

# What Chromium sends when a person opens a page.
ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
ASHA, PASSWORD = "asha@example.com", "chai ya tangawizi"
# As cheap as argon2 can be.
PASSWORD_HASH = PasswordHasher(1, 8, 1).hash(PASSWORD)


@dataclass(frozen=True)
class Page:
    """An answer: ``text`` as it came, ``said`` without markup."""

    status: int
    path: str
    text: str
    headers: Mapping[str, str]

    @property
    def said(self) -> str:
        return " ".join(html.unescape(piece.strip()) for piece in pieces(self.text))


class Browser:
    """Asks for pages; a form is sent with the token that the last page had."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session
        self._token: str | None = None

    async def get(self, path: str, **options: Any) -> Page:
        async with self.session.get(path, **options) as response:
            return await self._page(response)

    async def post(self, path: str, **fields: str) -> Page:
        return await self._send(path, fields, follow=True)

    async def send(self, path: str, **fields: str) -> Page:
        """The answer itself, not the page that it leads to."""
        return await self._send(path, fields, follow=False)

    async def _send(self, path: str, fields: dict[str, str], *, follow: bool) -> Page:
        if self._token is None:
            await self.get("/app")
        data = {"csrf_token": self._token or "", **fields}
        async with self.session.post(path, data=data, allow_redirects=follow) as response:
            return await self._page(response)

    async def _page(self, response: aiohttp.ClientResponse) -> Page:
        text = await response.text()
        if response.content_type == "text/html" and text:
            (self._token,) = set(re.findall(r'name="csrf_token" value="([^"]+)"', text)) or {""}
        return Page(response.status, response.url.path, text, dict(response.headers))


@dataclass
class Owner:
    """A user who is logged in."""

    site: Site
    user: PortalUser
    browser: Browser

    async def give(self, tenant: str) -> None:
        """Have the user look after a tenant."""
        async with self.site.services.database.connection() as connection:
            await people.set_tenant(connection, self.user.id, UUID(tenant))

    async def agree(self) -> None:
        """Agree to what linking means."""
        await setup.consent(self.site.services, self.user)

    async def ask(self, status: SetupStatus, *, note: str | None = None) -> None:
        """Have a set-up request in this status."""
        async with self.site.services.database.transaction() as connection:
            request = await setup_requests.save(connection, self.user.id, wish())
            way = {
                SetupStatus.SUBMITTED: (SetupStatus.SUBMITTED,),
                SetupStatus.REJECTED: (SetupStatus.SUBMITTED, SetupStatus.REJECTED),
            }
            for step in way.get(status, ()):
                locked = await setup_requests.lock(connection, request.id)
                await setup_requests.move(connection, locked, step, reviewer_note=note)


def browser(site: Site, **headers: str) -> Browser:
    """A browser of somebody who is not logged in."""
    return Browser(site.client(None, Accept=ACCEPT, **headers))


async def owner(site: Site, email: str = ASHA, language: Language = Language.EN) -> Owner:
    """A new user, logged in."""
    async with site.services.database.connection() as connection:
        user = await new_user(
            connection, email=email, password_hash=PASSWORD_HASH, language=language
        )
        cookie = await portal_sessions.create(connection, user.id)
    found = browser(site)
    found.session.cookie_jar.update_cookies({auth.COOKIE: cookie}, URL(site.url))
    return Owner(site, user, found)


async def owner_of(site: Site, tenant: str) -> Owner:
    """A new user who has this tenant and agreed to linking."""
    found = await owner(site)
    await found.give(tenant)
    await found.agree()
    return found


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "style"}:
            self._hidden += 1
        values = dict(attrs)
        self.pieces += [
            values[name] or "" for name in ("aria-label", "alt", "placeholder") if name in values
        ]

    def handle_endtag(self, tag: str) -> None:
        if tag in {"script", "style"}:
            self._hidden -= 1

    def handle_data(self, data: str) -> None:
        if not self._hidden and data.strip():
            self.pieces.append(data)


def pieces(page: str) -> list[str]:
    """Every text of a page that a person can read or hear."""
    parser = _Text()
    parser.feed(page)
    return parser.pieces
