from __future__ import annotations

import asyncio
from collections.abc import Coroutine

from flowhqd.supervisor.start_gate import HOLD_SECONDS, WAIT_SECONDS, StartGate
from tests.clock import SkippingLoop


def run(work: Coroutine[None, None, None]) -> None:
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        runner.run(work)


async def skip(seconds: float) -> None:
    """Let time pass at once, with everything that is due by then."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SkippingLoop)
    loop.skipped += seconds
    for _ in range(10):
        await asyncio.sleep(0)


def nothing() -> None:
    """A worker that waits in silence."""


def test_two_start_at_a_time_in_the_order_they_came() -> None:
    async def work() -> None:
        gate = StartGate(2)
        started: list[int] = []

        async def start(number: int) -> None:
            turn = await gate.turn(by_hand=False, waiting=nothing)
            started.append(number)
            await up[number].wait()
            turn.release()
            turn.release()

        up = [asyncio.Event() for _ in range(5)]
        async with asyncio.TaskGroup() as tasks:
            for number in range(5):
                tasks.create_task(start(number))
            await skip(0)
            assert started == [0, 1]
            up[1].set()
            await skip(0)
            assert started == [0, 1, 2], "given back twice counts once"
            for event in up:
                event.set()
        assert started == [0, 1, 2, 3, 4]

    run(work())


def test_one_started_by_hand_does_not_queue() -> None:
    async def work() -> None:
        gate = StartGate(1)
        await gate.turn(by_hand=False, waiting=nothing)
        first = await gate.turn(by_hand=True, waiting=nothing)
        first.release()
        waiting = asyncio.create_task(gate.turn(by_hand=False, waiting=nothing))
        await skip(0)
        assert not waiting.done(), "it has no turn that it could give back"
        waiting.cancel()

    run(work())


def test_a_page_that_hangs_lets_the_next_one_try() -> None:
    async def work() -> None:
        gate = StartGate(1)
        hung = await gate.turn(by_hand=False, waiting=nothing)
        calls: list[None] = []
        waiting = asyncio.create_task(gate.turn(by_hand=False, waiting=lambda: calls.append(None)))
        await skip(0)
        assert len(calls) == 1
        await skip(WAIT_SECONDS)
        assert len(calls) == 2, "it says that it still waits"
        assert not waiting.done()
        await skip(HOLD_SECONDS - WAIT_SECONDS)
        turn = await waiting

        hung.release()
        third = asyncio.create_task(gate.turn(by_hand=False, waiting=nothing))
        await skip(0)
        assert not third.done(), "a turn that time gave back is not given back again"
        turn.release()
        (await third).release()

    run(work())


def test_one_who_stops_waiting_takes_no_turn() -> None:
    async def work() -> None:
        gate = StartGate(1)
        turn = await gate.turn(by_hand=False, waiting=nothing)
        waiting = asyncio.create_task(gate.turn(by_hand=False, waiting=nothing))
        await skip(0)
        turn.release()
        waiting.cancel()
        await skip(0)
        assert waiting.cancelled()
        (await gate.turn(by_hand=False, waiting=nothing)).release()

    run(work())
