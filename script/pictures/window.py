"""A window of a headless Chromium, and what becomes of its pictures."""

from __future__ import annotations

import asyncio
import base64
import io
import itertools
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from PIL import Image

from flowhqd.accounts import unprivileged
from flowhqd.browser.executable import find_chromium

NARROW, WIDE = (390, 844), (1280, 844)
TALLEST = 1200
"""Pixels of a page that a picture shows at most."""
COLOURS = 128
WAIT_SECONDS = 60.0
GAP = 16
GROUND, EDGE = "#ffffff", "#c9c5d6"


class Window:
    """One page of a headless Chromium, over the DevTools protocol."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._ids = itertools.count(1)

    async def command(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._ids)
        await self._socket.send_json({"id": number, "method": method, "params": params})
        while (answer := await self._socket.receive_json()).get("id") != number:
            pass
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        result: dict[str, Any] = answer["result"]
        return result

    async def look(self, size: tuple[int, int], *, dark: bool = False) -> None:
        width, height = size
        await self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.command("Emulation.setEmulatedMedia", features=[scheme])

    async def open(self, url: str) -> None:
        await self.command("Page.navigate", url=url)
        await self.until("document.readyState === 'complete'")

    async def js(self, expression: str) -> Any:
        answer = await self.command(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"]["description"])
        return answer["result"].get("value")

    async def until(self, condition: str) -> None:
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                if await self.js(f"!!({condition})"):
                    return
                await asyncio.sleep(0.05)

    async def click(self, selector: str) -> None:
        await self.until(f"document.querySelector({selector!r})?.offsetParent")
        await self.js(f"document.querySelector({selector!r}).click()")

    async def submit(self, form: str = "main form", **fields: str) -> None:
        """Fill fields by their name and send the form; returns when the next page is there."""
        await self.until(f"document.querySelector({form!r})")
        script = f"const form = document.querySelector({form!r});"
        for name, value in fields.items():
            kind = f"form.elements[{name!r}]"
            script += f"if ({kind}.type === 'checkbox') {kind}.checked = true;"
            script += f"else {kind}.value = {value!r};"
        script += "window.before = true; form.requestSubmit(form.querySelector('button'));"
        await self.js(f"(() => {{ {script} }})()")
        await self.until("!window.before && document.readyState === 'complete'")

    async def picture(self, *, whole: bool = False) -> Image.Image:
        """What the window shows; ``whole``: and what is below it, up to TALLEST."""
        if whole:
            width, height, shown = await self.js(
                "[innerWidth, document.documentElement.scrollHeight, innerHeight]"
            )
            # Columns that are as high as the window are then as high as the page.
            await self.look((width, min(max(height, shown), TALLEST)))
        answer = await self.command("Page.captureScreenshot", format="png")
        return Image.open(io.BytesIO(base64.b64decode(answer["data"]))).convert("RGB")


def beside(*pictures: Image.Image) -> Image.Image:
    """One picture of several in a row, each with a thin line around."""
    width = sum(one.width + 2 + GAP for one in pictures) + GAP
    whole = Image.new("RGB", (width, max(one.height for one in pictures) + 2 + 2 * GAP), GROUND)
    left = GAP
    for one in pictures:
        whole.paste(EDGE, (left, GAP, left + one.width + 2, GAP + one.height + 2))
        whole.paste(one, (left + 1, GAP + 1))
        left += one.width + 2 + GAP
    return whole


def save(picture: Image.Image, path: Path) -> None:
    """As a small PNG; few colours are enough for pages without photographs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path} {path.stat().st_size // 1024} KiB")


@asynccontextmanager
async def chromium(home: Path) -> AsyncIterator[Window]:
    account = unprivileged()
    process = await asyncio.create_subprocess_exec(
        str(find_chromium()), "--headless", "--remote-debugging-port=0", "--hide-scrollbars",
        "--no-first-run", f"--user-data-dir={home}", "about:blank",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "HOME": str(home)}, **account.spawn_options(),
    )  # fmt: skip
    try:
        port = await said(process.stderr, r"ws://127\.0\.0\.1:(\d+)/")
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
            async with http.get("/json/list") as response:
                [page] = [one for one in await response.json() if one["type"] == "page"]
            async with http.ws_connect(page["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                yield Window(socket)
    finally:
        process.terminate()
        await process.wait()


async def said(stream: asyncio.StreamReader | None, pattern: str) -> str:
    async with asyncio.timeout(WAIT_SECONDS):
        while line := await stream.readline() if stream else b"":
            if found := re.search(pattern, line.decode()):
                return found[1]
    raise RuntimeError(f"nothing said {pattern}")
