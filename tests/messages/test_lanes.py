from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from flowhqd.errors import BrowserLost
from flowhqd.messages.lanes import Lanes

CONTACTS = [UUID(int=number) for number in range(4)]
PLACE = st.integers(0, len(CONTACTS) - 1)
# More turns of the loop than a chain of merged lanes needs to go on.
TURNS = 100


class Desk:
    """Handles each message until told that it is done."""

    def __init__(self) -> None:
        self.started: list[UUID] = []
        self.said_last: list[bool] = []
        self.running: dict[UUID, asyncio.Event] = {}

    async def handle(self, message_id: UUID, is_last: Callable[[], bool]) -> None:
        self.started.append(message_id)
        done = self.running[message_id] = asyncio.Event()
        await done.wait()
        self.said_last.append(is_last())
        del self.running[message_id]

    def finish(self, message_id: UUID) -> None:
        self.running[message_id].set()


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


class Office:
    """Lanes with a desk, in a task of their own."""

    def __init__(self, max_size: int = 3) -> None:
        self.desk = Desk()
        self._closing = asyncio.Event()
        self._opened: asyncio.Future[Lanes] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._run(max_size))

    async def _run(self, max_size: int) -> None:
        async with asyncio.TaskGroup() as tasks:
            self._opened.set_result(Lanes(tasks, self.desk.handle, max_size))
            await self._closing.wait()

    async def lanes(self) -> Lanes:
        return await self._opened

    async def drain(self) -> None:
        """Do all work that is left; fails when some of it is never begun."""
        lanes = await self.lanes()
        await settle()
        while self.desk.running:
            for message_id in list(self.desk.running):
                self.desk.finish(message_id)
            await settle()
        assert (lanes.chats, lanes.total) == (0, 0)

    async def close(self) -> None:
        """Do all work that is left, and end."""
        await self.drain()
        self._closing.set()
        await self._task


async def open_office(max_size: int = 3) -> tuple[Office, Lanes]:
    office = Office(max_size)
    return office, await office.lanes()


class LanesAgainstAModel(RuleBasedStateMachine):
    """Per contact a list of what waits, and a set of what is being handled.

    A contact that became part of another does not come back; a new one takes its place.
    """

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.office, self.lanes = self.runner.run(open_office())
        self.desk = self.office.desk
        self.contacts = list(CONTACTS)
        self.waiting: dict[UUID, list[UUID]] = defaultdict(list)
        self.handled: dict[UUID, set[UUID]] = defaultdict(set)
        self.seen = 0
        self.added = 0

    def look(self) -> None:
        """Let the lanes work, and follow in the model what they began."""
        self.runner.run(settle())
        for message_id in self.desk.started[self.seen :]:
            owner = next(owner for owner, ids in self.waiting.items() if message_id in ids)
            assert self.waiting[owner][0] == message_id, "not in order"
            assert not self.handled[owner], "two messages of one contact at once"
            self.waiting[owner].pop(0)
            self.handled[owner].add(message_id)
        self.seen = len(self.desk.started)

    @property
    def begun(self) -> list[UUID]:
        return self.desk.started[: self.seen]

    @rule(place=PLACE)
    def put(self, place: int) -> None:
        contact, message_id = self.contacts[place], uuid4()
        assert not self.lanes.holds(message_id)
        self.waiting[contact].append(message_id)
        self.lanes.put(contact, message_id)
        self.added += 1
        assert self.lanes.holds(message_id)
        self.look()

    @precondition(lambda self: self.desk.running)
    @rule(place=st.integers(0, 100))
    def finish(self, place: int) -> None:
        running = list(self.desk.running)
        message_id = running[place % len(running)]
        for handled in self.handled.values():
            handled.discard(message_id)
        self.desk.finish(message_id)
        self.look()

    @rule(place=PLACE, other=PLACE)
    def merge(self, place: int, other: int) -> None:
        keep, gone = self.contacts[place], self.contacts[other]
        if keep == gone:
            return
        self.contacts[other] = uuid4()
        self.waiting[keep] += self.waiting.pop(gone, [])
        self.handled[keep] |= self.handled.pop(gone, set())
        self.lanes.merge(keep, gone)
        self.look()

    @invariant()
    def shows_what_there_is(self) -> None:
        waiting = {owner: len(ids) for owner, ids in self.waiting.items() if ids}
        handled = set().union(*self.handled.values())
        assert self.lanes.total == sum(waiting.values()) + len(handled)
        assert self.lanes.chats == len(
            waiting.keys() | {owner for owner, ids in self.handled.items() if ids}
        )
        for whose in (self.waiting, self.handled):
            for owner, ids in whose.items():
                assert all(self.lanes.owner(message_id) == owner for message_id in ids)
        assert all(
            self.lanes.holds(message_id) is (message_id in handled) for message_id in self.begun
        )
        for contact in self.contacts:
            assert self.lanes.waiting(contact) == waiting.get(contact, 0)
            assert self.lanes.is_full(contact) is (waiting.get(contact, 0) >= 3)
        stuck = [owner for owner in waiting if not self.handled[owner]]
        assert not stuck, "work waits and nobody does it"

    def teardown(self) -> None:
        try:
            self.runner.run(self.office.close())
            assert len(self.desk.started) == len(set(self.desk.started)) == self.added
        finally:
            self.runner.close()


