"""A message as it travels between the simulator's server and a page."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from typing import Any

# 1 x 1 pixel: a media message's body is a thumbnail in base64, its text is in the caption.
THUMBNAIL = "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAP//////////////////////////////////////2Q=="

MEDIA_TYPES = {
    "image": "image/jpeg",
    "video": "video/mp4",
    "audio": "audio/mpeg",
    "ptt": "audio/ogg; codecs=opus",
    "sticker": "image/webp",
    "document": "application/pdf",
}


@dataclass(frozen=True, slots=True)
class Quote:
    """The message that another one answers."""

    id: str
    participant: str = ""
    body: str = ""


@dataclass(frozen=True, slots=True)
class WireMessage:
    """One message in one chat; ``chat`` and ``participant`` are wids, ``t`` is Unix seconds."""

    id: str
    chat: str
    from_me: bool
    type: str
    body: str | None
    t: int
    caption: str | None = None
    participant: str | None = None
    subtype: str | None = None
    target: str | None = None
    quoted: Quote | None = None
    notify_name: str = ""
    mimetype: str | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def phone_message_id() -> str:
    """An id as an Android phone makes it: 32 hexadecimal digits."""
    return secrets.token_hex(16).upper()


def digits(number: str) -> str:
    """A phone number's digits alone, as wids have them."""
    return "".join(character for character in number if character.isdigit())
