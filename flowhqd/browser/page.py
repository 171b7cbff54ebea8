"""A tenant's page: the one window of its profile."""

from __future__ import annotations

import asyncio
import base64
import json
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import orjson
from pyppeteer.connection import CDPSession

from flowhqd.browser import connection as devtools
from flowhqd.browser.chromium import Chromium
from flowhqd.browser.connection import CommandFailed, CommandTimeout, Event
from flowhqd.errors import BrowserError, DocumentLost, PageError, PageLost, PageTimeout
from flowhqd.log import get_logger

log = get_logger(__name__)

JSONValue: TypeAlias = "bool | int | float | str | list[JSONValue] | dict[str, JSONValue] | None"

MAX_PAYLOAD = 1 << 20
"""Characters of one message through a binding; a longer one is dropped."""
MAX_RESULT = 8 << 20
"""Characters of JSON that one call may return; counted in the page, before it is sent."""
MAX_SCREENSHOT = 16 << 20
MAX_ERROR = 500
"""Characters of a page's own error message that reach ours."""
DOCUMENT_LOST = ("Inspected target navigated or closed", "Execution context was destroyed")
"""Chromium's words for a call whose document is gone."""
SETUP_SECONDS = 15.0
CLOSE_SECONDS = 10.0
CLOSE_AGAIN_SECONDS = 1.0
"""A page that is told to close just as it takes a new document forgets it (Chromium 156)."""

HARMLESS_PRINT = "window.print = () => {};"

CALL = """(async () => {
  const result = await (%(function)s
  )(...JSON.parse(%(arguments)s));
  const text = JSON.stringify(result === undefined ? null : result) ?? "null";
  if (text.length > %(limit)d) throw new RangeError(`result of ${text.length} characters`);
  return text;
})()"""


