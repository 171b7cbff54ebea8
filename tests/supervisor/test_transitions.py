from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from uuid import uuid4

import pytest

from flowhqd.reasons import EXPLANATIONS, Reason, action
from flowhqd.states import SessionState, TenantStatus, WorkerStatus
from flowhqd.store import states, tenants
from flowhqd.store.database import Database
from flowhqd.supervisor.transitions import Happened, Known, after, change, known_of
from tests.tenants import new_tenant

KEPT = None


@dataclass(frozen=True)
class Expected:
    """A line of the table in docs/architecture.md, "States", written out by hand."""

    session: str | None
    tenant: str | None
    worker: str | None
    reason: str
    error: bool = False


# fmt: off
BY_HAND = {
    "STARTED":       Expected(KEPT,           "QR_PENDING", "RUNNING", "starting"),
    "QR_SHOWN":      Expected("QR_READY",     "QR_PENDING", "RUNNING", "awaiting_scan"),
    "LINKED":        Expected("DISCONNECTED", KEPT,         "RUNNING", "syncing"),
    "READY":         Expected("CONNECTED",    "ACTIVE",     "RUNNING", "connected"),
    "LOST":          Expected("DISCONNECTED", KEPT,         KEPT,      "network"),
    "LOST_FOR_LONG": Expected("DISCONNECTED", "ERROR",      "ERROR",   "network", error=True),
    "AUTH_FAILED":   Expected("DISCONNECTED", "ERROR",      "ERROR",   "auth_failure", error=True),
    "LOGGED_OUT":    Expected("DISCONNECTED", "ERROR",      "ERROR",   "logged_out", error=True),
    "QR_TIMED_OUT":  Expected("DISCONNECTED", "QR_PENDING", "STOPPED", "qr_timeout"),
    "GAVE_UP":       Expected("DISCONNECTED", "ERROR",      "ERROR",   "network", error=True),
    "NUMBER_IN_USE": Expected("DISCONNECTED", "ERROR",      "ERROR",   "number_in_use", error=True),
    "WRONG_NUMBER":  Expected("CONNECTED",    "ERROR",      "RUNNING", "wrong_number", error=True),
    "STOPPED":       Expected("DISCONNECTED", KEPT,         "STOPPED", "stopped"),
    "STALE":         Expected(KEPT,           "ERROR",      "ERROR",   "stale", error=True),
    "PAUSED":        Expected(KEPT,           "PAUSED",     KEPT,      "paused"),
    "RESUMED":       Expected(KEPT,           "follows",    KEPT,      "resumed"),
}
# fmt: on

EVERYTHING_KNOWN = [
    Known(tenant, session, worker, has_login, was_started, is_wrong_number)
    for tenant, session, worker, has_login, was_started, is_wrong_number in product(
        TenantStatus, SessionState, WorkerStatus, (False, True), (False, True), (False, True)
    )
]

NEW = Known(
    TenantStatus.NEW,
    SessionState.DISCONNECTED,
    WorkerStatus.STOPPED,
    has_login=False,
    was_started=False,
    is_wrong_number=False,
)


def resumed(known: Known) -> str:
    """What follows from the session for a tenant that is resumed."""
    if known.worker == "ERROR":
        return "ERROR"
    if known.is_wrong_number:
        return "ERROR"
    if known.session == "CONNECTED":
        return "ACTIVE"
    if known.session == "QR_READY":
        return "QR_PENDING"
    if known.has_login:
        return "ACTIVE"
    return "QR_PENDING" if known.was_started else "NEW"


def expected_tenant(happened: Happened, known: Known) -> str | None:
    """The tenant's column, with its three exceptions."""
    if happened is Happened.RESUMED:
        return resumed(known)
    if known.tenant == "PAUSED":
        return KEPT  # A pause is a person's wish and ends by another one only.
    if happened is Happened.STARTED and known.has_login:
        return KEPT
    return BY_HAND[happened.name].tenant


def test_the_table_by_hand_names_everything_that_happens() -> None:
    assert BY_HAND.keys() == {happened.name for happened in Happened}


@pytest.mark.parametrize("happened", Happened, ids=lambda happened: happened.name)
def test_an_event_does_what_the_table_says_from_every_state(happened: Happened) -> None:
    line = BY_HAND[happened.name]
    for known in EVERYTHING_KNOWN:
        done = change(happened, known)
        assert done.session == line.session, known
        assert done.tenant == expected_tenant(happened, known), known
        assert done.worker == line.worker, known
        assert done.reason == line.reason
        assert done.last_error == (line.reason if line.error else None)
        assert done.clear_error is (happened is Happened.READY)
        assert after(known, done) == Known(
            done.tenant or known.tenant,
            done.session or known.session,
            done.worker or known.worker,
            known.has_login,
            known.was_started or line.worker == "RUNNING",
            # Only a session that connects tells whose phone it is.
            happened is Happened.WRONG_NUMBER
            or (known.is_wrong_number and happened is not Happened.READY),
        )


