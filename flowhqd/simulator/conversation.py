"""What a phone's screen shows, as plain data for the phone page."""

from __future__ import annotations

from typing import Any

from flowhqd.simulator.customer import Customer
from flowhqd.simulator.message import MEDIA_TYPES, WireMessage
from flowhqd.simulator.page import Page
from flowhqd.simulator.phone import Phone
from flowhqd.simulator.ticks import Tick

SHOWN = 200
"""Messages of each chat, the newest: a screen, not an archive."""


def phone_screen(phone: Phone) -> dict[str, Any]:
    """One phone: its line, the codes it could scan now, and its chats."""
    history = _by_customer(phone)
    return {
        "number": phone.number,
        "name": phone.name,
        "link_state": phone.link_state,
        "is_online": phone.is_online,
        "devices": [
            {"id": device.id, "is_connected": device.page is not None, "queued": device.queued}
            for device in phone.devices
        ],
        "waiting": waiting(phone.simulator.devices),
        "wants_code": any(
            page.link_code is not None and page.link_code.phone == phone.number
            for page in phone.simulator.devices
        ),
        "customers": [
            _customer(customer, history.get(number, []))
            for number, customer in phone.customers.items()
        ],
    }


def waiting(pages: list[Page]) -> list[dict[str, Any]]:
    """The pages that show a QR code now, in the order in which they came."""
    return [{"profile": page.profile, "qr": page.qr} for page in pages if page.qr is not None]


def _by_customer(phone: Phone) -> dict[str, list[WireMessage]]:
    owners = {}
    for customer in phone.customers.values():
        for chat in (customer.wid, f"{customer.lid}@lid", customer.number):
            owners[chat] = customer.number
    history: dict[str, list[WireMessage]] = {}
    for message in phone.messages:
        if message.chat in owners:
            history.setdefault(owners[message.chat], []).append(message)
    return history


def _customer(customer: Customer, history: list[WireMessage]) -> dict[str, Any]:
    shown: dict[tuple[bool, str], dict[str, Any]] = {}
    for message in history:
        original = shown.get((message.from_me, message.target or ""))
        if message.type != "protocol":
            shown[message.from_me, message.id] = _message(customer, message, shown)
        elif original is not None and message.subtype == "message_edit":
            original |= {"text": message.body or "", "is_edited": True}
        elif original is not None:
            original |= {"text": "", "is_deleted": True}
    messages = list(shown.values())
    return {
        "number": customer.number,
        "name": customer.name,
        "lid": customer.lid,
        "is_typing": customer.sees_typing,
        "unread": sum(one["from_me"] and one["tick"] < Tick.READ for one in messages),
        "messages": messages[-SHOWN:],
    }


def _message(
    customer: Customer, message: WireMessage, shown: dict[tuple[bool, str], dict[str, Any]]
) -> dict[str, Any]:
    is_sealed = message.type == "ciphertext"
    source = customer.original(message.id) if is_sealed else message
    quoted = None
    if message.quoted is not None:
        # Each side mostly quotes the other; an id alone does not say whose it is.
        answered = shown.get((not message.from_me, message.quoted.id)) or shown.get(
            (message.from_me, message.quoted.id),
            {"text": "", "type": "chat", "from_me": not message.from_me},
        )
        quoted = {name: answered[name] for name in ("text", "type", "from_me")}
    return {
        "id": message.id,
        "from_me": message.from_me,
        "type": message.type,
        "text": (source.caption if source.type in MEDIA_TYPES else source.body) or "",
        "t": message.t,
        "tick": customer.phone.ticks.of(message.chat, message.id, from_me=message.from_me),
        "quoted": quoted,
        "is_sealed": is_sealed,
        "is_edited": False,
        "is_deleted": False,
    }
