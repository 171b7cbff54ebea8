"""What the owner's status page says: where they stand, and what comes next. Pure.

``TABLE`` has every combination of a tenant's status and its set-up request's, None for there being
none. What the status alone does not tell, the worker's reason does: ``BECAUSE``. The texts are
translated where they are shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import product
from types import MappingProxyType

from flowhqd.http.portal.i18n import N_
from flowhqd.reasons import Reason
from flowhqd.states import SessionState, SetupStatus, TenantStatus


class Step(StrEnum):
    """What the owner can do next, a link or a button each; NOTHING when it is not their turn."""

    ASK = "ask"
    FINISH = "finish"
    CORRECT = "correct"
    LINK = "link"
    SWITCH_ON = "switch_on"
    GREET = "greet"
    NOTHING = "nothing"


class Since(StrEnum):
    """Which moment a section counts from."""

    NEVER = "never"
    SAVED = "saved"
    SUBMITTED = "submitted"
    DECIDED = "decided"
    TENANT = "tenant"
    SESSION = "session"


class Tone(StrEnum):
    """How a section looks; its title says the same."""

    GOOD = "good"
    BUSY = "busy"
    BAD = "bad"
    IDLE = "idle"


@dataclass(frozen=True, slots=True)
class Section:
    """What is, since when, and what to do next; ``place`` counts the way there from 1 to 4."""

    title: str
    sentence: str
    step: Step
    since: Since
    tone: Tone
    place: int


@dataclass(frozen=True, slots=True)
class Because:
    """A worker's reason in words for the owner, who cannot look at the host.

    ``is_brief`` says that it usually ends by itself before anybody can do something.
    """

    sentence: str
    step: Step = Step.NOTHING
    is_brief: bool = False


_WELCOME = Section(
    N_("Welcome! Let us set up your bot"),
    N_("Tell us about your business. It takes two minutes, and you can stop and go on later."),
    Step.ASK, Since.NEVER, Tone.IDLE, 1,
)  # fmt: skip
_DRAFT = Section(
    N_("Your request is not sent yet"),
    N_("What you wrote is kept. Finish it and send it to us."),
    Step.FINISH, Since.SAVED, Tone.IDLE, 1,
)  # fmt: skip
_SUBMITTED = Section(
    N_("We have your request"),
    N_("We are looking at it. You have nothing to do; come back here for the answer."),
    Step.NOTHING, Since.SUBMITTED, Tone.BUSY, 2,
)  # fmt: skip
_APPROVED = Section(
    N_("Approved! One step is left"),
    N_("Link the WhatsApp of your business with a code. Have the phone at hand."),
    Step.LINK, Since.DECIDED, Tone.BUSY, 3,
)  # fmt: skip
_REJECTED = Section(
    N_("Something in your request has to change"),
    N_("Read our note, correct your request and send it again."),
    Step.CORRECT, Since.DECIDED, Tone.BAD, 1,
)  # fmt: skip
_TO_LINK = Section(
    N_("Your WhatsApp is not linked"),
    N_("Link it with a code, and your bot answers. Have the phone at hand."),
    Step.LINK, Since.TENANT, Tone.BUSY, 3,
)  # fmt: skip
_ALL_SET = Section(
    N_("You're All Set!"),
    N_("Your bot answers your customers on WhatsApp. Try it: write to your business from another "
       "phone."),
    Step.GREET, Since.TENANT, Tone.GOOD, 4,
)  # fmt: skip
_OFF = Section(
    N_("Your bot is switched off"),
    N_("Messages are kept in your list, and nobody gets an answer until you switch it on."),
    Step.SWITCH_ON, Since.TENANT, Tone.IDLE, 4,
)  # fmt: skip
_FAILED = Section(
    N_("Your bot does not answer now"),
    N_("Something stopped it."),
    Step.LINK, Since.TENANT, Tone.BAD, 4,
)  # fmt: skip
_AWAY = replace(_FAILED, title=N_("Your bot is coming back"), since=Since.SESSION, tone=Tone.BUSY)

_REQUESTS = (None, *SetupStatus)


def _row(section: Section, **others: Section) -> dict[SetupStatus | None, Section]:
    """One line of the table: the same for every request but the ``others``."""
    return {status: others.get(status.name if status else "NONE", section) for status in _REQUESTS}


_ROWS: Mapping[TenantStatus | None, dict[SetupStatus | None, Section]] = {
    # Approval makes the tenant, and its deletion takes the request along: the last two are brief.
    None: _row(
        _WELCOME, DRAFT=_DRAFT, SUBMITTED=_SUBMITTED, REJECTED=_REJECTED, APPROVED=_SUBMITTED,
    ),
    # A tenant that the operator made speaks for itself, until a request concerns it.
    TenantStatus.NEW: _row(_TO_LINK, SUBMITTED=_SUBMITTED, APPROVED=_APPROVED, REJECTED=_REJECTED),
    TenantStatus.QR_PENDING: _row(_TO_LINK, APPROVED=_APPROVED),
    TenantStatus.ACTIVE: _row(_ALL_SET),
    TenantStatus.PAUSED: _row(_OFF),
    TenantStatus.ERROR: _row(_FAILED),
}  # fmt: skip

TABLE: Mapping[tuple[TenantStatus | None, SetupStatus | None], Section] = MappingProxyType(
    {(tenant, request): _ROWS[tenant][request] for tenant, request in product(_ROWS, _REQUESTS)}
)
"""What to say for each combination."""

_BY_ITSELF = Because(
    N_("The connection was lost. It comes back by itself, usually in a minute."), is_brief=True
)
_OURS = Because(N_("The trouble is on our side, and we have been told. You have nothing to do."))

BECAUSE: Mapping[Reason, Because] = MappingProxyType(
    {
        Reason.NEVER_STARTED: Because(N_("Your WhatsApp was never linked."), Step.LINK),
        Reason.STARTING: Because(
            N_("WhatsApp is being opened. This takes a moment."), is_brief=True
        ),
        Reason.AWAITING_SCAN: Because(N_("A code waits for your phone."), Step.LINK),
        Reason.SYNCING: Because(
            N_("Your phone is linked. Its messages are being fetched."), is_brief=True
        ),
        Reason.CONNECTED: Because(N_("Your WhatsApp is linked.")),
        Reason.DEGRADED: Because(
            N_("Your bot answers. A part of WhatsApp has changed, and we have been told.")
        ),
        Reason.PAUSED: Because(N_("Your bot was switched off."), Step.SWITCH_ON),
        Reason.RESUMED: Because(N_("Your bot was switched on.")),
        Reason.STOPPED: Because(N_("We stopped your bot. Ask us when it goes on.")),
        Reason.QR_TIMEOUT: Because(
            N_("Nobody used the code in time. Ask for a new one."), Step.LINK
        ),
        Reason.AUTH_FAILURE: Because(
            N_("WhatsApp no longer accepts the link with your phone. Link it again."), Step.LINK
        ),
        Reason.LOGGED_OUT: Because(
            N_("The link was ended, on your phone or by WhatsApp. Link it again."), Step.LINK
        ),
        Reason.WRONG_NUMBER: Because(
            N_("The phone that was linked has another number than your business here. "
               "Link the right phone, or ask us to change the number."), Step.LINK
        ),
        Reason.NUMBER_IN_USE: Because(
            N_("This phone already serves another business here. Link the phone of this one."),
            Step.LINK,
        ),
        Reason.RESTRICTED: Because(
            N_("WhatsApp has restricted your account. Open WhatsApp on the phone, read its notice "
               "and wait until it is over. Linking again and again makes it worse.")
        ),
        Reason.CONFLICT: _OURS,
        Reason.OUTDATED: _OURS,
        Reason.CAPABILITY_MISSING: _OURS,
        Reason.INJECT_TIMEOUT: _OURS,
        Reason.INTERNAL_ERROR: _OURS,
        Reason.STALE: _OURS,
        Reason.PROXY_BLOCKED: _OURS,
        Reason.DATABASE: _OURS,
        Reason.DISK_FULL: _OURS,
        Reason.NETWORK: _BY_ITSELF,
        Reason.LAUNCH_TIMEOUT: _BY_ITSELF,
        Reason.PAGE_TIMEOUT: _BY_ITSELF,
        Reason.SYNC_TIMEOUT: Because(
            N_("Your phone does not send its messages. Look that it is on and has internet.")
        ),
        Reason.BROWSER_LOST: _BY_ITSELF,
        Reason.PAGE_CRASHED: _BY_ITSELF,
        Reason.PAGE_HUNG: _BY_ITSELF,
        Reason.DAEMON_RESTARTED: _BY_ITSELF,
    }
)  # fmt: skip
assert BECAUSE.keys() == set(Reason)  # noqa: S101 - a table with a hole must not start


def section(
    tenant: TenantStatus | None,
    request: SetupStatus | None,
    *,
    session: SessionState = SessionState.CONNECTED,
    reason: str = Reason.CONNECTED,
) -> Section:
    """What the status page says; ``reason`` is why the session or the worker is as it is."""
    said = TABLE[tenant, request]
    is_lost = tenant is TenantStatus.ACTIVE and session is not SessionState.CONNECTED
    if tenant is not TenantStatus.ERROR and not is_lost:
        return said
    because = because_of(reason)
    if is_lost:
        said = _AWAY if because.is_brief else replace(_FAILED, since=Since.SESSION)
    return replace(said, sentence=because.sentence, step=because.step)


def because_of(reason: str) -> Because:
    """A worker's reason in words for the owner; of one that is unknown the operator will know."""
    try:
        return BECAUSE[Reason(reason)]
    except ValueError:
        return _OURS
