"""Messages that a person or another program asks to have sent, through the same ledger as replies.

A paused tenant's are sent all the same: pausing keeps the bot quiet, and this is not the bot. They
count in the rate limit and wait for its window; they are never suppressed.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import orjson

from flowhqd.errors import Conflict, Invalid, TooManyWaiting
from flowhqd.messages.ids import manual_id
from flowhqd.states import Language
from flowhqd.store import contacts, messages
from flowhqd.store.messages import LoggedMessage, Outbound
from flowhqd.whatsapp.addresses import alias, phone_number

if TYPE_CHECKING:
    from flowhqd.store.pool import Connection
    from flowhqd.store.tenants import Tenant

MAX_WAITING = 1_000
"""Messages of one tenant that may wait to be sent: with the default limit they take an hour."""

_TEST_TEXTS = {
    Language.SW: "✅ Ujumbe wa majaribio: {business} imeunganishwa na inaweza kutuma ujumbe.",
    Language.EN: "✅ Test message: {business} is linked and can send messages.",
}


@dataclass(frozen=True, slots=True)
class ManualMessage:
    """What is to be sent: ``address`` is a customer's JID, ``quoted`` a message's id in the log.

    The same ``idempotency_key`` asks for the same message again, however often.
    """

    address: str
    text: str
    quoted: str | None = None
    idempotency_key: str | None = None
    purpose: Literal["manual", "test"] = "manual"

    def hash(self) -> bytes:
        """A digest that only the same message has."""
        parts = [self.address, self.text, self.quoted, self.purpose]
        return hashlib.sha256(orjson.dumps(parts)).digest()


@dataclass(frozen=True, slots=True)
class Recorded:
    """The row of a message; not ``is_new`` when the same was asked for before."""

    row: LoggedMessage
    is_new: bool


async def record(
    connection: Connection, tenant: Tenant, message: ManualMessage, *, key: bytes, now: datetime
) -> Recorded:
    """Log a message as QUEUED, its id fixed with the secret ``key``; within a transaction.

    It goes to the chat that its quote is from, else to the one in which the customer wrote last:
    WhatsApp knows a person under two addresses. Raises Conflict for an idempotency key that asked
    for something else and for a tenant linked to a wrong number, Invalid for an unknown quote,
    TooManyWaiting when MAX_WAITING others wait.
    """
    if tenant.session.account not in (None, tenant.phone_number):
        raise Conflict(
            f"nothing is sent: the phone linked is {tenant.session.account}, "
            f"the tenant's number {tenant.phone_number}"
        )
    contact = await contacts.resolve(connection, tenant.id, [alias(message.address)])
    last = await messages.last_inbound(connection, contact.id)
    quoted = None
    if message.quoted is not None:
        quoted = await messages.of_contact(connection, contact.id, message.quoted)
        if quoted is None:
            raise Invalid({"quoted": "is no message of this chat; give its id from the log"})
    chat_id = next((row.chat_id for row in (quoted, last) if row is not None), message.address)
    row = await messages.record_outbound(
        connection,
        tenant.id,
        Outbound(
            contact_id=contact.id,
            chat_id=chat_id,
            from_number=tenant.phone_number,
            to_number=phone_number(message.address)
            or (last.from_number if last is not None else message.address),
            text=message.text,
            wa_message_id=manual_id(key, tenant.id, message.idempotency_key or str(uuid.uuid4())),
            origin="api",
            purpose=message.purpose,
            in_reply_to=None,
            quoted_id=None if quoted is None else _key(quoted),
            wa_timestamp=now,
            idempotency_key=message.idempotency_key,
            request_hash=message.hash(),
        ),
    )
    if row is not None:
        if await messages.waiting_to_be_sent(connection, tenant.id) > MAX_WAITING:
            raise TooManyWaiting(
                f"{MAX_WAITING:,} messages of this tenant wait to be sent already; ask again when "
                f"some have left (the session is {tenant.session.state})"
            )
        await messages.done_by_answer(connection, contact.id, by="api")
        return Recorded(row, is_new=True)
    assert message.idempotency_key is not None  # noqa: S101 - a fresh id collides with nothing
    asked = await messages.asked_before(connection, tenant.id, message.idempotency_key)
    if asked is None or asked[1] != message.hash():
        raise Conflict("this idempotency_key was used for another message; use a new one")
    return Recorded(asked[0], is_new=False)


def trial_message(tenant: Tenant) -> ManualMessage:
    """A test for the owner, in the chat with the owner's own number; raises Conflict if none is
    linked."""
    account = tenant.session.account
    if account is None:
        raise Conflict(
            f"no phone is linked: the session is {tenant.session.state}; link one, and ask again"
        )
    text = _TEST_TEXTS[tenant.config.language].format(business=tenant.config.business_name)
    return ManualMessage(f"{account.removeprefix('+')}@c.us", text, purpose="test")


def _key(row: LoggedMessage) -> str:
    """The page's full key of a message: what came in brought its own along."""
    return row.trace.get("key") or f"true_{row.chat_id}_{row.wa_message_id}"
