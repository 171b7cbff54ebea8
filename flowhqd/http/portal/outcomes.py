"""What became of a message, in words for the owner; translated where they are shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from flowhqd.http import texts
from flowhqd.http.portal.i18n import N_, Reader
from flowhqd.http.portal.standing import Tone
from flowhqd.replies.opting import Opting
from flowhqd.store.messages import InStatus, OutStatus

STATUSES: Mapping[str, tuple[str, Tone]] = MappingProxyType(
    {
        InStatus.RECEIVED: (N_("Being answered"), Tone.BUSY),
        InStatus.ANSWERED: (N_("Answered"), Tone.GOOD),
        InStatus.SUPPRESSED: (N_("Not answered"), Tone.IDLE),
        InStatus.QUEUE_FULL: (N_("Not answered"), Tone.BAD),
        InStatus.UNANSWERED: (N_("Not answered"), Tone.IDLE),
        InStatus.FAILED: (N_("Not answered"), Tone.BAD),
        OutStatus.QUEUED: (N_("Waits to be sent"), Tone.BUSY),
        OutStatus.SENT: (N_("Sent"), Tone.GOOD),
        OutStatus.DELIVERED: (N_("Arrived"), Tone.GOOD),
        OutStatus.READ: (N_("Read"), Tone.GOOD),
        OutStatus.UNKNOWN: (N_("Perhaps sent"), Tone.BAD),
    }
)
"""Each status but an outbound FAILED, which shares its name with an inbound one."""
NOT_SENT = (N_("Not sent"), Tone.BAD)

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "paused": N_("Your bot was switched off."),
        "hours": N_("You were closed, and the customer had been told so."),
        "opted_out": N_("The bot leaves this person alone. See “Not to be answered”."),
        "overtaken": N_("When it was found, the customer had asked for answers again."),
        "owner_active": N_("You were writing with this customer yourself."),
        "owner_answered": N_("You had answered it yourself."),
        "too_old": N_("It came while the bot was away, and was found too late to answer."),
        "loop": N_("There were too many answers in this chat; perhaps a machine writes there."),
        "rate_limit": N_("Too many messages came at once."),
        "queue_full": N_("This customer sent too many messages at once."),
        "revoked": N_("The customer deleted it."),
        "undecryptable": N_("WhatsApp could not open it here. Read it on your phone."),
        "wrong_number": N_("The linked phone has another number than your business here."),
        "send_failed": N_("WhatsApp did not take it."),
        "recipient_unknown": N_("WhatsApp does not know this number."),
        "undecidable": N_("It cannot be found out whether WhatsApp took it. Look on your phone."),
        "failed": N_("Something went wrong on our side, and we have been told."),
    }
)  # fmt: skip
"""Why a message was not answered, or not sent, by the reason that the log has."""


def status_of(direction: str, status: str) -> tuple[str, Tone]:
    """A status in words, and how it looks."""
    if direction == "OUT" and status == OutStatus.FAILED:
        return NOT_SENT
    return STATUSES[status]


def reason_of(reason: str | None) -> str:
    """A reason in words; none when the message is as it should be."""
    return REASONS.get(reason, REASONS["failed"]) if reason else ""


OPTING: Mapping[str, str] = MappingProxyType(
    {
        Opting.OUT: N_("With it the customer asked for no more answers from the bot."),
        Opting.IN: N_("With it the customer asked for answers again."),
    }
)
"""What a message changed for its customer."""

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "image": N_("Picture"),
        "video": N_("Video"),
        "audio": N_("Audio"),
        "ptt": N_("Voice note"),
        "sticker": N_("Sticker"),
        "document": N_("Document"),
        "location": N_("Place"),
        "vcard": N_("Contact"),
        "multi_vcard": N_("Contact"),
        "ciphertext": N_("Sealed message"),
    }
)
"""Kinds of messages that are no plain text, by WhatsApp's name."""
OTHER_KIND = N_("Other message")


def kind_of(message_type: str) -> str:
    """What a message is when it is no plain text."""
    return "" if message_type == "chat" else KINDS.get(message_type, OTHER_KIND)


def notes_of(trace: Mapping[str, Any], reader: Reader) -> list[str]:
    """What else is known of a message, said to ``reader``; ``trace`` as the log has it."""
    return list(_notes(trace, reader))


def _notes(trace: Mapping[str, Any], reader: Reader) -> Iterator[str]:
    if "rule" in trace:
        rule = reader.say(texts.title(trace["rule"]))
        yield reader.say(N_("Recognised as: %(rule)s"), rule=rule)
    if found := trace.get("found"):
        yield reader.say(N_("Found in it: %(found)s"), found=", ".join(found.values()))
    if "late_seconds" in trace:
        minutes = reader.number(max(1, round(trace["late_seconds"] / 60)))
        yield reader.say(N_("It was found %(minutes)s minutes later."), minutes=minutes)
    if said := OPTING.get(trace.get("opting", "")):
        yield reader.say(said)
    for edit in trace.get("edits", ()):
        yield reader.say(N_("The customer changed it to: %(text)s"), text=edit["text"][:200])
    if "revoked_at" in trace:
        gone = REASONS["revoked"]
        yield reader.say(gone)