TestLanes = LanesAgainstAModel.TestCase
TestLanes.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


async def test_a_contact_merged_while_an_earlier_one_finishes_is_waited_for_as_well() -> None:
    office, lanes = await open_office()
    desk = office.desk
    first, second, third, last = (uuid4() for _ in range(4))
    keep, gone, gone_later, _ = CONTACTS
    lanes.put(gone, first)
    lanes.put(gone_later, second)
    await settle()
    lanes.merge(keep, gone)
    lanes.put(keep, last)
    await settle()

    lanes.merge(keep, gone_later)
    desk.finish(first)
    await settle()
    assert list(desk.running) == [second]

    lanes.put(keep, third)
    desk.finish(second)
    await settle()
    assert list(desk.running) == [last]
    await office.close()
    assert desk.started == [first, second, last, third]


async def test_the_last_of_a_lane_is_called_so() -> None:
    office, lanes = await open_office()
    contact = CONTACTS[0]
    lanes.put(contact, uuid4())
    await settle()
    lanes.put(contact, uuid4())
    await office.close()
    assert office.desk.said_last == [False, True], "what came meanwhile counts"


async def test_a_crowd_knows_that_it_was_asked_to_wait() -> None:
    office, lanes = await open_office(max_size=1)
    contact, other = CONTACTS[:2]
    lanes.put(contact, uuid4())
    await settle()
    assert not lanes.is_full(contact), "the one being handled takes no place"
    lanes.put(contact, uuid4())
    assert lanes.is_full(contact)
    assert not lanes.was_told_to_wait(contact)
    lanes.put_request_to_wait(contact, uuid4())
    assert lanes.was_told_to_wait(contact)

    lanes.put(other, uuid4())
    assert not lanes.was_told_to_wait(other)
    lanes.merge(other, contact)
    assert lanes.was_told_to_wait(other), "the crowd that moved here was asked"
    await office.drain()
    lanes.put(other, uuid4())
    assert not lanes.was_told_to_wait(other), "this is another crowd"
    await office.close()


async def test_what_a_handler_raises_ends_every_lane() -> None:
    handled: list[UUID] = []

    async def handle(message_id: UUID, is_last: Callable[[], bool]) -> None:
        handled.append(message_id)
        if is_last():
            raise BrowserLost("the browser is gone")
        await asyncio.Event().wait()

    async def work() -> None:
        async with asyncio.TaskGroup() as tasks:
            lanes = Lanes(tasks, handle, 3)
            for contact in (CONTACTS[0], CONTACTS[0], CONTACTS[1]):
                lanes.put(contact, uuid4())

    with pytest.raises(ExceptionGroup) as caught:
        await work()
    assert [type(error) for error in caught.value.exceptions] == [BrowserLost]
    assert len(handled) == 2
