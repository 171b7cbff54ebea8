"""A page of a real Chromium that is used as a person does: looked at, clicked, typed into."""

from __future__ import annotations

import asyncio
import json
from typing import Self

from flowhqd.browser.host import BrowserHost
from flowhqd.browser.page import JSONValue, Page
from flowhqd.errors import BrowserError

SECONDS = 60.0
# Anything that the content security policy has to stop is a mistake of a page.
WATCH = "addEventListener('securitypolicyviolation', (event) => violated(event.blockedURI));"
# Key: the code of a keyboard, Windows' number for it, and the text that it types.
KEYS = {
    "Tab": ("Tab", 9, ""),
    "Enter": ("Enter", 13, "\r"),
    " ": ("Space", 32, " "),
    "ArrowDown": ("ArrowDown", 40, ""),
    "Escape": ("Escape", 27, ""),
}
SHIFT = 8


class Window:
    """Over as many documents as it takes; ``violations`` are what the policy stopped."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.violations: list[str] = []

    @classmethod
    async def opened(cls, host: BrowserHost, profile: str) -> Self:
        """A window of a profile, which knows nothing of the others'."""
        window = cls(await host.open(profile))
        await window.page.install(WATCH, binding="violated", on_message=window.violations.append)
        return window

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.page.close()

    async def open(self, url: str) -> None:
        await self.page.navigate(url, timeout=SECONDS)

    async def js(self, expression: str) -> JSONValue:
        return await self.page.call(f"() => ({expression})", timeout=SECONDS)

    async def run(self, script: str) -> None:
        """Run a script as if the page had it; the policy does not ask about it."""
        await self._command("Runtime.evaluate", expression=f"{script}; 0")

    async def until(self, condition: str) -> None:
        """Return once it is true, also of the next document."""
        try:
            async with asyncio.timeout(SECONDS):
                while True:
                    try:
                        if await self.js(f"!!({condition})"):
                            return
                    except BrowserError:
                        pass
                    await asyncio.sleep(0.05)
        except TimeoutError:
            shown = await self.js("location.href + '\\n' + document.body.innerText")
            raise AssertionError(f"never true: {condition}\n{shown}") from None

    async def says(self, text: str) -> None:
        await self.until(f"document.body?.innerText.includes({json.dumps(text)})")

    async def click(self, selector: str) -> None:
        found = f"document.querySelector({json.dumps(selector)})"
        await self.until(f"{found}?.offsetParent")
        await self.js(f"void {found}.click()")

    async def fill(self, **fields: str) -> None:
        for name, text in fields.items():
            await self.until(f"document.getElementById({json.dumps(name)})")
            await self.js(f"void (document.getElementById('{name}').value = {json.dumps(text)})")

    async def at(self, path: str) -> None:
        await self.until(f"location.pathname === '{path}' && document.readyState === 'complete'")

    async def look(self, width: int, height: int, *, dark: bool = False) -> None:
        """Be a screen of this size whose owner prefers light, or dark, and nothing that moves.

        Colours that change slowly would be looked at half-way.
        """
        await self._command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        still = {"name": "prefers-reduced-motion", "value": "reduce"}
        await self._command("Emulation.setEmulatedMedia", features=[scheme, still])

    async def press(self, key: str, *, shift: bool = False) -> None:
        """Press a key and let it go; a letter or digit that is none of KEYS types itself."""
        code, number, text = KEYS.get(key) or (f"Key{key.upper()}", ord(key.upper()), key)
        about = {
            "key": key,
            "code": code,
            "windowsVirtualKeyCode": number,
            "modifiers": SHIFT if shift else 0,
        }
        await self._command("Input.dispatchKeyEvent", type="keyDown", text=text, **about)
        await self._command("Input.dispatchKeyEvent", type="keyUp", **about)

    async def follow(self) -> None:
        """Press Enter on what leads to another document; returns once that is there.

        It may have the same address, as the page has that a form leads back to.
        """
        before = await self.js("performance.timeOrigin")
        await self.press("Enter")
        await self.until(
            f"performance.timeOrigin !== {before} && document.readyState === 'complete'"
        )

    async def type(self, text: str) -> None:
        """Type into what has the focus."""
        await self._command("Input.insertText", text=text)

    async def _command(self, method: str, **params: object) -> None:
        await self.page._command(method, params, timeout=SECONDS)