@pytest.mark.parametrize("happened", Happened, ids=lambda happened: happened.name)
def test_a_finer_reason_and_a_detail_take_the_tables_place(happened: Happened) -> None:
    known = EVERYTHING_KNOWN[0]
    done = change(happened, known, reason=Reason.PAGE_HUNG, detail="no answer for 10 s")
    assert (done.reason, done.detail) == (Reason.PAGE_HUNG, "no answer for 10 s")
    assert done.last_error == ("no answer for 10 s" if BY_HAND[happened.name].error else None)


def test_every_reason_is_explained_and_every_error_has_a_way_out() -> None:
    assert EXPLANATIONS.keys() == set(Reason)
    assert all(explained.what.endswith(".") for explained in EXPLANATIONS.values())
    for line in BY_HAND.values():
        if line.error:
            assert action(line.reason), line.reason
    assert action("a reason of tomorrow") == ""


@pytest.mark.parametrize("happened", Happened, ids=lambda happened: happened.name)
async def test_the_database_takes_every_change_and_audits_it(
    happened: Happened, database: Database
) -> None:
    async with database.transaction() as connection:
        tenant_id = await new_tenant(connection)
        before = await tenants.get(connection, tenant_id)
        known = known_of(before)
        assert known == NEW
        done = change(happened, known, detail="told by hand")
        await states.apply(connection, tenant_id, done, actor="admin")
        found = await tenants.get(connection, tenant_id)
        audited = await connection.fetch("select * from audit where tenant_id = $1", tenant_id)

    assert (found.status, found.session.state, found.worker.status) == (
        done.tenant or known.tenant,
        done.session or known.session,
        done.worker or known.worker,
    )
    line = BY_HAND[happened.name]
    if line.session:
        assert (found.session.reason, found.session.detail) == (line.reason, "told by hand")
    if line.worker:
        assert (found.worker.reason, found.worker.detail) == (line.reason, "told by hand")
    assert found.worker.last_error == ("told by hand" if line.error else None)
    assert (found.worker.last_error_at is None) is not line.error
    assert (found.session.last_seen_at is not None) is (line.session == "CONNECTED")
    changed = {
        name: value
        for name, value in [
            ("tenant", done.tenant),
            ("session", done.session),
            ("worker", done.worker),
        ]
        if value
    }
    assert [(row["actor"], row["action"], row["detail"]) for row in audited] == [
        ("admin", "state", {**changed, "reason": line.reason, "detail": "told by hand"})
    ]


async def test_an_error_stays_to_be_read_until_the_session_is_ready(database: Database) -> None:
    async with database.transaction() as connection:
        tenant_id = await new_tenant(connection)
        known = NEW
        errors = []
        for happened in (Happened.GAVE_UP, Happened.STOPPED, Happened.STARTED, Happened.READY):
            done = change(happened, known, detail=happened.name)
            await states.apply(connection, tenant_id, done, actor="worker")
            known = after(known, done)
            errors.append((await tenants.get(connection, tenant_id)).worker.last_error)
    assert errors == ["GAVE_UP", "GAVE_UP", "GAVE_UP", None]


@pytest.mark.parametrize(
    ("linked", "events", "becomes"),
    [
        ("own", ["STARTED", "READY"], "ACTIVE"),
        # Regression: a pause made an ACTIVE tenant of one whose phone is not its own.
        ("other", ["STARTED", "WRONG_NUMBER"], "ERROR"),
        ("other", ["STARTED", "WRONG_NUMBER", "STOPPED"], "ERROR"),
        # Regression: a tenant whose codes nobody scanned became one that was never started.
        (None, ["STARTED", "QR_SHOWN", "QR_TIMED_OUT"], "QR_PENDING"),
        (None, ["STARTED", "STOPPED"], "QR_PENDING"),
        (None, [], "NEW"),
    ],
)
async def test_a_pause_that_ends_leaves_what_was_there_before_it(
    linked: str | None, events: list[str], becomes: str, database: Database
) -> None:
    async with database.transaction() as connection:
        tenant_id = await new_tenant(connection)
        if linked is not None:
            own = (await tenants.get(connection, tenant_id)).phone_number
            account = own if linked == "own" else own.replace("+25570", "+25578")
            link = states.Link(account, None, "native", None, {})
            await states.link(connection, tenant_id, link, server_now=datetime.now(UTC))
        for name in (*events, "PAUSED", "RESUMED"):
            known = known_of(await tenants.get(connection, tenant_id))
            done = change(Happened[name], known)
            await states.apply(connection, tenant_id, done, actor="admin")
        assert (await tenants.get(connection, tenant_id)).status == becomes


async def test_a_change_of_no_tenant_changes_nothing(database: Database) -> None:
    nobody = uuid4()
    done = change(Happened.READY, EVERYTHING_KNOWN[0])
    async with database.transaction() as connection:
        tenant_id = await new_tenant(connection)
        before = await tenants.get(connection, tenant_id)
        await states.apply(connection, nobody, done, actor="worker")
        assert await tenants.get(connection, tenant_id) == before
