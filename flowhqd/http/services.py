"""What the HTTP server needs of the rest of the daemon."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from aiohttp import web

from flowhqd.changes import Changes
from flowhqd.clock import Clock
from flowhqd.loop_lag import LoopLag
from flowhqd.settings import Settings
from flowhqd.store.database import Database

if TYPE_CHECKING:
    from flowhqd.messages.manual import ManualMessage, Recorded
    from flowhqd.supervisor.alerts import Alert
    from flowhqd.supervisor.live import BrowserView, LiveWorker, PairingCode, QueueView


class Control(Protocol):
    """Acts on workers; the supervisor is it.

    Every coroutine raises NotFound for an unknown tenant. Asking for what is already so does
    nothing. ``actor`` goes into the audit.
    """

    async def start(self, tenant_id: UUID, *, actor: str) -> None:
        """Have the worker run."""

    async def stop(self, tenant_id: UUID, *, actor: str) -> None:
        """Have the worker stopped."""

    async def restart(self, tenant_id: UUID, *, actor: str) -> None:
        """Reload the tenant's page."""

    async def force_restart(
        self, tenant_id: UUID, *, actor: str, forget_login: bool = False
    ) -> None:
        """Close the tenant's browser profile by force and open it anew, or without its login."""

    async def pause(self, tenant_id: UUID, *, actor: str) -> None:
        """Log messages, answer nobody."""

    async def resume(self, tenant_id: UUID, *, actor: str) -> None:
        """Answer again."""

    async def pair(self, tenant_id: UUID, *, actor: str) -> None:
        """Start a round of QR codes; raises Conflict when connected."""

    async def pairing_code(self, tenant_id: UUID, *, actor: str) -> PairingCode:
        """A code to type on the phone in place of scanning, its worker started if need be.

        The same while it is good. Raises Conflict when connected, BrowserError when the page
        gives none.
        """

    async def send(self, tenant_id: UUID, message: ManualMessage, *, actor: str) -> Recorded:
        """Log a message and have it sent in its chat's order; what was asked before is not again.

        Raises Conflict for an idempotency key that is used, Invalid for an unknown quote.
        """

    async def remove(self, tenant_id: UUID, *, actor: str) -> None:
        """Log the device out and delete the tenant with everything of it."""

    async def changed(self, tenant_id: UUID) -> None:
        """The configuration was edited: the next message uses it."""

    async def screenshot(self, tenant_id: UUID) -> bytes:
        """What the tenant's page shows, as PNG; raises Conflict while there is none."""

    def live(self, tenant_id: UUID) -> LiveWorker:
        """What only the running daemon knows of a worker."""

    def derived(self) -> dict[UUID, str]:
        """The derived state of each tenant that has a worker."""

    def queue(self) -> QueueView:
        """What waits for its answer, of all tenants."""

    def alerts(self) -> list[Alert]:
        """Who came to need a person since the daemon runs: the last ones, newest first."""

    async def browsers(self) -> list[BrowserView]:
        """The running Chromiums and what they take; takes a while where there are many."""


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of the daemon that requests act on.

    ``ready`` tells for each part by name whether it works, without waiting for one that does not.
    ``changes`` is told what was stored, and tells those who watch; ``lag`` how late the loop is.
    """

    settings: Settings
    database: Database
    control: Control
    clock: Clock
    admin_password: str = field(repr=False)
    portal_key: str = field(repr=False)
    ready: Callable[[], Awaitable[Mapping[str, bool]]]
    changes: Changes = field(default_factory=Changes)
    lag: LoopLag = field(default_factory=LoopLag)


SERVICES = web.AppKey("SERVICES", Services)


def services(request: web.Request) -> Services:
    """The services of the application that answers ``request``."""
    return request.config_dict[SERVICES]
