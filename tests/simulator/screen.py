"""A phone page in a real Chromium, used by what is on it."""

from __future__ import annotations

import json

from tests.window import Window


class Screen(Window):
    """The window that a phone is in."""

    async def open(self, url: str) -> None:
        """Open a phone's address; returns once it shows something."""
        await super().open(url)
        await self.until("document.querySelector('#number')?.textContent")

    async def submit(self, selector: str, text: str) -> None:
        """Put a text into a field and submit its form."""
        field = f"document.querySelector({json.dumps(selector)})"
        await self.js(f"void ({field}.value = {json.dumps(text)}, {field}.form.requestSubmit())")

    async def write(self, text: str) -> None:
        """Send a message as the customer whose tab is open; returns once it is taken."""
        await self.submit("#customer-text", text)
        await self.until("document.querySelector('#customer-text').value === ''")

    async def until_bubble(self, side: str, text: str, tick: str = "") -> None:
        """Return once ``side``'s phone shows the text, with this word for its ticks if given."""
        await self.until(
            f"[...document.querySelectorAll('#{side}-chat .bubble')].some((one) =>"
            f" one.querySelector('.words')?.textContent === {json.dumps(text)}"
            f" && (one.querySelector('.ticks .hidden')?.textContent ?? '') === {json.dumps(tick)})"
        )
