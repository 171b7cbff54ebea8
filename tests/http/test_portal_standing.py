"""What the status page says for every combination of states."""

from __future__ import annotations

from itertools import product

import pytest

from flowhqd.http.portal import outcomes, standing
from flowhqd.http.portal.standing import BECAUSE, TABLE, Since, Step, Tone
from flowhqd.reasons import Reason
from flowhqd.states import SessionState, SetupStatus, TenantStatus
from flowhqd.store.messages import InStatus, OutStatus
from web import catalogues

TENANTS = (None, *TenantStatus)
REQUESTS = (None, *SetupStatus)
TRANSLATED = {message.id for message in catalogues.read("sw") if message.string}


def is_said(text: str) -> bool:
    """Whether a text has its translation."""
    return text in TRANSLATED


@pytest.mark.parametrize(("tenant", "request_status"), list(product(TENANTS, REQUESTS)))
def test_every_combination_has_its_section(
    tenant: TenantStatus | None, request_status: SetupStatus | None
) -> None:
    said = TABLE[tenant, request_status]
    assert is_said(said.title)
    assert is_said(said.sentence)
    # A moment that is not there cannot be named.
    if tenant is None:
        assert said.since is not Since.TENANT
    if request_status is None:
        assert said.since not in {Since.SAVED, Since.SUBMITTED, Since.DECIDED}
    if request_status is SetupStatus.DRAFT:
        assert said.since not in {Since.SUBMITTED, Since.DECIDED}
    # Nobody is led to where their states do not let them in.
    if tenant is None:
        assert said.step in {Step.ASK, Step.FINISH, Step.CORRECT, Step.NOTHING}
    if said.step is Step.CORRECT:
        assert request_status is SetupStatus.REJECTED
    if said.step is Step.SWITCH_ON:
        assert tenant is TenantStatus.PAUSED


def test_the_table_is_whole() -> None:
    assert set(TABLE) == set(product(TENANTS, REQUESTS))


@pytest.mark.parametrize("request_status", REQUESTS)
def test_a_tenant_that_is_answered_for_is_all_set(request_status: SetupStatus | None) -> None:
    said = standing.section(TenantStatus.ACTIVE, request_status)
    assert (said.title, said.tone, said.place) == ("You're All Set!", Tone.GOOD, 4)


@pytest.mark.parametrize(
    ("request_status", "step", "place"),
    [
        (None, Step.ASK, 1),
        (SetupStatus.DRAFT, Step.FINISH, 1),
        (SetupStatus.SUBMITTED, Step.NOTHING, 2),
        (SetupStatus.REJECTED, Step.CORRECT, 1),
    ],
)
def test_the_way_to_a_tenant(request_status: SetupStatus | None, step: Step, place: int) -> None:
    said = standing.section(None, request_status)
    assert (said.step, said.place) == (step, place)


def test_an_approved_request_leads_to_the_code() -> None:
    for tenant in (TenantStatus.NEW, TenantStatus.QR_PENDING):
        said = standing.section(tenant, SetupStatus.APPROVED)
        assert (said.step, said.since, said.place) == (Step.LINK, Since.DECIDED, 3)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_words_for_the_owner(reason: Reason) -> None:
    because = standing.because_of(reason)
    assert is_said(because.sentence)
    failed = standing.section(
        TenantStatus.ERROR, None, session=SessionState.DISCONNECTED, reason=reason
    )
    assert (failed.sentence, failed.step) == (because.sentence, because.step)
    assert (failed.tone, failed.since) == (Tone.BAD, Since.TENANT)
    lost = standing.section(
        TenantStatus.ACTIVE, None, session=SessionState.DISCONNECTED, reason=reason
    )
    assert lost.title != "You're All Set!"
    assert lost.sentence == because.sentence
    assert lost.since is Since.SESSION
    assert (lost.tone is Tone.BUSY) == because.is_brief


def test_what_a_new_code_cures_and_what_not() -> None:
    cured = {reason for reason, because in BECAUSE.items() if because.step is Step.LINK}
    assert {Reason.LOGGED_OUT, Reason.AUTH_FAILURE, Reason.QR_TIMEOUT} <= cured
    assert not {Reason.RESTRICTED, Reason.STOPPED, Reason.NETWORK} & cured


def test_an_unknown_reason_is_ours_to_look_at() -> None:
    because = standing.because_of("from another version")
    assert because.step is Step.NOTHING
    assert is_said(because.sentence)


def test_every_outcome_of_a_message_has_words() -> None:
    for direction, statuses in (("IN", InStatus), ("OUT", OutStatus)):
        for status in statuses:
            assert is_said(outcomes.status_of(direction, status)[0])
    assert outcomes.status_of("OUT", "FAILED") != outcomes.status_of("IN", "FAILED")
    for reason in (*outcomes.REASONS, "of another version"):
        assert is_said(outcomes.reason_of(reason))
    assert outcomes.reason_of(None) == ""
    for kind in (*outcomes.KINDS, "of another version"):
        assert is_said(outcomes.kind_of(kind))
    assert outcomes.kind_of("chat") == ""
