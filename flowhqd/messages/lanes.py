"""One queue per contact: order within a chat, independence between chats."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from uuid import UUID


class _Lane:
    __slots__ = ("before", "items", "told_to_wait")

    def __init__(self) -> None:
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
        # Also those whose lane was merged into another meanwhile.
        self._handled_now: set[UUID] = set()

    @property
    def chats(self) -> int:
        """How many contacts have work."""
        return len(self._lanes)

    @property
    def total(self) -> int:
        """How many messages wait or are being handled."""
        return len(self._handled_now) + sum(len(lane.items) for lane in self._lanes.values())

    def waiting(self, contact_id: UUID) -> int:
        """How many of a contact's messages wait behind the one being handled."""
        lane = self._lanes.get(contact_id)
        return len(lane.items) if lane else 0

    def is_full(self, contact_id: UUID) -> bool:
        """Whether a live message of this contact finds no place."""
        return self.waiting(contact_id) >= self._max_size

    def holds(self, message_id: UUID) -> bool:
        """Whether a message waits or is being handled."""
        return message_id in self._handled_now or any(
            message_id in lane.items for lane in self._lanes.values()
        )

    def first_to_wait(self, contact_id: UUID) -> bool:
        """Whether this crowd has not been asked to wait yet; asked once, it has."""
        lane = self._lanes.get(contact_id)
        if lane is None or lane.told_to_wait:
            return False
        lane.told_to_wait = True
        return True

    def put(self, contact_id: UUID, message_id: UUID) -> None:
        """Add work at the end of a contact's lane, whatever its length."""
        lane = self._lanes.get(contact_id)
        if lane is None:
            lane = self._open(contact_id)
        lane.items.append(message_id)

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

    def _open(self, contact_id: UUID) -> _Lane:
        lane = self._lanes[contact_id] = _Lane()
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
            self._handled_now.add(message_id)
            await self._handle(message_id, lambda: not lane.items)
            self._handled_now.remove(message_id)
        if self._lanes.get(contact_id) is lane:
            del self._lanes[contact_id]
            del self._running[contact_id]
