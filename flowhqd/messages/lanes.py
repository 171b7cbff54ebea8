"""One queue per contact: order within a chat, independence between chats."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from uuid import UUID


class _Lane:
    __slots__ = ("before", "contact_id", "items", "told_to_wait")

    def __init__(self, contact_id: UUID) -> None:
        self.contact_id = contact_id
        self.items: deque[UUID] = deque()
        # Lanes that were merged into this one and still handle their last message.
        self.before: set[asyncio.Task[None]] = set()
        self.told_to_wait = False


class Lanes:
    """Row ids of the log, handled one at a time per contact.

    A lane lives only while it has work. ``handle`` is given a message and a question: whether
    nothing waits behind it by now. It must not raise for a single message's sake: what it raises
    ends the task group, and with it every lane.
    """

    def __init__(
        self,
        tasks: asyncio.TaskGroup,
        handle: Callable[[UUID, Callable[[], bool]], Awaitable[None]],
        max_size: int,
    ) -> None:
        self._tasks = tasks
        self._handle = handle
        self._max_size = max_size
        self._lanes: dict[UUID, _Lane] = {}
        self._running: dict[UUID, asyncio.Task[None]] = {}
        # Where each message waits or is handled; merged lanes' messages are the merged lane's.
        self._places: dict[UUID, _Lane] = {}

    @property
    def chats(self) -> int:
        """How many contacts have work."""
        return len(self._lanes)

    @property
    def total(self) -> int:
        """How many messages wait or are being handled."""
        return len(self._places)

    def waiting(self, contact_id: UUID) -> int:
        """How many of a contact's messages wait behind the one being handled."""
        lane = self._lanes.get(contact_id)
        return len(lane.items) if lane else 0

    def is_full(self, contact_id: UUID) -> bool:
        """Whether a live message of this contact finds no place."""
        return self.waiting(contact_id) >= self._max_size

    def holds(self, message_id: UUID) -> bool:
        """Whether a message waits or is being handled."""
        return message_id in self._places

    def owner(self, message_id: UUID) -> UUID | None:
        """The contact in whose lane a message waits or is being handled."""
        lane = self._places.get(message_id)
        return None if lane is None else lane.contact_id

    def was_told_to_wait(self, contact_id: UUID) -> bool:
        """Whether this contact's crowd has been asked to wait."""
        lane = self._lanes.get(contact_id)
        return lane is not None and lane.told_to_wait

    def put_request_to_wait(self, contact_id: UUID, message_id: UUID) -> None:
        """Add the one request to wait that this contact's crowd gets."""
        self.put(contact_id, message_id)
        self._lanes[contact_id].told_to_wait = True

    def put(self, contact_id: UUID, message_id: UUID) -> None:
        """Add work at the end of a contact's lane, whatever its length."""
        lane = self._lanes.get(contact_id)
        if lane is None:
            lane = self._open(contact_id)
        lane.items.append(message_id)
        self._places[message_id] = lane

    def merge(self, keep: UUID, gone: UUID) -> None:
        """Two contacts turned out to be one: the later one's work follows, never beside."""
        lane = self._lanes.pop(gone, None)
        if lane is None:
            return
        kept = self._lanes.get(keep) or self._open(keep)
        kept.before.add(self._running.pop(gone))
        kept.items.extend(lane.items)
        kept.told_to_wait |= lane.told_to_wait
        lane.items.clear()
        for message_id, place in self._places.items():
            if place is lane:
                self._places[message_id] = kept

    def _open(self, contact_id: UUID) -> _Lane:
        lane = self._lanes[contact_id] = _Lane(contact_id)
        self._running[contact_id] = self._tasks.create_task(
            self._run(contact_id, lane), name=f"lane:{contact_id}"
        )
        return lane

    async def _run(self, contact_id: UUID, lane: _Lane) -> None:
        while lane.items or lane.before:
            if lane.before:
                # One more may be merged meanwhile: it is waited for in the next round.
                lane.before -= (await asyncio.wait(lane.before))[0]
                continue
            message_id = lane.items.popleft()
            await self._handle(message_id, lambda: not lane.items)
            del self._places[message_id]
        if self._lanes.get(contact_id) is lane:
            del self._lanes[contact_id]
            del self._running[contact_id]
