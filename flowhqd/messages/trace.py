"""Why a message was answered or not, and how a reply left: the facts, and sentences of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypedDict

from flowhqd.states import Direction
from flowhqd.store.messages import InStatus, OutStatus

if TYPE_CHECKING:
    from flowhqd.store.messages import LoggedMessage

BY_CUSTOMER = "customer"
"""``settled_by`` of what the customer deleted."""


class Edit(TypedDict):
    """The text a customer gave a message instead, and when we heard of it."""

    text: str
    at: str


class Trace(TypedDict, total=False):
    """What ``message_log.trace`` may hold; status, reason and error are columns of their own.

    Times are ISO 8601, durations whole seconds. A row has what applies to it and no more.
    """

    key: str
    """IN: the page's own key of the message."""
    late_seconds: int
    """IN, found after a gap: how long after WhatsApp took it, by WhatsApp's clock."""
    rule: str
    """The rule that answered, with the template, the language and what it found in the text."""
    template: str
    language: str
    found: dict[str, str]
    waited_seconds: int
    """How long the rate limit's window was waited for."""
    limit: int
    """SUPPRESSED: the limit that was reached, and whether this customer was asked to slow down."""
    warned: bool
    waiting: int
    """QUEUE_FULL: how many messages of the chat waited, and whether the customer was told."""
    asked_to_wait: bool
    age_seconds: int
    """too_old: its age by WhatsApp's clock, and the age up to which is answered."""
    max_age_seconds: int
    until: str
    """owner_active, hours: until when nobody is answered."""
    unreadable_seconds: int
    """How long the message could not be decrypted."""
    opting: str
    """IN: opt_out or opt_in, when it changed whether its customer is answered."""
    edits: list[Edit]
    """Texts that the customer put in its place later; message_text stays what came first. A message
    whose turn comes after an edit is answered by the newest."""
    edited_before: bool
    """IN: it was edited before it came, so that message_text is the text of that edit."""
    revoked_at: str
    """When we heard that the customer deleted it for everyone."""
    look_ups: list[str]
    """OUT: what the page said when it was asked for the message: absent, held, refused, left or
    undecidable."""


def newest_text(row: LoggedMessage) -> str:
    """A message's text after its last edit."""
    edits: list[Edit] = row.trace.get("edits", [])
    return edits[-1]["text"] if edits else row.message_text


def story(row: LoggedMessage) -> list[str]:
    """What happened to a message, in sentences for a person; pure and total."""
    return list(_inbound(row) if row.direction is Direction.IN else _outbound(row))


_NOT_ANSWERED = {
    "paused": "Not answered: the tenant was paused.",
    "wrong_number": "Not answered: the phone linked was not the tenant's.",
    "opted_out": "Not answered: this customer opted out, or the owner wants it so.",
    "overtaken": "Not answered: the customer had opted in again when it was found.",
    "owner_active": "Not answered: the owner had written in this chat{until}.",
    "owner_answered": "Not answered: the owner had answered on the phone.",
    "too_old": "Not answered: it was {age} old when its turn came; up to {max_age} is answered.",
    "loop": "Not answered: after so many replies in ten minutes this may be another machine.",
    "hours": "Not answered: the business was closed, and this customer had been told so{until}.",
    "undecryptable": "Not answered: WhatsApp Web could not decrypt it; open it on the phone.",
    "revoked": "Not answered: the customer deleted it before its turn came.",
}
_WHAT = {
    "reply": "The answer of the template.",
    "away": "The text for a closed business, told once until it opens.",
    "wait": "The request to wait that a full queue gets once.",
    "warning": "The one request to slow down of this window of the rate limit.",
    "manual": "Asked for by a person or a program.",
    "test": "A test for the owner.",
}
_LOOKED_UP = {
    "absent": "it was not there",
    "held": "it was there and had not left",
    "refused": "WhatsApp had refused it",
    "left": "it had left",
    "undecidable": "the page could not tell",
}
_NOT_SENT = {
    "send_failed": "Not sent: two tries failed",
    "recipient_unknown": "Not sent: WhatsApp knows nobody under this number",
    "wrong_number": "Not sent: the phone linked was not the tenant's",
    "failed": "Not sent: flowhqd failed",
}
_SETTLED = {
    "phone": "The owner wrote to the customer on the phone since.",
    "api": "A message was sent to the customer from here since.",
}
_OPTING = {
    "opt_out": "By it the customer opted out: nothing they write is answered until they opt in.",
    "opt_in": "By it the customer opted in again.",
}
_LANGUAGES = {"SW": "Swahili", "EN": "English"}


