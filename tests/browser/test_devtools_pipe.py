"""The DevTools pipe, with a shell on descriptors 3 and 4 in Chromium's place."""

from __future__ import annotations

import os

import pytest

from flowhqd.accounts import unprivileged
from flowhqd.browser.child import Child
from flowhqd.browser.pipe import Pipe, with_pipe


async def opened(script: str, *, limit: int = 1000) -> tuple[Child, Pipe]:
    child = Child(
        with_pipe(["/bin/sh", "-c", script]),
        account=unprivileged(),
        environment=dict(os.environ),
        pipes=True,
    )
    return child, await Pipe.open(child, limit=limit)


@pytest.mark.asyncio(loop_factories=["uvloop", "asyncio"])
async def test_messages_go_both_ways_until_the_end() -> None:
    child, pipe = await opened("head -c 10 <&3 >&4; echo last words >&2; exit 7")
    async with pipe:
        await pipe.send("héllo")
        await pipe.send("two")
        assert await pipe.recv() == "héllo".encode()
        with pytest.raises(ConnectionResetError):
            await pipe.recv()
        assert await child.wait(5) == 7
        assert child.stderr == "last words"
        await pipe.send("into the void")


async def test_child_runs_unprivileged_in_its_own_session() -> None:
    child, pipe = await opened(r'printf "$(id -u) $(ps -o sid= -p $$)\0" >&4')
    async with pipe:
        uid, session = (await pipe.recv()).split()
        assert int(uid) == unprivileged().uid
        assert int(session) == child.pid
    await child.wait(5)


async def test_message_that_is_too_large_is_dropped_alone() -> None:
    child, pipe = await opened(
        r"""exec >&4
        for size in 5 5000 100000 6; do head -c $size /dev/zero | tr '\0' x; printf '\0'; done
        printf 'done\0'"""
    )
    async with pipe:
        assert [await pipe.recv() for _ in range(3)] == [b"xxxxx", b"xxxxxx", b"done"]
    await child.wait(5)
