"""The whole message path against a model: each message is logged once and answered once, in order,
whatever happens in whatever order.

The ledger and the catch-up are under test together, on a real database, before a page that loses
messages, events and itself. Lanes, limits and the dedup window have machines of their own.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import defaultdict

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from flowhqd.errors import BrowserError
from flowhqd.store.database import Database
from flowhqd.store.pool import open_pool
from tests.messages.page import Fate
from tests.messages.shaky import Moment, ShakyDatabase
from tests.messages.shop import PATIENCE_SECONDS, Shop, new_shop

NUMBERS = [f"25570000000{number}@c.us" for number in (1, 2, 3)]
LIDS = {number: f"11122233344455{place}@lid" for place, number in enumerate(NUMBERS)}
CHAT = st.sampled_from(NUMBERS)
# A send that fails twice is failed; all others end well sooner or later.
FATES = st.sampled_from([Fate.FINE, Fate.LOST_SENT, Fate.HANG_SENT, Fate.LOST, Fate.ERROR])


class World:
    """One database and one event loop for all runs of the machine."""

    def __init__(self, dsn: str) -> None:
        self.runner = asyncio.Runner()
        self.pool = self.runner.run(open_pool(dsn, deadline_seconds=5))

    def close(self) -> None:
        self.runner.run(self.pool.close())
        self.runner.close()


class PathAgainstAModel(RuleBasedStateMachine):
    """The model is what customers wrote in which chat; the rest is told to go wrong."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        database = Database(self.world.pool)
        self.shop: Shop = self.world.runner.run(new_shop(database))
        self.shop.path_database = self.database = ShakyDatabase(database)
        self.page = self.shop.page
        self.session: asyncio.Task[None] | None = None
        self.said: defaultdict[str, list[str]] = defaultdict(list)

    @property
    def is_open(self) -> bool:
        return self.session is not None and not self.session.done()

    def pass_turns(self, turns: int = 5) -> None:
        """Let the session work for a moment."""

        async def pass_them() -> None:
            for _ in range(turns):
                await asyncio.sleep(0.002)

        self.world.runner.run(pass_them())

    @initialize(fates=st.lists(FATES, min_size=2, max_size=6))
    def will_send_badly(self, fates: list[Fate]) -> None:
        self.page.fates.extend(fates)
        self.open(is_new_worker=True)

    @rule(person=CHAT, by_lid=st.booleans(), is_heard=st.booleans())
    def says(self, person: str, by_lid: bool, is_heard: bool) -> None:
        """A customer writes; the page may forget to tell."""
        address, other = LIDS[person], person
        if not by_lid:
            address, other = other, address
        said = self.page.says(address, other=other)
        self.said[address].append(said.id)
        self.shop.clock.advance(1)
        if self.is_open and is_heard:
            self.shop.path.put(said)
        elif self.is_open:
            self.shop.path.catch_up()
        self.pass_turns()

    @precondition(lambda self: self.said)
    @rule(data=st.data())
    def says_it_again(self, data: st.DataObject) -> None:
        """The page tells of a message a second time."""
        for message in self.page.everything(data.draw(st.sampled_from(list(self.said)))):
            if self.is_open:
                self.shop.path.put(message)
        self.pass_turns()

    @rule(is_new_worker=st.booleans())
    def open(self, is_new_worker: bool) -> None:
        """A session begins, perhaps of a daemon that knows nothing but the database."""
        self.close()
        if is_new_worker:
            self.shop.limits = self.shop.new_limits()
        self.shop.path = self.page.listener = self.shop.new_path()
        self.session = self.world.runner.get_loop().create_task(self.shop.path.run())
        # How it ended is looked at when the next one begins, if at all.
        self.session.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        self.pass_turns()

    @rule()
    def dies(self) -> None:
        """The daemon is killed wherever it is, unless its session has ended by itself."""
        self.close()

    @rule(moment=st.sampled_from(["before", "after"]))
    def loses_the_database(self, moment: Moment) -> None:
        """The next COMMIT is not heard of."""
        self.database.spoil(moment, "select true")

    @rule()
    def looks_for_gaps(self) -> None:
        if self.is_open:
            self.shop.path.catch_up()
        self.pass_turns()

    @invariant()
    def sends_nothing_twice(self) -> None:
        arrived = [sent.id for sent in self.page.arrived]
        assert len(arrived) == len(set(arrived))
        assert self.page.blind_sends == []

    def close(self) -> None:
        session, self.session = self.session, None
        self.page.listener = None
        if session is None:
            return

        async def end() -> None:
            session.cancel()
            with contextlib.suppress(asyncio.CancelledError, BrowserError):
                await session

        self.world.runner.run(end())

    async def work_to_the_end(self) -> None:
        """Sessions follow one another until there is nothing left to do."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                self.shop.path = self.page.listener = self.shop.new_path()
                session = asyncio.create_task(self.shop.path.run())
                done = asyncio.create_task(self.shop.answered(sum(map(len, self.said.values()))))
                await asyncio.wait({session, done}, return_when=asyncio.FIRST_COMPLETED)
                is_done = done.done()
                for task in (session, done):
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError, BrowserError):
                        await task
                if is_done:
                    return

    def teardown(self) -> None:
        self.close()
        self.page.fates.clear()
        self.world.runner.run(self.work_to_the_end())
        rows = self.world.runner.run(self.shop.log())
        came = {row.id: row.wa_message_id for row in rows if row.direction == "IN"}
        assert sorted(came.values()) == sorted(itertools.chain(*self.said.values()))
        failed = {
            came[row.in_reply_to] for row in rows if row.status == "FAILED" and row.in_reply_to
        }
        for chat, ids in self.said.items():
            expected = [each for each in ids if each not in failed]
            assert self.page.answers(chat) == expected, "once, and in order"
        self.sends_nothing_twice()


def test_whatever_happens_each_message_is_answered_once(
    shared_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flowhqd.messages.path.DATABASE_RETRY_SECONDS", 0.005)
    world = World(shared_dsn)
    try:
        machine = type("Machine", (PathAgainstAModel,), {"world": world})
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=12,
                stateful_step_count=20,
                deadline=None,
                # What fails takes its time to fail: the first way to it is told, not the shortest.
                phases=[Phase.reuse, Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        world.close()
