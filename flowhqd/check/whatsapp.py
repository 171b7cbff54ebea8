"""The real page, without login: does it load, show a code to scan, and have what is needed.

A profile of its own is used and thrown away; no phone is linked and nothing is sent.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

from flowhqd.check.chromium import browser_host
from flowhqd.check.finding import Finding, failure, ok, warning
from flowhqd.errors import BridgeLost, BrowserError, StartupError
from flowhqd.settings import Settings
from flowhqd.supervisor.follower import NEEDED
from flowhqd.whatsapp.bridge import Bridge, Probe
from flowhqd.whatsapp.events import QrChanged
from flowhqd.whatsapp.phase import phase
from flowhqd.whatsapp.session import PageGone, Rung, Session

QR_SECONDS = 60.0
PROBE_SECONDS = 30.0
PROBE_EVERY_SECONDS = 0.5

PAGE_CURE = "see the checks reach and chromium; with a proxy, name it in CHROMIUM_ARGS"
BUILD_CURE = (
    "upgrade flowhqd; if there is no newer one, report it with flowhqd support-bundle and the "
    "version of WhatsApp Web above"
)


async def findings(settings: Settings) -> AsyncIterator[Finding]:
    """Each part as soon as it is known; it ends within about four minutes at worst."""
    try:
        async with browser_host(settings) as host:
            session = Session(host, "check", settings.whatsapp_web_url)
            try:
                began = time.monotonic()
                await session.open(Rung.REOPEN)
                yield ok("page", f"loaded in {time.monotonic() - began:.1f} s")
                reached = await _qr(session)
                yield await _version(session.bridge)
                yield reached
                for finding in _capabilities(await _probe(session.bridge)):
                    yield finding
            finally:
                await session.close()
    except StartupError as error:
        yield failure("page", str(error), "see the checks of Chromium above")
    except BrowserError as error:
        yield failure("page", str(error), PAGE_CURE)


async def _qr(session: Session) -> Finding:
    began = time.monotonic()
    try:
        async with asyncio.timeout(QR_SECONDS):
            while True:
                match await session.events.get():
                    case QrChanged(text=str()):
                        return ok("qr", f"a code to scan after {time.monotonic() - began:.1f} s")
                    case PageGone(why):
                        return failure("qr", f"the page went away: {why}", PAGE_CURE)
    except TimeoutError:
        pass
    try:
        state = (await session.bridge.state()).state
    except BridgeLost:
        return failure("qr", "the page is not WhatsApp Web's", PAGE_CURE)
    shown = phase(state).name.lower().replace("_", " ")
    return failure(
        "qr", f"no code to scan within {QR_SECONDS:g} s; the page is {shown}", BUILD_CURE
    )


async def _version(bridge: Bridge) -> Finding:
    version = (await bridge.state()).state.version
    if version is None:
        return warning("web_version", "WhatsApp Web does not tell its version", BUILD_CURE)
    return ok("web_version", version)


async def _probe(bridge: Bridge) -> Probe:
    """The capabilities once all are there, or as they are at the deadline: modules come late."""
    deadline = time.monotonic() + PROBE_SECONDS
    while True:
        probe = await bridge.probe()
        if all(probe.capabilities.values()) or time.monotonic() > deadline:
            return probe
        await asyncio.sleep(PROBE_EVERY_SECONDS)


def _capabilities(probe: Probe) -> list[Finding]:
    found = []
    for name, is_there in probe.capabilities.items():
        if is_there:
            found.append(ok(f"can_{name}", f"by {probe.provider}"))
        elif name in NEEDED:
            found.append(failure(f"can_{name}", "missing: no tenant can be served", BUILD_CURE))
        else:
            found.append(warning(f"can_{name}", "missing: tenants go without it", BUILD_CURE))
    return found
