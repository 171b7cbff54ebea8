"""WhatsApp Web as this host sees it, and the host's clock by the date of that same answer."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import aiohttp

from flowhqd.check.finding import Finding, failure, ok, warning
from flowhqd.settings import Settings

REACH_SECONDS = 15.0
SLOW_SECONDS = 3.0

SKEW_WARNING_SECONDS = 10.0
SKEW_FAILURE_SECONDS = 300.0
"""Certificates and WhatsApp's own time checks begin to fail at some minutes."""
CLOCK_CURE = "let the host keep time: timedatectl set-ntp true"


@dataclass(frozen=True, slots=True)
class Answer:
    """``skew_seconds`` is how far our clock is ahead, to about a second; None without a Date."""

    status: int
    seconds: float
    skew_seconds: float | None


async def findings(settings: Settings) -> list[Finding]:
    url = settings.whatsapp_web_url
    address = urlsplit(url)
    host, port = address.hostname or "", address.port or (443 if address.scheme == "https" else 80)
    try:
        answer = await _get(url)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        detail, cure = _explained(error, url, host, port)
        proxied = [each for each in settings.chromium_args if each.startswith("--proxy-")]
        if proxied:
            # This request does not go where Chromium's do.
            cure = "CHROMIUM_ARGS names a proxy: see with flowhqd check --whatsapp"
        return [
            (warning if proxied else failure)("reach", detail, cure),
            warning("clock", "not compared: there was no answer", "see reach"),
        ]
    return [_reached(answer, url), _clock(answer.skew_seconds)]


async def _get(url: str) -> Answer:
    began = time.monotonic()
    timeout = aiohttp.ClientTimeout(total=REACH_SECONDS)
    # A proxy of the environment is Chromium's, too.
    async with (
        aiohttp.ClientSession(timeout=timeout, trust_env=True) as http,
        http.get(url) as response,
    ):
        skew = _skew(response.headers.get("Date"))
        return Answer(response.status, time.monotonic() - began, skew)


def _skew(date: str | None) -> float | None:
    try:
        then = parsedate_to_datetime(date or "")
    except ValueError:
        return None
    # The header is cut to whole seconds: on average the answer was half a second younger.
    return (datetime.now(UTC) - then.astimezone(UTC)).total_seconds() - 0.5


def _reached(answer: Answer, url: str) -> Finding:
    detail = f"{url} answered {answer.status} in {answer.seconds:.1f} s"
    if answer.status >= 400:
        return warning(
            "reach",
            detail,
            "see with flowhqd check --whatsapp whether Chromium gets the page; a proxy or "
            "firewall may answer in its place",
        )
    if answer.seconds > SLOW_SECONDS:
        return warning("reach", detail, "look for a slow line, name server or proxy")
    return ok("reach", detail)


def _clock(skew: float | None) -> Finding:
    if skew is None:
        return warning("clock", "not compared: the answer had no date", "see timedatectl")
    detail = f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} WhatsApp Web's"
    if abs(skew) > SKEW_FAILURE_SECONDS:
        return failure("clock", detail, CLOCK_CURE)
    if abs(skew) > SKEW_WARNING_SECONDS:
        return warning("clock", detail, CLOCK_CURE)
    return ok("clock", f"within {SKEW_WARNING_SECONDS:g} s of WhatsApp Web's")


def _explained(error: Exception, url: str, host: str, port: int) -> tuple[str, str]:
    """What went wrong and the cure."""
    let_pass = f"let a firewall pass connections to {host}, port {port}"
    match error:
        case aiohttp.ClientConnectorDNSError():
            return f"the name {host} is not found", "see the name servers in /etc/resolv.conf"
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return (
                f"no TLS with {host}: {getattr(error, 'certificate_error', error)}",
                "see the clock, the package ca-certificates, and that no proxy breaks TLS open",
            )
        case TimeoutError():
            return (
                f"{url} did not answer within {REACH_SECONDS:g} s",
                let_pass,
            )
        case aiohttp.ClientConnectorError():
            return (
                f"no connection to {host}: {_plain(error.os_error)}",
                f"{let_pass}; without a direct line set HTTPS_PROXY",
            )
        case _:
            return (
                f"{url} gave no usable answer: {str(error) or type(error).__name__}",
                "see WHATSAPP_WEB_URL, and whether a proxy answers in its place",
            )


def _plain(error: OSError) -> str:
    # asyncio puts the address into the text; after several addresses there is no number.
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
