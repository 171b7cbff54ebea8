"""A WhatsApp Web page at the bridge's boundary, with its server and the customers behind it.

It answers what the real page answers to a bridge's commands, and goes wrong when it is told to. It
outlives the daemon that talks to it, as the real page's database does.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Protocol, cast

from flowhqd.errors import PageError, PageLost, PageTimeout
from flowhqd.whatsapp.bridge import Bridge
from flowhqd.whatsapp.events import Message, message

if TYPE_CHECKING:
    from flowhqd.browser.page import Page
    from flowhqd.clock import Clock


class Fate(Enum):
    """How one send goes."""

    FINE = auto()
    ERROR = auto()
    """The page throws and takes nothing."""
    REFUSED = auto()
    """The page takes it, and WhatsApp refuses it."""
    SLOW = auto()
    """The page takes it and keeps it until ``release``."""
    HANG = auto()
    """The page hangs before it takes anything."""
    HANG_SENT = auto()
    """The message leaves, then the page hangs."""
    LOST = auto()
    """The page is lost before it takes anything."""
    LOST_SENT = auto()
    """The message leaves, then the page is lost."""
    NOBODY = auto()
    """WhatsApp knows nobody under this address."""


@dataclass
class Sent:
    """A message that the page took."""

    chat: str
    id: str
    text: str
    quoted: str | None
    ack: int = 0

    @property
    def answers(self) -> str:
        """The id of the message that is quoted."""
        return (self.quoted or "").rpartition("_")[2]


class Listener(Protocol):
    """Who hears of acks and results: a message path, or a sender."""

    def on_ack(self, message_id: str, ack: int) -> None: ...

    def on_result(self, message_id: str, result: str) -> None: ...


async def no_step() -> None:
    """A point at which nothing happens."""


@dataclass
class FakePage:
    """``calls`` are the commands it was given, ``arrived`` what customers got, each in order.

    ``blind_sends`` are ids that were handed over although the page had them, as one look-up would
    have told; ``closed_books`` are chats whose history cannot be opened, of ``torn_books`` only the
    newest message is in memory.

    ``step`` is awaited before and after whatever a command does, so that a test can stop the caller
    on either side of it.
    """

    clock: Clock
    step: Callable[[], Awaitable[None]] = no_step
    listener: Listener | None = None
    fates: deque[Fate] = field(default_factory=deque)
    is_undecidable: bool = False
    calls: list[tuple[str, str]] = field(default_factory=list)
    arrived: list[Sent] = field(default_factory=list)
    blind_sends: list[str] = field(default_factory=list)
    closed_books: set[str] = field(default_factory=set)
    torn_books: set[str] = field(default_factory=set)
    taken: dict[str, Sent] = field(default_factory=dict)
    _history: defaultdict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    _numbers: int = 0

    @property
    def bridge(self) -> Bridge:
        """The real bridge to this page."""
        return Bridge(cast("Page", self))

    # What customers and the owner do.

    def says(
        self,
        chat: str,
        text: str = "Habari",
        *,
        id: str | None = None,
        other: str | None = None,
        type: str = "chat",
        from_me: bool = False,
        at: datetime | None = None,
    ) -> Message:
        """A message that is in the chat now, whether anybody listens or not."""
        self._numbers += 1
        message_id = id or f"A{self._numbers:05}"
        described = {
            "key": f"{'true' if from_me else 'false'}_{chat}_{message_id}",
            "id": message_id,
            "chat": chat,
            "other": other,
            "from_me": from_me,
            "name": "Juma",
            "type": type,
            "text": text,
            "t": int((at or self.clock.now()).timestamp()),
            "ack": 1 if from_me else None,
        }
        self._history[chat].append(described)
        return message(described)

    def everything(self, chat: str) -> list[Message]:
        """All that customers wrote in a chat, as it is now."""
        return [message(row) for row in self._history.get(chat, []) if not row["from_me"]]

    def edits(self, chat: str, id: str, text: str) -> Message:
        """The customer puts another text in a message's place."""
        self._numbers += 1
        return self._change(chat, id, text=text, edit=f"E{self._numbers:05}")

    def deletes(self, chat: str, id: str) -> Message:
        """The customer deletes a message for everyone."""
        return self._change(chat, id, text="", type="revoked")

    def _change(self, chat: str, id: str, **changes: str) -> Message:
        row = next(row for row in self._history[chat] if row["id"] == id)
        row |= changes
        return message(row)

    def heard(self, chat: str) -> list[str]:
        """The ids of what a customer wrote, in order."""
        return [row["id"] for row in self._history.get(chat, []) if not row["from_me"]]

    def answers(self, chat: str) -> list[str]:
        """What arrived at a customer: the ids of the messages that were quoted, in order."""
        return [
            sent.quoted.rpartition("_")[2]
            for sent in self.arrived
            if sent.chat == chat and sent.quoted
        ]

    def texts(self, chat: str) -> list[str]:
        """What arrived at a customer."""
        return [sent.text for sent in self.arrived if sent.chat == chat]

    # What happens to messages that the page took.

    def release(self) -> None:
        """What the page kept leaves."""
        for sent in list(self.taken.values()):
            if sent.ack == 0:
                self._leave(sent)

    def acknowledge(self, message_id: str, ack: int) -> None:
        """WhatsApp's server or the customer's phone acknowledges a message."""
        self.taken[message_id].ack = ack
        self._tell(lambda listener: listener.on_ack(message_id, ack))

    def forget(self, message_id: str) -> None:
        """The page loses a message that it took and that did not leave."""
        del self.taken[message_id]

    def _leave(self, sent: Sent) -> None:
        self.arrived.append(sent)
        self.acknowledge(sent.id, 1)
        self._tell(lambda listener: listener.on_result(sent.id, "OK"))

    def _tell(self, news: Callable[[Listener], None]) -> None:
        """Events come after the answer to the command that caused them."""
        if self.listener is not None:
            asyncio.get_running_loop().call_soon(news, self.listener)

    # The page as the browser room offers it.

    async def call(self, _function: str, name: str, args: dict[str, Any], *, timeout: float) -> Any:
        """Run a command of the bridge."""
        assert timeout > 0
        self.calls.append((name, str(args.get("id") or args.get("chat") or "")))
        await self.step()
        value = getattr(self, f"_{name}")(**args)
        await self.step()
        return {"value": value}

    def _send_text(
        self, chat: str, id: str, text: str, quoted: str | None, again: bool, never: bool
    ) -> dict[str, Any]:
        fate = self.fates.popleft() if self.fates else Fate.FINE
        if fate is Fate.NOBODY:
            return {"outcome": "recipient_unknown", "ack": 0, "quoted": None}
        if fate is Fate.ERROR:
            raise PageError("no chat")
        if fate is Fate.HANG:
            raise PageTimeout("no answer")
        if fate is Fate.LOST:
            raise PageLost("the page crashed")
        known = self.taken.get(id)
        if known and not (again and known.ack < 1):
            self.blind_sends.append(id)
            return {"outcome": "exists", "ack": known.ack, "quoted": None}
        sent = self.taken[id] = Sent(chat, id, text, quoted)
        self._history[chat].append(
            {
                "key": f"true_{chat}_{id}", "id": id, "chat": chat, "from_me": True, "type": "chat",
                "text": text, "t": int(self.clock.now().timestamp()), "ack": 0,
            }
        )  # fmt: skip
        if fate is Fate.REFUSED:
            sent.ack = -1
            self._tell(lambda listener: listener.on_result(id, "ERROR_UNKNOWN"))
        elif fate is not Fate.SLOW:
            self._leave(sent)
        if fate is Fate.HANG_SENT:
            raise PageTimeout("no answer")
        if fate is Fate.LOST_SENT:
            raise PageLost("the page crashed")
        return {"outcome": "queued", "ack": 0, "quoted": quoted is not None}

    def _find_message(self, chat: str, id: str) -> dict[str, Any]:
        if self.is_undecidable:
            raise PageError("the page offers no look-up of messages")
        found = self.taken.get(id)
        assert found is None or found.chat == chat
        return {"ack": None if found is None else found.ack}

    def _recent_chats(self, since: float) -> list[dict[str, Any]]:
        newest = {chat: max(row["t"] for row in rows) for chat, rows in self._history.items()}
        return [{"chat": chat, "t": t} for chat, t in newest.items() if t >= since]

    def _history_since(self, chat: str, since: int, limit: int) -> dict[str, Any]:
        if chat in self.closed_books:
            raise PageError("the history cannot be opened")
        rows = [row for row in self._history[chat] if row["t"] >= since][-limit:]
        if chat in self.torn_books:
            return {"messages": rows[-1:], "refused": "the database is closing"}
        return {"messages": rows, "refused": None}

    def _mark_read(self, chat: str) -> None:
        pass

    def _typing(self, chat: str, on: bool) -> None:
        pass

    def _state(self) -> dict[str, Any]:
        return {
            "socket": "CONNECTED", "stream": "CONNECTED", "synced": True, "mode": "MAIN",
            "version": "2.3000.1", "url": "https://web.whatsapp.com/",
            "server_seconds": self.clock.now().astimezone(UTC).timestamp(),
            "account": {"pn": "255700000009@c.us", "lid": None},
        }  # fmt: skip
