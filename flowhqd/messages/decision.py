"""Whether and how a customer's message is answered: one pure decision, its reason kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flowhqd.messages.opting import asked_by, change_by
from flowhqd.messages.trace import Trace, newest_text
from flowhqd.replies import Answer, Business, Inquiry, answer
from flowhqd.replies.opting import Opting
from flowhqd.store.contacts import Conversation
from flowhqd.store.messages import LoggedMessage

# A follow-up ("tomorrow at ten") belongs to what was asked within this time.
FOLLOW_UP = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Situation:
    """All that is known when a message's turn comes; ``now`` is WhatsApp's time.

    ``hold`` is why nobody of this tenant is answered at the moment, such as "paused". Messages
    older than ``max_age`` are a person's; when it is zero, so is all that did not come live.
    """

    business: Business
    conversation: Conversation
    now: datetime
    hold: str | None
    max_age: timedelta
    is_looping: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """Send this; ``trace`` says why."""

    answer: Answer
    trace: Trace


@dataclass(frozen=True, slots=True)
class NoReply:
    """Send nothing, for this reason; ``trace`` has what it rests on."""

    reason: str
    trace: Trace = field(default_factory=Trace)


def decide(message: LoggedMessage, situation: Situation) -> Reply | NoReply:
    """The reply to one message, or the named reason why there is none."""
    conversation, now = situation.conversation, situation.now
    if "revoked_at" in message.trace:
        return NoReply("revoked")
    if situation.hold is not None:
        return NoReply(situation.hold)
    change = change_by(message, conversation)
    if conversation.opted_out_at is not None and change is None:
        return NoReply("opted_out")
    if asked_by(message) is Opting.OUT and change is None:
        return NoReply("overtaken")
    # Who opts out or in is told so even while the owner writes: else nobody would know of it.
    until = conversation.paused_until
    if until is not None and now < until and change is None:
        return NoReply("owner_active", Trace(until=until.isoformat()))
    if _is_too_old(message, situation):
        age = (now - message.wa_timestamp).total_seconds()
        most = situation.max_age.total_seconds()
        return NoReply("too_old", Trace(age_seconds=int(age), max_age_seconds=int(most)))
    if situation.is_looping:
        return NoReply("loop")
    recent = conversation.last_rule_at is not None and now - conversation.last_rule_at < FOLLOW_UP
    found = answer(
        situation.business,
        Inquiry(
            text=newest_text(message),
            now=now,
            message_type=message.message_type,
            away_until=conversation.away_until,
            previous_rule=conversation.last_rule if recent else None,
            has_opted_out=conversation.opted_out_at is not None,
        ),
    )
    if not isinstance(found, Answer):
        told = conversation.away_until
        return NoReply(found.reason, Trace(until=told.isoformat()) if told else Trace())
    return Reply(
        found,
        Trace(
            rule=found.rule,
            template=situation.business.template,
            language=str(found.language),
            found=dict(found.found),
        ),
    )


def _is_too_old(message: LoggedMessage, situation: Situation) -> bool:
    if not situation.max_age:
        return message.origin != "live"
    return situation.now - message.wa_timestamp > situation.max_age
