"""Tells an address of the operator's when a tenant needs a person."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import aiohttp
import orjson
from tenacity import (
    AsyncRetrying,
    RetryError,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from flowhqd.log import get_logger
from flowhqd.reasons import action

if TYPE_CHECKING:
    from pydantic import SecretStr

log = get_logger(__name__)

WAITING = 1_000
RECENT = 50
ATTEMPTS = 5
POST_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Alert:
    """One tenant's error, as it is posted."""

    tenant_id: UUID
    reason: str
    detail: str
    action: str
    at: datetime


class Alerts:
    """POSTs alerts as JSON, in order, each a few times; one that does not arrive is logged.

    Without an address they are only kept for who looks: ``recent`` has the last ones.
    """

    def __init__(self, url: SecretStr | None) -> None:
        self._url = None if url is None else url.get_secret_value()
        self._waiting: asyncio.Queue[Alert] = asyncio.Queue(WAITING)
        self.recent: deque[Alert] = deque(maxlen=RECENT)

    def tell(self, tenant_id: UUID, reason: str, detail: str, at: datetime) -> None:
        """Send an alert soon; never waits."""
        alert = Alert(tenant_id, reason, detail, action(reason), at)
        self.recent.append(alert)
        if self._url is None:
            return
        try:
            self._waiting.put_nowait(alert)
        except asyncio.QueueFull:
            log.error("alert_dropped", tenant_id=str(alert.tenant_id), reason=alert.reason)

    async def run(self) -> None:
        """Send until cancelled."""
        timeout = aiohttp.ClientTimeout(total=POST_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as client:
            while True:
                alert = await self._waiting.get()
                try:
                    await self._post(client, alert)
                except RetryError as error:
                    # The address may hold a token: only the kind of the failure is told.
                    cause = type(error.last_attempt.exception()).__name__
                    log.error("alert_failed", tenant_id=str(alert.tenant_id), error=cause)

    async def _post(self, client: aiohttp.ClientSession, alert: Alert) -> None:
        assert self._url is not None  # noqa: S101 - nothing is queued without an address
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type((aiohttp.ClientError, TimeoutError)),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_random_exponential(multiplier=1, max=60),
        ):
            with attempt:
                async with client.post(
                    self._url,
                    data=orjson.dumps({**asdict(alert), "tenant_id": str(alert.tenant_id)}),
                    headers={"Content-Type": "application/json"},
                ) as response:
                    response.raise_for_status()
