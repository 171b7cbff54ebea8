"""What a simulator does differently from a well-behaved WhatsApp; mutable while it runs."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

# The page's build, in WhatsApp Web's own form; the number is one that the client libraries know.
WEB_VERSION = "2.3000.1045220589"


@dataclass
class SimulatorOptions:
    """Durations are seconds. What the page itself must know is read at its next load, except
    ``fail_quotes`` and ``lid_required``, which reach open pages at once.
    """

    host: str = "127.0.0.1"
    port: int = 0
    tls: ssl.SSLContext | None = None

    # The first code lasts 60 s, each later one 20 s, 6 in all: what whatsmeow, Baileys and WAHA
    # agree on. ``qr_scale`` shortens all of them.
    qr_first_seconds: float = 60.0
    qr_next_seconds: float = 20.0
    qr_count: int = 6
    qr_scale: float = 1.0
    # A pairing code lives 3.25 minutes (wa-js).
    link_code_seconds: float = 195.0

    ack_delay_seconds: float = 0.0
    hold_acks: bool = False
    delivery_receipts: bool = True
    fail_sends: str = ""
    """An error code such as ``ERROR_UNKNOWN`` that every send is refused with; empty sends."""
    refuse_connections: bool = False
    blocked: str = ""
    """A state such as ``TOS_BLOCK`` or ``DEPRECATED_VERSION`` that every page is put into."""
    clock_skew_seconds: float = 0.0
    """How far WhatsApp's clock is ahead of this host's."""

    web_version: str = WEB_VERSION
    serialized: Literal["plain", "minified"] = "plain"
    """Whether a message key caches its text in ``_serialized`` or in a minified property."""
    module_delay_seconds: float = 0.2
    """Until the last chat module is registered."""
    version_delay_seconds: float = 0.1
    sync_delay_seconds: float = 0.4
    """From ``main_loaded`` to ``hasSynced`` and mode MAIN."""
    timeout_seconds: float = 3.0
    """How long a page without a line shows OPENING before TIMEOUT."""
    announce_offline: bool = True
    """Whether messages that waited for the page raise events; where not, they are only stored."""
    search: Literal["there", "absent", "failing"] = "there"
    """Whether a chat's messages can be searched in the page's database."""
    look_up: Literal["there", "failing", "hanging"] = "there"
    """Whether a message that is not in memory can be looked up by its id."""
    fail_quotes: bool = False
    lid_required: bool = False
    """Whether a new chat with an unknown ``@lid`` is refused with "No LID for user"."""

    observers: list[Callable[[], None]] = field(default_factory=list, init=False, repr=False)

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        for observer in getattr(self, "observers", ()):
            observer()

    def for_page(self) -> dict[str, Any]:
        """What a page is told; durations in milliseconds."""
        return {
            "web_version": self.web_version,
            "serialized": self.serialized,
            "module_ms": self.module_delay_seconds * 1000,
            "version_ms": self.version_delay_seconds * 1000,
            "sync_ms": self.sync_delay_seconds * 1000,
            "timeout_ms": self.timeout_seconds * 1000,
            "announce_offline": self.announce_offline,
            "search": self.search,
            "look_up": self.look_up,
            "fail_quotes": self.fail_quotes,
            "lid_required": self.lid_required,
        }
