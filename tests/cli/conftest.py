"""The command as a shell runs it."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from typing import Any

import orjson

from tests.system.conftest import make_daemon, simulator

__all__ = ["make_daemon", "simulator"]

SECONDS = 60.0


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return orjson.loads(self.out)

    @property
    def problem(self) -> str:
        """The one line that says what is wrong."""
        assert self.out == ""
        [line] = self.err.splitlines()
        assert line.startswith("flowhqd: ")
        return line


async def flowhqd(*arguments: str | bytes, **environment: str) -> Ended:
    """Run ``flowhqd`` with these arguments, and only this environment."""
    return await flowhqd_fed(b"", *arguments, **environment)


async def flowhqd_fed(stdin: bytes, *arguments: str | bytes, **environment: str) -> Ended:
    """The same, with something to read."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "flowhqd", *arguments,
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **environment},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        out, err = await asyncio.wait_for(process.communicate(stdin), SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    assert b"Traceback" not in err, err.decode()
    return Ended(process.returncode, out.decode(), err.decode())
