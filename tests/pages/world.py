"""A site, what is on it, and windows by who looks through them."""

from __future__ import annotations

from dataclasses import dataclass

from tests.http.conftest import Site
from tests.pages.some import Some
from tests.window import Window

WIDE, NARROW = (1280, 900), (390, 844)


@dataclass(frozen=True)
class World:
    """``windows`` are of ``admin``, ``user`` and ``nobody``; the first two are logged in."""

    site: Site
    some: Some
    windows: dict[str, Window]

    async def open(self, who: str, path: str) -> Window:
        """Somebody's window on a page."""
        window = self.windows[who]
        await window.open(self.site.url + path)
        await window.until("document.readyState === 'complete'")
        return window

    async def log_in(self, who: str, path: str, **fields: str) -> None:
        """Fill in a login's form and send it."""
        window = await self.open(who, path)
        await window.fill(**fields)
        password = "document.querySelector('main input[type=password]')"
        await window.js(f"void {password}.form.requestSubmit()")
        await window.until(f"location.pathname !== '{path}'")
