"""A customer who writes to an owner's phone, and what arrives on the customer's own."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from flowhqd.simulator.message import (
    MEDIA_TYPES,
    THUMBNAIL,
    Quote,
    WireMessage,
    phone_message_id,
)
from flowhqd.simulator.ticks import Tick

if TYPE_CHECKING:
    from flowhqd.simulator.phone import Phone

AddressedBy = Literal["pn", "lid"]


@dataclass(frozen=True, slots=True)
class Delivered:
    """A message that truly arrived; ``order`` counts over all customers of the simulator."""

    text: str
    message_id: str
    quoted_id: str | None
    type: str
    at: datetime
    order: int
    chat: str


@dataclass(frozen=True, slots=True)
class Seen:
    """The owner's side marked the chat as read; ``order`` as in Delivered."""

    chat: str
    at: datetime
    order: int


class Customer:
    """One customer of one phone, reachable as ``<digits>@c.us`` and perhaps as ``<lid>@lid``."""

    def __init__(
        self, phone: Phone, number: str, name: str, lid: str | None, *, shares_number: bool
    ) -> None:
        self.phone = phone
        self.number = number
        self.name = name
        self.lid = lid
        self.shares_number = shares_number
        self.received: list[Delivered] = []
        self.seen: list[Seen] = []
        self.typing: list[str] = []
        self.sees_typing = False
        """Whether the chat shows now that the owner's side is typing."""
        self.has_written = False
        self._sent: dict[str, WireMessage] = {}

    @property
    def wid(self) -> str:
        return f"{self.number}@c.us"

    def chat_id(self, addressed_by: AddressedBy | None = None) -> str:
        """The chat's wid; with a lid, that is the usual kind of address."""
        if addressed_by == "lid" and self.lid is None:
            raise ValueError(f"customer {self.number} has no lid")
        if self.lid is not None and addressed_by != "pn":
            return f"{self.lid}@lid"
        return self.wid

    def as_contact(self) -> dict[str, str | None]:
        return {
            "pn": self.wid if self.shares_number else None,
            "lid": f"{self.lid}@lid" if self.lid else None,
            "name": self.name,
        }

    async def send(
        self,
        text: str = "",
        *,
        message_id: str | None = None,
        addressed_by: AddressedBy | None = None,
        type: str = "chat",
        caption: str | None = None,
        at: datetime | None = None,
        quotes: str | None = None,
        chat: str | None = None,
        subtype: str | None = None,
    ) -> str:
        """Write to the phone and return the message id.

        ``chat`` sends into a group, ``status@broadcast`` or a newsletter instead of the 1:1 chat.
        A type other than ``chat`` has its text in ``caption``; ``ciphertext`` is not readable
        before ``decrypt``. The message waits on the server while the linked device is away.
        """
        own_chat = self.chat_id(addressed_by)
        in_public = chat is not None and not chat.endswith("@newsletter")
        message = WireMessage(
            id=message_id or phone_message_id(),
            chat=chat or own_chat,
            from_me=False,
            type=type,
            body=THUMBNAIL if type in MEDIA_TYPES else text,
            t=int(at.timestamp() if at else self.phone.simulator.now()),
            caption=caption,
            participant=own_chat if in_public else None,
            subtype=subtype,
            quoted=Quote(quotes, self.phone.wid) if quotes else None,
            notify_name=self.name,
            mimetype=MEDIA_TYPES.get(type),
        )
        self._sent[message.id] = message
        self.has_written = True
        self.phone.deliver(_unreadable(message) if type == "ciphertext" else message, self)
        # Lets the line's writer run, so that a caller in a loop does not starve it.
        await asyncio.sleep(0)
        return message.id

    def original(self, message_id: str) -> WireMessage:
        """A message as this customer wrote it, readable also while the other side cannot.

        Raises KeyError for an id that this customer has not sent.
        """
        return self._sent[message_id]

    def decrypt(self, message_id: str) -> None:
        """The keys for a ciphertext arrive: the same message again, readable."""
        readable = _changed(self._sent[message_id], type="chat")
        self.phone.deliver(readable, self)

    def edit(self, message_id: str, text: str) -> None:
        """Change the text of a message sent before."""
        self._protocol(message_id, "message_edit", text)

    def revoke(self, message_id: str) -> None:
        """Delete a message for everyone."""
        self._protocol(message_id, "sender_revoke", None)

    def _protocol(self, message_id: str, subtype: str, body: str | None) -> None:
        original = self._sent[message_id]
        changes = {"id": phone_message_id(), "type": "protocol", "caption": None, "mimetype": None}
        message = _changed(original, **changes, subtype=subtype, target=message_id, body=body)
        self.phone.deliver(message, self)

    def read(self) -> None:
        """Look at every message received so far: the owner sees read ticks."""
        for chat in {delivered.chat for delivered in self.received}:
            ids = [
                one.message_id
                for one in self.received
                if one.chat == chat
                and self.phone.ticks.of(chat, one.message_id, from_me=True) < Tick.READ
            ]
            if ids:
                self.phone.receipt(chat, ids, Tick.READ)

    async def wait_for(self, count: int, timeout: float | None = 60.0) -> list[Delivered]:
        """The messages received, once there are at least ``count``; TimeoutError otherwise."""
        await self.phone.simulator.changed.wait_until(lambda: len(self.received) >= count, timeout)
        return self.received

    def accept(self, wire: dict[str, Any]) -> Delivered:
        """A message from the phone's linked device arrives."""
        simulator = self.phone.simulator
        quoted = wire.get("quoted")
        delivered = Delivered(
            text=wire.get("caption") or wire.get("body") or "",
            message_id=wire["id"],
            quoted_id=quoted["id"] if quoted else None,
            type=wire["type"],
            at=datetime.fromtimestamp(simulator.now(), UTC),
            order=simulator.next_order(),
            chat=wire["chat"],
        )
        self.has_written = True
        self.sees_typing = False
        self.received.append(delivered)
        simulator.changed.notify()
        return delivered

    def see_typing(self, kind: str) -> None:
        """The owner's side types: ``composing``, ``recording`` or ``paused``."""
        self.typing.append(kind)
        self.sees_typing = kind != "paused"

    def mark_seen(self, chat: str) -> None:
        simulator = self.phone.simulator
        self.phone.ticks.read(chat)
        at = datetime.fromtimestamp(simulator.now(), UTC)
        self.seen.append(Seen(chat, at, simulator.next_order()))
        simulator.changed.notify()


def _changed(message: WireMessage, **changes: Any) -> WireMessage:
    return WireMessage(**{**message.as_json(), "quoted": message.quoted, **changes})


def _unreadable(message: WireMessage) -> WireMessage:
    return _changed(message, body=None, caption=None)
