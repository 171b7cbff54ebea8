"""What a customer says about being answered at all, and what it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowhqd.messages.trace import Trace, newest_text
from flowhqd.replies.opting import Opting, opting
from flowhqd.store import opt_outs

if TYPE_CHECKING:
    from flowhqd.store.contacts import Conversation
    from flowhqd.store.messages import LoggedMessage
    from flowhqd.store.pool import Connection


def asked_by(message: LoggedMessage) -> Opting | None:
    """Whether a message asks for no more answers, or for answers again."""
    if "revoked_at" in message.trace:
        return None
    return opting(newest_text(message), message.message_type)


def is_overtaken(message: LoggedMessage, conversation: Conversation) -> bool:
    """Whether the customer said otherwise after a message that was found only now."""
    return conversation.opting_at is not None and message.wa_timestamp < conversation.opting_at


def change_by(message: LoggedMessage, conversation: Conversation) -> Opting | None:
    """What a message changes: whom the owner does not want answered cannot opt in again."""
    asked = asked_by(message)
    if asked is None or is_overtaken(message, conversation):
        return None
    if asked is Opting.OUT:
        return asked if conversation.opted_out_at is None else None
    return asked if conversation.opted_out_by == opt_outs.CUSTOMER else None


async def heed(connection: Connection, message: LoggedMessage, conversation: Conversation) -> Trace:
    """Store what a message says about being answered, whatever else becomes of it.

    Goes into the transaction that settles the message; returns what the trace is to tell of it.
    """
    asked = asked_by(message)
    if asked is not None and not is_overtaken(message, conversation):
        await opt_outs.said(
            connection, message.contact_id, opts_out=asked is Opting.OUT, at=message.wa_timestamp
        )
    change = change_by(message, conversation)
    if change is None:
        return Trace()
    await opt_outs.record(
        connection,
        message.tenant_id,
        message.contact_id,
        is_out=change is Opting.OUT,
        by=opt_outs.CUSTOMER,
    )
    return Trace(opting=change)
