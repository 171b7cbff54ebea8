"""What only the running daemon knows of a worker; everything else is in the database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from flowhqd.reasons import Reason


@dataclass(frozen=True, slots=True)
class ReconnectView:
    """Whether a worker waits to connect again; ``next_delay_ms`` counts from now."""

    active: bool = False
    attempt: int = 0
    next_delay_ms: int | None = None


@dataclass(frozen=True, slots=True)
class QueueView:
    """Messages that wait for their answer, and in how many chats."""

    total: int = 0
    chats: int = 0


@dataclass(frozen=True, slots=True)
class DedupView:
    size: int = 0
    hits: int = 0


@dataclass(frozen=True, slots=True)
class RateLimitView:
    """The reply window of a tenant; ``limit`` 0 means there is none."""

    used: int = 0
    limit: int = 0
    resets_at: datetime | None = None
    warning_sent: bool = False


@dataclass(frozen=True, slots=True)
class PairingCode:
    """Eight characters to type on the phone instead of scanning."""

    code: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class LiveWorker:
    """A worker as it is now; ``derived`` refines its status for people, None when none runs.

    ``pairing_code`` is the one that was given last, which may be over.
    """

    derived: str | None
    reconnect: ReconnectView = field(default_factory=ReconnectView)
    queue: QueueView = field(default_factory=QueueView)
    dedup: DedupView = field(default_factory=DedupView)
    rate_limit: RateLimitView = field(default_factory=RateLimitView)
    skipped: dict[str, int] = field(default_factory=dict)
    pairing_code: PairingCode | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class BrowserView:
    """A running Chromium, the tenants whose pages are open in it, and the memory of all of it.

    ``hand_over`` tells whether it may hold several, ``sandbox`` whether Chromium's own is on.
    """

    pid: int
    version: str
    tenants: tuple[UUID, ...]
    started_at: datetime
    hand_over: bool
    sandbox: bool
    memory_bytes: int


def without_worker(reason: str) -> str:
    """The derived state of a tenant for which no worker runs, by why that is."""
    match reason:
        case Reason.NEVER_STARTED | Reason.STOPPED | Reason.DAEMON_RESTARTED:
            return "STOPPED"
        case Reason.STALE:
            return "STALE"
    # Something ended it, and a person has to start it again.
    return "RESTING"
