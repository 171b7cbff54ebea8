"""A phone page in a real Chromium, used by what is on it."""

from __future__ import annotations

import json

from flowhqd.browser.host import BrowserHost
from flowhqd.browser.page import JSONValue, Page
from flowhqd.errors import PageTimeout

TIMEOUT = 20.0
# Anything that the content security policy has to stop is a mistake of the page.
WATCH = "addEventListener('securitypolicyviolation', (event) => violated(event.blockedURI));"


class Screen:
    """An async context manager around one page; ``violations`` are what its policy blocked."""

    def __init__(self, host: BrowserHost, profile: str = "phone") -> None:
        self.violations: list[str] = []
        self._host = host
        self._profile = profile
        self._page: Page | None = None

    async def __aenter__(self) -> Screen:
        self._page = await self._host.open(self._profile)
        await self._page.install(WATCH, binding="violated", on_message=self.violations.append)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.page.close()

    @property
    def page(self) -> Page:
        assert self._page is not None
        return self._page

    async def open(self, url: str) -> None:
        """Open a phone's address; returns once it shows something."""
        await self.page.navigate(url, timeout=TIMEOUT)
        await self.until("document.querySelector('#number').textContent")

    async def js(self, expression: str) -> JSONValue:
        return await self.page.call(f"() => ({expression})", timeout=TIMEOUT)

    async def until(self, condition: str) -> None:
        """Return once the JavaScript expression is true."""
        wait = f"""async () => {{
          while (!({condition})) await new Promise((done) => setTimeout(done, 20));
        }}"""
        try:
            await self.page.call(wait, timeout=TIMEOUT)
        except PageTimeout:
            shown = await self.js("document.body.innerText")
            raise AssertionError(f"never true: {condition}\n{shown}") from None

    async def click(self, selector: str) -> None:
        """Click an element as soon as it can be seen."""
        found = f"document.querySelector({json.dumps(selector)})"
        await self.until(f"{found}?.offsetParent")
        await self.js(f"void {found}.click()")

    async def fill(self, selector: str, text: str) -> None:
        """Put a text into a field and submit its form."""
        field = f"document.querySelector({json.dumps(selector)})"
        await self.js(f"void ({field}.value = {json.dumps(text)}, {field}.form.requestSubmit())")

    async def write(self, text: str) -> None:
        """Send a message as the customer whose tab is open; returns once it is taken."""
        await self.fill("#customer-text", text)
        await self.until("document.querySelector('#customer-text').value === ''")

    async def until_bubble(self, side: str, text: str, tick: str = "") -> None:
        """Return once ``side``'s phone shows the text, with this word for its ticks if given."""
        await self.until(
            f"[...document.querySelectorAll('#{side}-chat .bubble')].some((one) =>"
            f" one.querySelector('.words')?.textContent === {json.dumps(text)}"
            f" && (one.querySelector('.ticks .hidden')?.textContent ?? '') === {json.dumps(tick)})"
        )
