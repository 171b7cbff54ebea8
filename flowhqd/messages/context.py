"""What the parts of one tenant's message path share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from flowhqd.clock import Clock
    from flowhqd.messages.bounds import Bounds
    from flowhqd.messages.dedup import DedupWindow
    from flowhqd.messages.loop_breaker import LoopBreaker
    from flowhqd.messages.rate_limit import RateLimit
    from flowhqd.store.database import Database
    from flowhqd.whatsapp.bridge import Bridge

DATABASE_RETRY_SECONDS = 1.0


@dataclass(slots=True)
class Limits:
    """What a worker keeps over all its sessions: windows that must not restart with a page.

    ``usual`` is what holds for a tenant without limits of its own.
    """

    usual: Bounds
    dedup: DedupWindow
    rate: RateLimit
    loops: LoopBreaker
    skipped: Counter[str] = field(default_factory=Counter)

    def apply(self, own: Mapping[str, Any]) -> Bounds:
        """What holds for a tenant with these limits of its own; the windows keep to it from now
        on."""
        bounds = self.usual.with_own(own)
        self.rate.resize(bounds.rate_limit_max_per_minute, bounds.rate_limit_window_ms / 1000)
        self.loops.resize(bounds.loop_breaker_max_replies)
        return bounds


@dataclass(frozen=True, slots=True)
class PathOptions:
    """The settings of a tenant's path; zeros as in the README's table."""

    message_id_key: bytes
    queue_size: int
    reply_delay: timedelta
    ack_seconds: float


@dataclass(slots=True)
class PathContext:
    """One tenant and the page that serves it now.

    ``changed`` is called when something about a message was stored. ``hold`` is why nobody is
    answered at the moment; it may change while the path runs. ``unread`` are chats whose history
    could not be read after a gap: until it can, what is logged of them says nothing of what is not.
    """

    tenant_id: UUID
    database: Database
    bridge: Bridge
    limits: Limits
    options: PathOptions
    clock: Clock
    changed: Callable[[], None] = lambda: None
    hold: str | None = None
    unread: set[str] = field(default_factory=set)
    _server_read: tuple[datetime, float] | None = None

    def read_server_clock(self, now: datetime | None) -> None:
        """What WhatsApp's clock says now; None where the page shows none."""
        if now is not None:
            self._server_read = now, self.clock.monotonic()

    def server_now(self) -> datetime:
        """WhatsApp's time, going on from the last reading, whoever sets the host's clock."""
        if self._server_read is None:
            return self.clock.now()
        read, at = self._server_read
        return read + timedelta(seconds=self.clock.monotonic() - at)
