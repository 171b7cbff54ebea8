"""How far each message got, as WhatsApp draws it with ticks."""

from __future__ import annotations

from collections import defaultdict
from enum import IntEnum


class Tick(IntEnum):
    """The values are WhatsApp's own acks."""

    PENDING = 0
    """The server has not confirmed it."""
    SENT = 1
    DELIVERED = 2
    """Own messages: it is on the customer's phone. Customers': a linked page has stored it."""
    READ = 3


class Ticks:
    """The ticks of one account's messages; they only ever rise."""

    def __init__(self) -> None:
        self._ticks: dict[tuple[str, bool, str], Tick] = {}
        self._unread: defaultdict[str, set[str]] = defaultdict(set)

    def of(self, chat: str, message_id: str, *, from_me: bool) -> Tick:
        return self._ticks.get((chat, from_me, message_id), Tick.PENDING)

    def rise(self, chat: str, message_id: str, tick: Tick, *, from_me: bool) -> None:
        """Note that a message got as far as ``tick``."""
        key = (chat, from_me, message_id)
        if tick <= self._ticks.get(key, Tick.PENDING):
            return
        self._ticks[key] = tick
        if not from_me and tick is Tick.DELIVERED:
            self._unread[chat].add(message_id)

    def read(self, chat: str) -> None:
        """The linked page marks a chat as read: everything of the customer's that it has."""
        for message_id in self._unread.pop(chat, ()):
            self.rise(chat, message_id, Tick.READ, from_me=False)
