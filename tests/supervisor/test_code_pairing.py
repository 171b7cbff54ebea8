from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, cast

from flowhqd.supervisor.code_pairing import LIFE, WORTH_TYPING, CodePairing
from flowhqd.supervisor.live import PairingCode
from flowhqd.whatsapp.bridge import Bridge
from tests.clock import ManualClock

OWNER, OTHER = "+255712000001", "+255712000002"


class Page:
    """The boundary: a page that counts the codes it gives."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.ways = ["qr"]

    async def pairing_code(self, phone: str) -> str:
        await asyncio.sleep(0)
        self.asked.append(phone)
        self.ways.append("code")
        return f"CODE{len(self.asked):04}"

    async def link_by_qr(self) -> None:
        self.ways.append("qr")


@asynccontextmanager
async def pairing() -> AsyncIterator[tuple[CodePairing, Page, ManualClock]]:
    page, clock = Page(), ManualClock()
    yield CodePairing(cast(Bridge, cast(Any, page)), clock), page, clock


async def test_a_code_is_the_same_while_there_is_time_to_type_it() -> None:
    async with pairing() as (by_code, page, clock):
        first, at_once = await asyncio.gather(by_code.ask(OWNER), by_code.ask(OWNER))
        assert first == at_once
        assert first.expires_at == clock.now() + timedelta(minutes=3)
        clock.advance((LIFE - WORTH_TYPING).total_seconds())
        assert await by_code.ask(OWNER) == first
        assert page.asked == ["255712000001"]
        clock.advance(1)
        second = await by_code.ask(OWNER)
        assert second.code != first.code
        assert second.expires_at == clock.now() + LIFE


async def test_another_phone_gets_another_code() -> None:
    async with pairing() as (by_code, page, _):
        first = await by_code.ask(OWNER)
        assert (await by_code.ask(OTHER)).code != first.code
        assert page.asked == ["255712000001", "255712000002"]


async def test_the_page_goes_back_to_codes_to_scan_once() -> None:
    async with pairing() as (by_code, page, clock):

        def shown() -> PairingCode | None:
            return by_code.code

        assert by_code.seconds_left == 0
        assert shown() is None
        assert not await by_code.end()
        first = await by_code.ask(OWNER)
        assert shown() == first
        clock.advance(100)
        assert by_code.seconds_left == 80
        clock.advance(100)
        assert by_code.seconds_left == 0
        assert page.ways == ["qr", "code"]
        assert shown() == first, "it is over, and can be shown as that"
        assert await by_code.end()
        assert shown() is None
        assert page.ways == ["qr", "code", "qr"]
        assert not await by_code.end()
        assert (await by_code.ask(OWNER)).code != first.code
