"""What changed is told to those who watch: put together, to whom it concerns, without waiting."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from flowhqd.changes import Changes, Topic

ONE, OTHER = uuid4(), uuid4()


async def test_a_watcher_of_one_tenant_hears_of_no_other() -> None:
    changes = Changes(interval=0)
    with changes.watch(ONE) as one, changes.watch() as everybody:
        changes.publish(OTHER, Topic.STATES)
        changes.publish(ONE, Topic.MESSAGES)
        changes.publish(None, Topic.REQUESTS)
        assert await one.next() == {ONE: {Topic.MESSAGES}}
        assert await everybody.next() == {
            OTHER: {Topic.STATES},
            ONE: {Topic.MESSAGES},
            None: {Topic.REQUESTS},
        }


async def test_what_happens_in_between_is_one_report() -> None:
    changes = Changes(interval=0.2)
    loop = asyncio.get_running_loop()
    with changes.watch(ONE) as watcher:
        changes.publish(ONE, Topic.STATES)
        started = loop.time()
        await watcher.next()
        for _ in range(10_000):
            changes.publish(ONE, Topic.MESSAGES)
            changes.publish(ONE, Topic.STATES)
        assert await watcher.next() == {ONE: {Topic.MESSAGES, Topic.STATES}}
        assert loop.time() - started >= 0.2


async def test_a_watcher_whose_wait_ends_loses_nothing() -> None:
    changes = Changes(interval=10)
    with changes.watch() as watcher:
        changes.publish(ONE, Topic.STATES)
        await watcher.next()
        changes.publish(ONE, Topic.CONFIG)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(watcher.next(), 0.05)
        changes.close()
        assert await watcher.next() == {}
        assert watcher.is_closed


async def test_nobody_watches_what_is_closed() -> None:
    changes = Changes()
    changes.close()
    with changes.watch() as watcher:
        changes.publish(ONE, Topic.STATES)
        assert await watcher.next() == {}