class Page:
    """Every method raises PageLost once ``closed`` is resolved, and never waits without end.

    ``closed`` resolves with why the page is gone: "crashed" (its renderer), "closed" (by us, or by
    itself) or "browser_lost". A crashed page still holds its window until ``close``.
    """

    def __init__(self, profile: str, browser: Chromium, target_id: str, *, alone: bool) -> None:
        loop = asyncio.get_running_loop()
        self.profile = profile
        self.closed: asyncio.Future[str] = loop.create_future()
        self.on_navigated: Callable[[str], None] | None = None
        self._browser = browser
        self._target_id = target_id
        self._alone = alone
        self._session: CDPSession | None = None
        self._destroyed: asyncio.Future[None] = loop.create_future()
        self._listeners: dict[str, Callable[[str], None]] = {}
        self._scripts: dict[str, str] = {}
        self._url = ""
        self._documents: deque[str] = deque(maxlen=8)
        self._commits = 0
        self._parsed = ""
        self._is_error = False
        self._progress = asyncio.Event()

    @classmethod
    async def attach(
        cls, profile: str, browser: Chromium, info: Mapping[str, Any], *, alone: bool
    ) -> Page:
        """Take over the window that ``info`` (a targetInfo) describes.

        ``alone``: the browser holds nothing else and ends with the page.
        Raises PageLost, PageTimeout.
        """
        page = cls(profile, browser, info["targetId"], alone=alone)
        browser.targets.watch(page._target_id, page._on_gone)
        browser.lost.add_done_callback(lambda _: page._on_gone("browser_lost"))
        try:
            await page._prepare()
        except BaseException:
            await page.close()
            raise
        return page

    async def install(
        self, script: str, *, binding: str, on_message: Callable[[str], None]
    ) -> None:
        """Run ``script`` in the main world of every new document, before the document's own.

        The page's function ``binding`` takes one string and hands it to ``on_message``, in order;
        it is on the window of every frame, and so is the script. ``on_message`` must be quick;
        what it raises is logged. Installing a binding again replaces its script and listener.
        Raises PageError, PageTimeout, PageLost.
        """
        self._listeners[binding] = on_message
        await self._command("Runtime.addBinding", {"name": binding}, timeout=SETUP_SECONDS)
        if old := self._scripts.pop(binding, None):
            await self._command(
                "Page.removeScriptToEvaluateOnNewDocument",
                {"identifier": old},
                timeout=SETUP_SECONDS,
            )
        self._scripts[binding] = await self._add_script(script)

    async def navigate(self, url: str, *, timeout: float) -> None:
        """Open ``url``; returns when its document is parsed (DOMContentLoaded).

        Raises PageError with Chromium's net::ERR_ name, PageTimeout, PageLost.
        """
        try:
            async with asyncio.timeout(timeout):
                answer = await self._command("Page.navigate", {"url": url}, timeout=timeout)
                if error := answer.get("errorText"):
                    raise PageError(f"the page of {self.profile} could not be opened: {error}")
                if document := answer.get("loaderId"):
                    await self._until(lambda: document in self._documents and self._is_parsed())
        except TimeoutError:
            raise self._timed_out("loading", timeout) from None

    async def reload(self, *, timeout: float) -> None:
        """Load the same address anew; returns when the document is parsed.

        Not for a hung page: that ignores it and can then no longer be freed by ``unstick``.
        Raises PageError, PageTimeout, PageLost.
        """
        before = self._commits
        try:
            async with asyncio.timeout(timeout):
                await self._command("Page.reload", timeout=timeout)
                await self._until(lambda: self._commits > before and self._is_parsed())
        except TimeoutError:
            raise self._timed_out("reloading", timeout) from None
        if self._is_error:
            raise PageError(f"the page of {self.profile} could not be loaded again")

    async def call(self, function: str, *args: JSONValue, timeout: float) -> JSONValue:
        """The result of a JavaScript function, given as source, once its promise is settled.

        Raises PageError when it throws, is not a function, returns more than MAX_RESULT or loses
        its document meanwhile; PageTimeout, after which it may still be running; PageLost.
        """
        expression = CALL % {
            "function": function,
            "arguments": orjson.dumps(orjson.dumps(args).decode()).decode(),
            "limit": MAX_RESULT,
        }
        answer = await self._command(
            "Runtime.evaluate",
            {"expression": expression, "awaitPromise": True, "returnByValue": True},
            timeout=timeout,
        )
        if details := answer.get("exceptionDetails"):
            raise PageError(_thrown(details))
        return _parse(answer["result"]["value"])

    async def url(self) -> str:
        """The address of the top frame, as last announced."""
        return self._url

    async def unstick(self, *, timeout: float) -> bool:
        """End the script that hangs the page; whether it answers again. Raises PageLost."""
        try:
            async with asyncio.timeout(timeout):
                await self._command("Runtime.terminateExecution", timeout=timeout)
                await self._command("Runtime.evaluate", {"expression": "1"}, timeout=timeout)
        except (TimeoutError, PageTimeout, PageError):
            return False
        return True

    async def screenshot(self, *, timeout: float) -> bytes:
        """What the window shows, as PNG. Raises PageError, PageTimeout, PageLost."""
        answer = await self._command("Page.captureScreenshot", {"format": "png"}, timeout=timeout)
        if len(answer["data"]) > MAX_SCREENSHOT:
            raise PageError(f"the screenshot of {self.profile} is too large")
        return base64.b64decode(answer["data"])

    async def close(self) -> None:
        """Close the window and wait until it is gone; idempotent, raises nothing.

        A Chromium that does not close it is killed, with all its pages.
        """
        self._on_gone("closed", destroyed=False)
        if self._alone:
            await self._browser.stop()
        if self._destroyed.done():
            return
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                while not self._destroyed.done():
                    await self._browser.command("Target.closeTarget", {"targetId": self._target_id})
                    await asyncio.wait([self._destroyed], timeout=CLOSE_AGAIN_SECONDS)
        except BrowserError as error:
            # Gone already, alone or with its browser.
            log.debug("page_already_gone", profile=self.profile, detail=str(error))
        except TimeoutError:
            log.error("page_unclosable", profile=self.profile, pid=self._browser.pid)
            self._browser.kill()

    async def _prepare(self) -> None:
        try:
            self._session = await self._browser.connection.attach(
                self._target_id, timeout=SETUP_SECONDS
            )
        except (CommandTimeout, CommandFailed) as error:
            raise PageLost(f"the page of {self.profile} cannot be attached to: {error}") from error
        for event, handler in (
            ("Page.frameNavigated", self._on_frame_navigated),
            ("Page.navigatedWithinDocument", self._on_navigated_within),
            ("Page.lifecycleEvent", self._on_lifecycle),
            ("Page.javascriptDialogOpening", self._on_dialog),
            ("Runtime.bindingCalled", self._on_binding),
        ):
            devtools.listen(self._session, event, handler)
        for method, params in (
            ("Page.enable", {}),
            # Without it a binding is forgotten when a navigation changes the renderer.
            ("Runtime.enable", {}),
            ("Page.setLifecycleEventsEnabled", {"enabled": True}),
        ):
            await self._command(method, params, timeout=SETUP_SECONDS)
        await self._add_script(HARMLESS_PRINT)

    async def _command(
        self, method: str, params: Mapping[str, Any] | None = None, *, timeout: float
    ) -> dict[str, Any]:
        if self._session is None or self.closed.done():
            raise self._lost()
        try:
            return await devtools.command(self._session, method, params, timeout=timeout)
        except CommandTimeout:
            raise self._timed_out("answering", timeout) from None
        except CommandFailed as error:
            if self.closed.done() or self._session._connection is None:
                raise self._lost() from error
            if any(text in str(error) for text in DOCUMENT_LOST):
                raise DocumentLost(f"the page of {self.profile} went elsewhere") from error
            raise PageError(f"{error}"[:MAX_ERROR]) from error

    async def _add_script(self, script: str) -> str:
        answer = await self._command(
            "Page.addScriptToEvaluateOnNewDocument", {"source": script}, timeout=SETUP_SECONDS
        )
        return str(answer["identifier"])

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            if self.closed.done():
                raise self._lost()
            self._progress.clear()
            await self._progress.wait()

    def _is_parsed(self) -> bool:
        return bool(self._documents) and self._parsed == self._documents[-1]

    def _timed_out(self, doing: str, seconds: float) -> PageTimeout:
        return PageTimeout(f"the page of {self.profile} was not done {doing} in {seconds:g} s")

    def _lost(self) -> PageLost:
        why = self.closed.result() if self.closed.done() else "closed"
        return PageLost(f"the page of {self.profile} is gone: {why}")

    def _on_gone(self, why: str, *, destroyed: bool = True) -> None:
        if destroyed and why != "crashed" and not self._destroyed.done():
            self._destroyed.set_result(None)
        if self.closed.done():
            return
        self.closed.set_result(why)
        self._progress.set()
        if self._session is not None:
            devtools.fail_pending(self._session)

    def _on_frame_navigated(self, event: Event) -> None:
        frame = event["frame"]
        if "parentId" in frame:
            return
        self._commits += 1
        self._documents.append(frame["loaderId"])
        self._is_error = "unreachableUrl" in frame
        self._moved_to(frame["url"] + frame.get("urlFragment", ""))

    def _on_navigated_within(self, event: Event) -> None:
        if event["frameId"] == self._target_id:
            self._moved_to(event["url"])

    def _moved_to(self, url: str) -> None:
        self._url = url
        if self.on_navigated is not None:
            self.on_navigated(url)

    def _on_lifecycle(self, event: Event) -> None:
        if event["name"] == "DOMContentLoaded" and event["frameId"] == self._target_id:
            self._parsed = event["loaderId"]
            self._progress.set()

    def _on_dialog(self, event: Event) -> None:
        # A confirm or prompt is refused: nobody is there to mean yes.
        accept = event["type"] in ("alert", "beforeunload")
        devtools.post(self._session, "Page.handleJavaScriptDialog", {"accept": accept})

    def _on_binding(self, event: Event) -> None:
        listener, payload = self._listeners.get(event["name"]), event["payload"]
        if listener is None or self.closed.done():
            return
        if len(payload) > MAX_PAYLOAD:
            log.warning("message_dropped", profile=self.profile, characters=len(payload))
            return
        listener(_well_formed(payload))


def _thrown(details: Mapping[str, Any]) -> str:
    exception = details.get("exception", {})
    text = exception.get("description") or exception.get("value") or details.get("text")
    # Without the stack, whose lines follow the message.
    return _well_formed(str(text).partition("\n    at ")[0])[:MAX_ERROR]


def _parse(text: str) -> JSONValue:
    try:
        result: JSONValue = orjson.loads(text)
    except orjson.JSONDecodeError:
        # JSON.stringify escapes unpaired surrogates, which are no JSON text for orjson.
        result = _clean(json.loads(text))
    return result


def _clean(value: JSONValue) -> JSONValue:
    match value:
        case str():
            return _well_formed(value)
        case list():
            return [_clean(item) for item in value]
        case dict():
            return {_well_formed(key): _clean(item) for key, item in value.items()}
        case _:
            return value


def _well_formed(text: str) -> str:
    """Unpaired surrogates, which JavaScript allows and UTF-8 does not, become U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
