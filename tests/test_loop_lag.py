from __future__ import annotations

import asyncio
import time

from flowhqd.loop_lag import INTERVAL_SECONDS, LoopLag


async def test_what_holds_the_loop_up_is_noticed() -> None:
    heard: asyncio.Queue[float] = asyncio.Queue()
    lag = LoopLag(heard.put_nowait)
    assert lag.worst == lag.mean == 0.0
    task = asyncio.create_task(lag.run())
    await asyncio.sleep(0)
    time.sleep(INTERVAL_SECONDS + 0.3)  # noqa: ASYNC251 - on purpose
    assert await heard.get() >= 0.3
    await heard.get()
    assert lag.worst >= 0.3
    assert 0 < lag.mean < lag.worst
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
