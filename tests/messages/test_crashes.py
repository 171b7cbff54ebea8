"""A daemon that dies at any instant: its next life answers each message exactly once, in order."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from flowhqd.errors import PageLost, PageTimeout
from flowhqd.messages.sender import MAX_FAILURES
from flowhqd.store.database import Database
from tests.messages.page import Fate
from tests.messages.shop import Shop, new_shop

if TYPE_CHECKING:
    from flowhqd.store.pool import Connection

CHATS = [f"25570000000{number}@c.us" for number in (1, 2, 3)]


class Deathbed:
    """Counts the steps of a life; whoever takes the fatal one gets no further."""

    def __init__(self) -> None:
        self.taken = 0
        self.fatal: int | None = None
        self.reached = asyncio.Event()

    def live(self, fatal: int | None) -> None:
        """A new life, that ends with its step ``fatal``."""
        self.taken = 0
        self.fatal = fatal
        self.reached = asyncio.Event()

    async def step(self) -> None:
        self.taken += 1
        if self.taken == self.fatal:
            self.reached.set()
            await asyncio.Event().wait()


class MortalDatabase(Database):
    """The real database, with a step on either side of every connection and commit."""

    def __init__(self, database: Database, deathbed: Deathbed) -> None:
        super().__init__(database.pool)
        self._deathbed = deathbed

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        await self._deathbed.step()
        async with super().connection() as connection:
            yield connection
        await self._deathbed.step()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        async with super().transaction() as connection:
            await self._deathbed.step()
            yield connection
            await self._deathbed.step()


class Mortal:
    """A shop whose daemon dies when it is told to."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.page = shop.page
        self.deathbed = Deathbed()
        shop.path_database = MortalDatabase(shop.database, self.deathbed)
        shop.page.step = self.deathbed.step

    def say(self, chat: str) -> None:
        """A customer writes; a daemon that lives is told."""
        said = self.page.says(chat)
        if self.page.listener is not None:
            self.shop.path.put(said)
        self.shop.clock.advance(1)

    async def live(self, chats: list[str], *, fatal: int | None = None) -> bool:
        """One life, with a message in each of ``chats``; False when it ended before its work."""
        shop = self.shop
        self.deathbed.live(fatal)
        shop.limits = shop.new_limits()
        shop.path = self.page.listener = shop.new_path()
        for chat in chats:
            self.say(chat)
        life = asyncio.create_task(shop.path.run())
        work = asyncio.create_task(self._work_is_done())
        death = asyncio.create_task(self.deathbed.reached.wait())
        tasks = {life, work, death}
        async with asyncio.timeout(60):
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        is_done = work.done()
        self.page.listener = None
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        if not life.cancelled():
            assert isinstance(life.exception(), PageLost | PageTimeout)
        return is_done

    async def _work_is_done(self) -> None:
        said = sum(len(self.page.heard(chat)) for chat in CHATS)
        await self.shop.until(
            lambda rows: (
                sum(row.direction == "IN" for row in rows) == said
                and not any(row.status in ("RECEIVED", "QUEUED") for row in rows)
            )
        )


async def test_whatever_step_a_daemon_dies_at_each_message_is_answered_once(
    database: Database,
) -> None:
    juma, asha, _ = CHATS
    fatal = 0
    while True:
        fatal += 1
        mortal = Mortal(await new_shop(database))
        mortal.say(juma)
        survived = await mortal.live([juma, asha], fatal=fatal)
        if not survived:
            mortal.say(asha)
            assert await mortal.live([juma]), f"the next life does not end after step {fatal}"
        for chat in (juma, asha):
            assert mortal.page.answers(chat) == mortal.page.heard(chat), f"step {fatal}"
        assert mortal.page.blind_sends == [], f"step {fatal}"
        if survived:
            break
    assert fatal > 40, "a life has more steps"


FATES = [Fate.FINE] * 12 + [Fate.ERROR, Fate.HANG, Fate.HANG_SENT, Fate.LOST, Fate.LOST_SENT]


@pytest.mark.parametrize("seed", range(8))
async def test_many_deaths_and_faults_repeat_nothing_and_lose_nothing(
    seed: int, database: Database
) -> None:
    chance = random.Random(seed)
    mortal = Mortal(await new_shop(database))
    for _ in range(6):
        mortal.page.fates.extend(chance.choice(FATES) for _ in range(4))
        await mortal.live(chance.choices(CHATS, k=4), fatal=chance.randint(1, 90))
        for chat in chance.choices(CHATS, k=2):
            mortal.say(chat)
    mortal.page.fates.clear()
    assert await mortal.live([])

    rows = await mortal.shop.log()
    said = {row.id: row.wa_message_id for row in rows if row.direction == "IN"}
    failed = [row for row in rows if row.status == "FAILED"]
    # Two tries that the page refused, or more that it did not outlive, are all a message gets.
    assert all(row.reason == "send_failed" and row.attempts >= MAX_FAILURES for row in failed)
    unsent = {said[row.in_reply_to] for row in failed if row.in_reply_to}
    for chat in CHATS:
        expected = [message for message in mortal.page.heard(chat) if message not in unsent]
        assert mortal.page.answers(chat) == expected
    assert len(unsent) < len(said) / 4
    assert mortal.page.blind_sends == []