def _inbound(row: LoggedMessage) -> Iterator[str]:
    trace = row.trace
    if row.origin == "live":
        yield "Came in live."
    elif "late_seconds" in trace:
        late = _duration(trace["late_seconds"])
        yield f"Was found after a gap, {late} after WhatsApp took it."
    else:
        yield "Was found after a gap."
    if "unreadable_seconds" in trace:
        yield f"Could not be decrypted for {_duration(trace['unreadable_seconds'])}."
    if edits := trace.get("edits"):
        times = "once" if len(edits) == 1 else f"{len(edits)} times"
        yield f"The customer edited it {times}; its text here is the one that came first."
    elif trace.get("edited_before"):
        yield "The customer had edited it before it came."
    if "revoked_at" in trace:
        yield "The customer deleted it for everyone; it is kept here."
    yield _outcome(row)
    if "opting" in trace:
        yield _OPTING.get(trace["opting"], f"It changed who is answered: {trace['opting']}.")
    yield from _settled(row)


def _settled(row: LoggedMessage) -> Iterator[str]:
    is_told = row.status == InStatus.ANSWERED or row.settled_by == BY_CUSTOMER
    if row.settled_at is not None and not is_told:
        yield _SETTLED.get(row.settled_by or "", f"Seen to by {row.settled_by}.")


def _outcome(row: LoggedMessage) -> str:
    trace = row.trace
    match row.status:
        case InStatus.RECEIVED:
            return "Waits for its turn."
        case InStatus.ANSWERED:
            return _answered(trace)
        case InStatus.SUPPRESSED:
            warned = ", and this customer was asked to slow down" if trace.get("warned") else ""
            limit = f" of {trace['limit']} replies" if "limit" in trace else ""
            return f"Not answered: the tenant's limit{limit} in one window was reached{warned}."
        case InStatus.QUEUE_FULL:
            asked = ", and the customer was asked to wait" if trace.get("asked_to_wait") else ""
            many = trace.get("waiting", "as many as may wait")
            return f"Not answered: of this chat's messages {many} were waiting already{asked}."
        case InStatus.FAILED:
            return f"Not answered: flowhqd failed: {row.error or 'no more is known'}"
    told = _NOT_ANSWERED.get(row.reason or "")
    if told is None:
        return f"Not answered: {row.reason or 'no reason given'}."
    return told.format(
        until=f", until {_time(trace['until'])}" if "until" in trace else "",
        age=_duration(trace.get("age_seconds", 0)),
        max_age=_duration(trace.get("max_age_seconds", 0)),
    )


def _answered(trace: dict[str, Any]) -> str:
    if "rule" not in trace:
        return "Answered."
    told = f"Answered by the rule {trace['rule']}"
    if "template" in trace:
        told += f" of {trace['template']}"
    if "language" in trace:
        told += f" in {_LANGUAGES.get(trace['language'], trace['language'])}"
    if found := trace.get("found"):
        told += ", having found " + ", ".join(f"{name} {value}" for name, value in found.items())
    return f"{told}{_waited(trace)}."


def _waited(trace: dict[str, Any]) -> str:
    if "waited_seconds" not in trace:
        return ""
    return f", after {_duration(trace['waited_seconds'])} of waiting for the rate limit"


def _outbound(row: LoggedMessage) -> Iterator[str]:
    trace = row.trace
    yield _WHAT.get(row.purpose or "", "A message of ours.")
    if row.origin == "api" and "waited_seconds" in trace:
        yield f"Waited {_duration(trace['waited_seconds'])} for the rate limit."
    if look_ups := trace.get("look_ups"):
        found = "; then ".join(_LOOKED_UP.get(each, each) for each in look_ups)
        yield f"WhatsApp Web was asked for it before another try: {found}."
    match row.status:
        case OutStatus.QUEUED if row.attempts:
            yield "Was given to WhatsApp Web, which has not said yet that it left."
        case OutStatus.QUEUED:
            yield "Waits to be sent."
        case OutStatus.SENT:
            yield f"WhatsApp has it{_tries(row)}."
        case OutStatus.DELIVERED:
            yield f"It reached the customer's phone{_tries(row)}."
        case OutStatus.READ:
            yield f"The customer read it{_tries(row)}."
        case OutStatus.UNKNOWN:
            yield (
                "Nobody can tell whether it left, so it is not sent again: look at the chat on the "
                "phone."
            )
        case OutStatus.FAILED:
            why = _NOT_SENT.get(row.reason or "", f"Not sent: {row.reason or 'no reason given'}")
            yield f"{why}: {row.error}" if row.error else f"{why}."
    yield from _settled(row)


def _tries(row: LoggedMessage) -> str:
    return f", after {row.attempts} tries" if row.attempts > 1 else ""


def _duration(seconds: float) -> str:
    seconds = max(int(seconds), 0)
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 7200:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h" if seconds < 172_800 else f"{seconds // 86_400} days"


def _time(text: str) -> str:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
