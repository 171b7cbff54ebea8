"""The daemon, if one runs, and the port it serves or would serve."""

from __future__ import annotations

import errno
import os
import socket

from flowhqd.check.finding import Finding, failure, ok, warning
from flowhqd.check.holder import ask
from flowhqd.settings import Settings, local_url

PORT_CURE = "stop the program that listens there (ss -ltnp shows it), or set another PORT"


async def findings(settings: Settings, pid: int | None) -> list[Finding]:
    """``pid`` is the process that holds STATE_PATH."""
    if pid is None:
        return [ok("daemon", f"not running on {settings.state_path}"), _port(settings)]
    url = local_url(settings)
    if url is None:
        return [
            warning("daemon", f"process {pid} runs; with PORT=0 it cannot be asked", "set PORT")
        ]
    readiness = await ask(url)
    if readiness is None:
        return [
            failure(
                "daemon",
                f"process {pid} runs, but flowhqd does not answer at {url}",
                "if it has just been started, wait; else see its log (journalctl -u flowhqd), and "
                "that HOST and PORT here are the daemon's",
            )
        ]
    if not readiness.is_ready:
        missing = ", ".join(part for part, well in readiness.parts.items() if not well)
        return [
            failure(
                "daemon",
                f"process {pid} runs, but is not ready: {missing}",
                "see its log (journalctl -u flowhqd)",
            )
        ]
    return [ok("daemon", f"process {pid} runs and is ready"), ok("port", f"{url} is the daemon's")]


def _port(settings: Settings) -> Finding:
    where = f"{settings.host}:{settings.port}"
    try:
        found = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        for family, kind, protocol, _, address in found:
            with socket.socket(family, kind, protocol) as server:
                # As the daemon's server does: ends of old connections do not hold the port.
                server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                server.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return failure("port", f"{where} is in use by another program", PORT_CURE)
        if error.errno == errno.EACCES:
            return failure(
                "port", f"this user may not listen on {where}", "set a PORT of 1024 or more"
            )
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        return failure("port", f"{where} cannot be used: {reason}", "set HOST to an own address")
    return ok("port", f"{where} is free")
