"""Verbs that meet a worker in the midst of something."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from flowhqd.states import SessionState, TenantStatus, Wanted, WorkerStatus
from tests.supervisor.chromium import FakeHost, Manner
from tests.supervisor.house import BEAT_SECONDS, STALE_SECONDS, House, World

Story = Callable[[House], Coroutine[Any, Any, None]]
Play = Callable[[Story], None]
CLOSE_SECONDS = 5.0


@pytest.fixture
def play(dsn: str) -> Iterator[Play]:
    """Runs a story in a house whose phone is linked and whose worker is connected."""
    world = World(dsn)

    async def act(story: Story) -> None:
        house = House(world, FakeHost(world.clock, is_linked=True))
        await house.open()
        try:
            await house.supervisor.start(house.tenant_id, actor="admin")
            await house.settle()
            assert house.derived == "CONNECTED"
            await story(house)
        finally:
            assert not await house.close()

    yield lambda story: world.runner.run(act(story))
    world.close()


def test_a_start_is_not_lost_on_a_worker_that_only_closes_its_page(play: Play) -> None:
    """Regression: a click while the page of a logged out worker closed did nothing."""

    async def story(house: House) -> None:
        house.host.close_seconds = CLOSE_SECONDS
        house.host.log_out()
        await house.settle()
        assert (await house.tenant()).wanted is Wanted.STOPPED
        again = asyncio.create_task(house.supervisor.start(house.tenant_id, actor="admin"))
        await house.settle()
        await house.wait(CLOSE_SECONDS)
        await again
        await house.settle()
        tenant = await house.tenant()
        assert tenant.wanted is Wanted.RUNNING
        assert (tenant.worker.status, tenant.session.state) == (
            WorkerStatus.RUNNING,
            SessionState.QR_READY,
        )
        assert house.host.overlaps == 0

    play(story)


def test_a_worker_that_rests_says_so_while_its_page_closes(play: Play) -> None:
    """Regression: it was STARTING, and remained so on a page that heard of no further change."""

    async def story(house: House) -> None:
        house.host.close_seconds = CLOSE_SECONDS
        house.host.log_out()
        await house.settle()
        assert len(house.host.left) == 1
        assert house.derived == "RESTING"
        await house.wait(CLOSE_SECONDS)
        assert not house.host.left
        assert house.derived is None

    play(story)


def test_a_stop_lets_a_worker_that_rests_close_its_page(play: Play) -> None:
    """Regression: the page stayed open, with nobody who knew of it."""

    async def story(house: House) -> None:
        house.host.close_seconds = CLOSE_SECONDS
        house.host.log_out()
        await house.settle()
        stop = asyncio.create_task(house.supervisor.stop(house.tenant_id, actor="admin"))
        await house.settle()
        await house.wait(CLOSE_SECONDS)
        await stop
        assert not house.host.left
        assert (await house.tenant()).worker.status is WorkerStatus.STOPPED

    play(story)


def test_a_stop_closes_the_page_that_was_about_to_be_replaced(play: Play) -> None:
    """Regression: a page whose closing was cancelled was forgotten, open."""

    async def story(house: House) -> None:
        assert house.host.window is not None
        house.host.window.end("crashed")
        await house.settle()
        house.host.close_seconds = CLOSE_SECONDS
        await house.wait(CLOSE_SECONDS)
        assert house.derived == "RECONNECTING"
        assert len(house.host.left) == 1
        stop = asyncio.create_task(house.supervisor.stop(house.tenant_id, actor="admin"))
        await house.settle()
        await house.wait(CLOSE_SECONDS)
        await stop
        assert not house.host.left

    play(story)


def test_a_pause_in_the_moment_of_becoming_ready_holds(play: Play) -> None:
    """Regression: what the session's event wrote had been decided before the pause."""

    async def story(house: House) -> None:
        for _ in range(5):
            house.host.go(online=False)
            await house.settle()
            house.host.go(online=True)
            await house.supervisor.pause(house.tenant_id, actor="admin")
            await house.settle()
            tenant = await house.tenant()
            assert tenant.session.state is SessionState.CONNECTED
            assert tenant.status is TenantStatus.PAUSED
            await house.supervisor.resume(house.tenant_id, actor="admin")
            assert (await house.tenant()).status is TenantStatus.ACTIVE

    play(story)


def test_a_tenant_is_not_stale_while_a_verb_is_between_two_workers(play: Play) -> None:
    """Regression: a login that took long to be ended raised an alarm."""

    async def story(house: House) -> None:
        house.host.go(online=False)
        await house.settle()
        house.host.manner = Manner.SILENT
        verb = asyncio.create_task(
            house.supervisor.force_restart(house.tenant_id, actor="admin", forget_login=True)
        )
        for _ in range(STALE_SECONDS // BEAT_SECONDS + 2):
            await house.wait(BEAT_SECONDS)
        await verb
        assert not any(change["reason"] == "stale" for change in await house.changes())

    play(story)
