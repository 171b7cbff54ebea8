"""What every worker shares, and what each makes of it for itself."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from flowhqd.changes import Topic
from flowhqd.messages.bounds import Bounds
from flowhqd.messages.context import Limits, PathContext, PathOptions
from flowhqd.messages.dedup import DedupWindow
from flowhqd.messages.loop_breaker import LoopBreaker
from flowhqd.messages.path import MessagePath
from flowhqd.messages.rate_limit import RateLimit
from flowhqd.messages.sender import ACK_SECONDS
from flowhqd.supervisor.reconnect import Reconnect

if TYPE_CHECKING:
    from flowhqd.browser.host import BrowserHost
    from flowhqd.changes import Changes
    from flowhqd.clock import Clock
    from flowhqd.settings import Settings
    from flowhqd.store.database import Database
    from flowhqd.store.tenants import Tenant
    from flowhqd.supervisor.alerts import Alerts
    from flowhqd.supervisor.start_gate import StartGate
    from flowhqd.whatsapp.bridge import Bridge


@dataclass(frozen=True, slots=True)
class Surroundings:
    """``is_owner`` is set while this daemon alone may send; ``rng`` spreads delays."""

    host: BrowserHost
    database: Database
    settings: Settings
    clock: Clock
    rng: random.Random
    start_gate: StartGate
    is_owner: asyncio.Event
    alerts: Alerts
    changes: Changes
    message_id_key: bytes

    def new_reconnect(self) -> Reconnect:
        """A back-off as the settings want it."""
        settings = self.settings
        return Reconnect(
            self.clock,
            initial=settings.reconnect_initial_delay_ms / 1000,
            maximum=settings.reconnect_max_delay_ms / 1000,
            multiplier=settings.reconnect_backoff_multiplier,
            max_attempts=settings.reconnect_max_attempts,
            rng=self.rng,
        )

    def new_limits(self) -> Limits:
        """The windows of one worker."""
        settings = self.settings
        bounds = Bounds.of(settings)
        return Limits(
            bounds,
            DedupWindow(self.clock, settings.dedup_ttl_ms / 1000),
            RateLimit(
                self.clock,
                bounds.rate_limit_max_per_minute,
                bounds.rate_limit_window_ms / 1000,
            ),
            LoopBreaker(self.clock, bounds.loop_breaker_max_replies),
        )

    def new_path(
        self, tenant: Tenant, bridge: Bridge, limits: Limits, connected: asyncio.Event
    ) -> MessagePath:
        """The message path of a linked tenant over one page."""
        settings = self.settings
        assert tenant.session.history_from is not None  # noqa: S101 - written with the link
        options = PathOptions(
            message_id_key=self.message_id_key,
            queue_size=settings.chat_queue_max_size,
            reply_delay=timedelta(milliseconds=settings.reply_delay_ms),
            ack_seconds=ACK_SECONDS,
        )
        return MessagePath(
            PathContext(
                tenant.id,
                self.database,
                bridge,
                limits,
                options,
                self.clock,
                changed=lambda: self.changes.publish(tenant.id, Topic.MESSAGES),
            ),
            may_send=(connected, self.is_owner),
            history_from=tenant.session.history_from,
        )
