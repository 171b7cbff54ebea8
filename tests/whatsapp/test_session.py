"""What a session keeps of what its page tells, when nobody takes it for a while."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import pytest

from flowhqd.whatsapp import session as sessions
from flowhqd.whatsapp.events import Hello
from flowhqd.whatsapp.session import EventsDropped, PageGone, Rung, Session

if TYPE_CHECKING:
    from flowhqd.browser.host import BrowserHost

URL = "https://web.whatsapp.com/"


class Talker:
    """A browser host with one page, which says what it is told to."""

    def __init__(self) -> None:
        self.closed: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.listener: Callable[[str], None] = lambda _envelope: None

    async def open(self, profile: str) -> Talker:
        return self

    async def install(
        self, script: str, *, binding: str, on_message: Callable[[str], None]
    ) -> None:
        self.listener = on_message

    async def navigate(self, url: str, *, timeout: float) -> None:
        assert url == URL

    def says(self, *numbers: int) -> None:
        for number in numbers:
            self.listener(json.dumps({"kind": "hello", "url": str(number)}))


async def test_a_crowd_of_events_leaves_a_mark_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not only with the next event: after a crowd there may be silence."""
    monkeypatch.setattr(sessions, "EVENTS", 3)
    page = Talker()
    session = Session(cast("BrowserHost", page), "tenant", URL)
    await session.open(Rung.REOPEN)
    page.says(1, 2, 3, 4, 5)
    assert session.events.get_nowait() == Hello("1")
    page.says(6)
    assert [session.events.get_nowait() for _ in range(2)] == [Hello("2"), Hello("3")]
    page.says(7, 8, 9, 10)
    page.closed.set_result("crashed")
    await asyncio.sleep(0)
    told = [session.events.get_nowait() for _ in range(session.events.qsize())]
    assert told == [EventsDropped(), Hello("7"), Hello("8"), EventsDropped(), PageGone("crashed")]
