"""Trying out what a tenant's replies say to a message, without one being there."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema

from flowhqd.http.models import MAX_TEXT, Body, LanguageName, problem
from flowhqd.http.queries import FIRST_YEAR, LAST_YEAR
from flowhqd.http.services import Services
from flowhqd.http.views import View
from flowhqd.messages.answering import business_of
from flowhqd.replies import Answer, Inquiry, answer
from flowhqd.states import Language, SessionState, TenantStatus
from flowhqd.store.tenants import Tenant


def _moment(value: object) -> object:
    """A time as ISO 8601 has it; seconds and offset may be left out."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    # Zones reach a day over a year's ends, and the calendar has to have that day.
    if moment is None or not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise problem("must be a date and a time such as 2026-11-21T14:30")
    return moment


Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    WithJsonSchema({"type": "string", "examples": ["2026-11-21T14:30", "2026-11-21T11:30:00Z"]}),
]


class TrialBody(Body):
    """A message as a customer would type it.

    ``at`` is when it would come: now when left out; without an offset it is the business's own
    time. ``language`` stands in for the tenant's.
    """

    text: Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT)]
    at: Moment | None = None
    language: LanguageName | None = None


class TrialView(View):
    """What would be answered; ``text`` null when nothing, for the named ``reason``.

    ``rule`` is the rule that answers and ``key`` the text that it uses, ``is_own`` when the tenant
    wrote that. ``found`` is what was read out of the message, ``at`` the business's own time.
    ``held`` says why nobody is answered at this moment, whatever they write.
    """

    at: datetime
    is_open: bool
    held: str | None
    text: str | None = None
    reason: str | None = None
    rule: str | None = None
    key: str | None = None
    is_own: bool = False
    language: Language | None = None
    found: dict[str, str] = Field(default_factory=dict)


def try_out(daemon: Services, tenant: Tenant, trial: TrialBody) -> TrialView:
    """Run the tenant's template on a message of a customer who never wrote before.

    Nothing is sent, logged or remembered.
    """
    business = business_of(tenant)
    if trial.language is not None:
        business = replace(business, language=trial.language)
    now = trial.at or daemon.clock.now()
    if now.tzinfo is None:
        now = now.replace(tzinfo=business.zone)
    found = answer(business, Inquiry(trial.text, now))
    tried = TrialView(at=business.local(now), is_open=business.is_open(now), held=_held(tenant))
    if not isinstance(found, Answer):
        return tried.model_copy(update={"reason": found.reason})
    return tried.model_copy(
        update={
            "text": found.text,
            "rule": found.rule,
            "key": found.key,
            "is_own": business.own_text(found.key, found.language) is not None,
            "language": found.language,
            "found": dict(found.found),
        }
    )


def _held(tenant: Tenant) -> str | None:
    if tenant.status is TenantStatus.PAUSED:
        return "paused"
    if tenant.session.state is not SessionState.CONNECTED:
        return tenant.session.reason
    return None
