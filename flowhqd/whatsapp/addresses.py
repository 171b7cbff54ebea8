"""WhatsApp's addresses (JIDs), as the page writes them.

``<digits>@c.us`` is a phone number, ``<digits>@lid`` hides one, and everything else is no customer:
groups, status, broadcast lists, newsletters. A person may appear under both of the first two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

AliasKind = Literal["pn", "lid", "chat"]

_NO_CUSTOMER = {
    "g.us": "group",
    "newsletter": "newsletter",
    "broadcast": "broadcast",
    "call": "call",
}


@dataclass(frozen=True, slots=True)
class Alias:
    """One way a contact is known: a phone number, a LID, or a chat id of another kind."""

    kind: AliasKind
    value: str


def alias(address: str) -> Alias:
    """The alias behind a JID; a device suffix (``user:device@server``) is dropped."""
    user, _, server = address.partition("@")
    user = user.partition(":")[0]
    match server:
        case "c.us" | "s.whatsapp.net":
            return Alias("pn", user)
        case "lid":
            return Alias("lid", user)
    return Alias("chat", address)


def not_a_customer(address: str) -> str | None:
    """Why nobody is answered at this address, or None when a customer may be there."""
    if address == "status@broadcast":
        return "status"
    return _NO_CUSTOMER.get(address.partition("@")[2])


def phone_number(address: str | None) -> str | None:
    """The E.164 number of a JID, or None when it hides it."""
    if address is None:
        return None
    found = alias(address)
    is_number = found.kind == "pn" and found.value.isascii() and found.value.isdigit()
    return f"+{found.value}" if is_number else None
