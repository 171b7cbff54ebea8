"""The HTTP server's socket, from entering a context to leaving it."""

from __future__ import annotations

import errno
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import IPv6Address, ip_address
from typing import Any

from aiohttp import web

from flowhqd.errors import StartupError
from flowhqd.log import AccessLogger

SHUTDOWN_SECONDS = 5.0
"""How long requests may take to end when the daemon stops."""
MAX_LINE = 65_536
"""Bytes of a request's first line, and of each header; a longer one is not answered in words."""

_PROBLEMS = {
    errno.EADDRINUSE: "PORT: {where} is in use by another program; stop it or set another PORT",
    errno.EACCES: "PORT: this user may not listen on {where}; ports below 1024 need root",
    errno.EADDRNOTAVAIL: "HOST: {where} is not an address of this machine",
}


@asynccontextmanager
async def serve(app: web.Application, host: str, port: int) -> AsyncIterator[str]:
    """Serve ``app`` until the block is left; the value is the URL under which it is reached.

    Port 0 takes any free port. Raises StartupError when the address cannot be had. On leaving,
    requests under way are given ``SHUTDOWN_SECONDS`` to end.
    """
    runner = web.AppRunner(
        app,
        handle_signals=False,
        access_log_class=AccessLogger,
        shutdown_timeout=SHUTDOWN_SECONDS,
        # Compressed bodies are refused: a small one can hold gigabytes.
        auto_decompress=False,
        # Too long a search is refused in words by the page that it is for.
        max_line_size=MAX_LINE,
    )
    await runner.setup()
    try:
        await _listen(runner, host, port)
        yield _url(runner.addresses[0])
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        where, number = f"{host}:{port}", error.errno or 0
        text = _PROBLEMS.get(number, "HOST: cannot listen on {where}: {reason}")
        reason = os.strerror(number) if number > 0 else str(error)
        raise StartupError(text.format(where=where, reason=reason)) from error


def _url(address: Any) -> str:
    """The URL of a bound socket; a wildcard address is reached over loopback."""
    host, port = address[:2]
    ip = ip_address(host.partition("%")[0])
    if ip.is_unspecified:
        host = "::1" if isinstance(ip, IPv6Address) else "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
