"""Telling systemd how the service is (sd_notify(3)): nothing happens when it does not listen."""

from __future__ import annotations

import asyncio
import os
import socket


def notify(message: str) -> None:
    """Send ``message``, such as "READY=1", to $NOTIFY_SOCKET."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        channel.connect(address)
        channel.sendall(message.encode())


async def watchdog() -> None:
    """Show until cancelled that the event loop turns, twice per $WATCHDOG_USEC.

    The database is no part of it: restarting the daemon does not bring it back.
    """
    interval = int(os.environ.get("WATCHDOG_USEC", "0")) / 2_000_000
    while interval:
        notify("WATCHDOG=1")
        await asyncio.sleep(interval)
