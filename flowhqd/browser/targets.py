"""The targets (windows, popups) of one Chromium, as its browser-level connection announces them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flowhqd.browser.connection import Event, PipeConnection, listen, post
from flowhqd.log import get_logger

log = get_logger(__name__)

MARKER = "data:text/html,#"
"""How the address of every window we ask for begins, until it is navigated."""


class Targets:
    """Finds the windows that were asked for, tells when they go, and closes all others."""

    def __init__(self, connection: PipeConnection) -> None:
        self._connection = connection
        self._expected: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._claimed: set[str] = set()
        self._watchers: dict[str, Callable[[str], None]] = {}
        listen(connection, "Target.targetCreated", self._on_seen)
        listen(connection, "Target.targetInfoChanged", self._on_seen)
        listen(connection, "Target.targetCrashed", self._on_crashed)
        listen(connection, "Target.targetDestroyed", self._on_destroyed)

    @contextmanager
    def expect(self, url: str) -> Iterator[asyncio.Future[dict[str, Any]]]:
        """A future of the targetInfo of the window that opens with ``url``.

        When the block is left by an exception the window is closed, also if it comes later.
        """
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._expected[url] = future
        try:
            yield future
        except BaseException:
            if future.done():
                self._close(future.result())
            raise
        finally:
            del self._expected[url]
            future.cancel()

    def watch(self, target_id: str, on_gone: Callable[[str], None]) -> None:
        """Call ``on_gone`` with "crashed" (the target is still to be closed), then "closed"."""
        self._watchers[target_id] = on_gone

    def _on_seen(self, event: Event) -> None:
        info = event["targetInfo"]
        if info["type"] != "page" or info["targetId"] in self._claimed:
            return
        expected = self._expected.get(info["url"])
        if expected is not None and not expected.done():
            self._claimed.add(info["targetId"])
            expected.set_result(info)
        elif info.get("openerId") or info["url"].startswith((MARKER, "chrome://print")):
            # A popup, a print preview, or a window whose opening was given up before it came.
            self._close(info)

    def _close(self, info: Mapping[str, Any]) -> None:
        log.info("window_closed", kind="popup" if info.get("openerId") else "other")
        post(self._connection, "Target.closeTarget", {"targetId": info["targetId"]})

    def _on_crashed(self, event: Event) -> None:
        if watcher := self._watchers.get(event["targetId"]):
            watcher("crashed")

    def _on_destroyed(self, event: Event) -> None:
        self._claimed.discard(event["targetId"])
        if watcher := self._watchers.pop(event["targetId"], None):
            watcher("closed")
