"""A linked device: what WhatsApp's servers keep for it while it is away."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flowhqd.simulator.ticks import Tick

if TYPE_CHECKING:
    from flowhqd.simulator.page import Page
    from flowhqd.simulator.phone import Phone


class Device:
    """One link between an account and a browser profile.

    Frames stay queued until the page confirms that it has stored them, so that a page killed at
    any moment gets them again.
    """

    def __init__(self, phone: Phone, number: int) -> None:
        self.phone = phone
        self.id = f"{phone.number}:{number}@c.us"
        self.token = secrets.token_urlsafe(16)
        self.page: Page | None = None
        self.accepted_ids: set[tuple[str, str]] = set()
        self.known_people: set[str] = set()
        self._queue: dict[int, dict[str, Any]] = {}
        self._last_seq = 0

    @property
    def login(self) -> dict[str, str]:
        """What the page stores to come back without a code."""
        return {
            "device": self.id,
            "token": self.token,
            "wid": self.phone.wid,
            "lid": self.phone.lid,
        }

    @property
    def queued(self) -> int:
        return len(self._queue)

    def enqueue(self, frame: dict[str, Any]) -> None:
        """Deliver ``frame`` now, or when the page is back."""
        self._last_seq += 1
        numbered = {**frame, "seq": self._last_seq}
        self._queue[self._last_seq] = numbered
        if self.page is not None:
            self.page.send(numbered)

    def confirm(self, seqs: Iterable[int]) -> None:
        """The page has stored these frames."""
        for seq in seqs:
            frame = self._queue.pop(seq, {})
            match frame.get("message"):
                case {"chat": chat, "id": message_id, "from_me": False}:
                    self.phone.ticks.rise(chat, message_id, Tick.DELIVERED, from_me=False)

    def attach(self, page: Page) -> None:
        """Make ``page`` the one that speaks for this device; an earlier one is in conflict."""
        if self.page is not None:
            self.page.close({"op": "conflict"})
        self.page = page
        self.known_people.clear()
        people = [customer for customer in self.phone.customers.values() if customer.has_written]
        self.known_people.update(customer.number for customer in people)
        page.send(
            {
                "op": "welcome",
                "server_time_ms": round(self.phone.simulator.now() * 1000),
                "offline": len(self._queue),
                "pushname": self.phone.name,
                "platform": "android",
                "contacts": [customer.as_contact() for customer in people],
            }
        )
        for frame in list(self._queue.values()):
            page.send(frame)
        page.send({"op": "offline_end"})

    def detach(self, page: Page) -> None:
        if self.page is page:
            self.page = None
