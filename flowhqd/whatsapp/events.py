"""What the page tells: its envelopes, parsed into types.

Strings from the page are safe to store: the bridge replaces what PostgreSQL cannot hold, and here
it is done again, because the page is not ours.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from flowhqd.whatsapp.addresses import not_a_customer

log = logging.getLogger(__name__)

CIPHERTEXT = "ciphertext"
"""The type of a message that is not decrypted, yet or ever."""

REVOKED = "revoked"
"""The type of a message that its sender deleted for everyone."""

# Types that carry no words of a customer (wa-js enums/MSG_TYPE.ts).
PROTOCOL_TYPES = frozenset(
    {
        "broadcast_notification", "call_log", CIPHERTEXT, "debug", "e2e_notification",
        "gp2", "groups_v4_invite", "keep_in_chat", "newsletter_notification", "notification",
        "notification_template", "oversized", "pin_message", "pinned_message", "poll_update",
        "protocol", "reaction", REVOKED, "unknown",
    }
)  # fmt: skip

# What a description of the wrong shape raises: members that are missing or of another type, times
# that no calendar has (OSError), JSON nested without end.
UNREADABLE = (
    AttributeError, IndexError, KeyError, OSError, OverflowError, RecursionError, TypeError,
    ValueError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PageState:
    """One look at the page's own models; None where the page does not show a value."""

    socket: str | None = None
    stream: str | None = None
    synced: bool = False
    mode: str | None = None
    info: str | None = None
    progress: float | None = None
    version: str | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """A message as the page holds it, before anything is decided about it.

    ``edit`` is the id of the customer's last edit, whose text this is; ``type`` is REVOKED for one
    that the customer deleted for everyone.
    """

    key: str
    id: str
    chat_id: str
    other_address: str | None
    from_me: bool
    name: str | None
    type: str
    text: str
    at: datetime
    ack: int | None
    edit: str | None = None

    def skip_reason(self) -> str | None:
        """Why this message is neither logged nor answered, or None."""
        if self.from_me:
            return "own"
        return not_a_customer(self.chat_id) or ("protocol" if self.type in PROTOCOL_TYPES else None)


@dataclass(frozen=True, slots=True)
class Hello:
    """A new document runs the bridge; everything known of the one before is void."""

    url: str


@dataclass(frozen=True, slots=True)
class StateChanged:
    state: PageState


@dataclass(frozen=True, slots=True)
class QrChanged:
    """The code to scan, or None when there is none any more."""

    text: str | None


@dataclass(frozen=True, slots=True)
class MessageArrived:
    message: Message


@dataclass(frozen=True, slots=True)
class MessageUndecryptable:
    """A message stayed ciphertext for 15 s; it may still become readable later."""

    message: Message


@dataclass(frozen=True, slots=True)
class MessageChanged:
    """The customer edited or deleted a message."""

    message: Message


@dataclass(frozen=True, slots=True)
class AckReceived:
    """WhatsApp's ack of an own message: 0 clock, 1 server, 2 delivered, 3 read, below 0 failed."""

    message_id: str
    chat_id: str
    ack: int


@dataclass(frozen=True, slots=True)
class SendFinished:
    """The page's result of a send: "OK", or what it calls the error."""

    message_id: str
    result: str


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """The page is being logged out: its phone, or WhatsApp, ended the link."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A listener of the bridge failed in the page."""

    detail: str


Event = (
    Hello
    | StateChanged
    | QrChanged
    | MessageArrived
    | MessageUndecryptable
    | MessageChanged
    | AckReceived
    | SendFinished
    | LoggedOut
    | Trouble
)


def clean(text: str) -> str:
    """``text`` as PostgreSQL can hold it: NUL and unpaired surrogates become U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "�")


def _optional(value: Any) -> str | None:
    return None if value is None else clean(str(value))


def message(data: dict[str, Any]) -> Message:
    """A message from the page's description of it; raises one of UNREADABLE."""
    ack = data.get("ack")
    return Message(
        key=clean(data["key"]),
        id=clean(data["id"]),
        chat_id=clean(data["chat"]),
        other_address=_optional(data.get("other")),
        from_me=bool(data["from_me"]),
        name=_optional(data.get("name")),
        type=clean(data["type"]),
        text=clean(str(data.get("text") or "")),
        at=datetime.fromtimestamp(data["t"], UTC),
        ack=None if ack is None else int(ack),
        edit=_optional(data.get("edit")),
    )


def page_state(data: dict[str, Any]) -> PageState:
    """The page's look at itself; unknown members are left out."""
    progress = data.get("progress")
    return PageState(
        socket=_optional(data.get("socket")),
        stream=_optional(data.get("stream")),
        synced=bool(data.get("synced")),
        mode=_optional(data.get("mode")),
        info=_optional(data.get("info")),
        progress=float(progress) if isinstance(progress, int | float) else None,
        version=_optional(data.get("version")),
        url=clean(str(data.get("url") or "")),
    )


def parse(envelope: str) -> Event | None:
    """The event in one envelope, or None (logged) when it cannot be read."""
    try:
        data = _loads(envelope)
        match data["kind"]:
            case "hello":
                return Hello(clean(str(data["url"])))
            case "state":
                return StateChanged(page_state(data["state"]))
            case "qr":
                return QrChanged(_optional(data["text"]))
            case "message":
                return MessageArrived(message(data["message"]))
            case "undecryptable":
                return MessageUndecryptable(message(data["message"]))
            case "changed":
                return MessageChanged(message(data["message"]))
            case "ack":
                return AckReceived(clean(data["id"]), clean(data["chat"]), int(data["ack"]))
            case "send_result":
                return SendFinished(clean(data["key"]).split("_")[2], clean(str(data["result"])))
            case "logout":
                return LoggedOut()
            case "trouble":
                return Trouble(clean(str(data["detail"]))[:500])
    except UNREADABLE as error:
        log.warning("the bridge sent an envelope that cannot be read: %r", error)
        return None
    log.warning("the bridge sent an envelope of an unknown kind: %.40r", data["kind"])
    return None


def _loads(envelope: str) -> Any:
    try:
        return orjson.loads(envelope)
    except orjson.JSONDecodeError:
        # orjson refuses the unpaired surrogates that the standard library lets through.
        return json.loads(envelope)
