"""The one table of what an event does to the three states (docs/architecture.md, "States")."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto

from flowhqd.reasons import Reason
from flowhqd.states import SessionState, TenantStatus, WorkerStatus
from flowhqd.store.states import StateChange
from flowhqd.store.tenants import Tenant


class Happened(Enum):
    """What a worker can meet, and what people can do to it."""

    STARTED = auto()
    QR_SHOWN = auto()
    LINKED = auto()
    READY = auto()
    LOST = auto()
    LOST_FOR_LONG = auto()
    AUTH_FAILED = auto()
    LOGGED_OUT = auto()
    QR_TIMED_OUT = auto()
    GAVE_UP = auto()
    NUMBER_IN_USE = auto()
    WRONG_NUMBER = auto()
    STOPPED = auto()
    STALE = auto()
    PAUSED = auto()
    RESUMED = auto()


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; None leaves a state as it is."""

    session: SessionState | None
    tenant: TenantStatus | None
    worker: WorkerStatus | None
    reason: Reason
    is_error: bool = False


_GONE, _QR, _ON = SessionState.DISCONNECTED, SessionState.QR_READY, SessionState.CONNECTED
_PENDING, _ACTIVE, _ERROR = TenantStatus.QR_PENDING, TenantStatus.ACTIVE, TenantStatus.ERROR
_RUNS, _RESTS, _FAILED = WorkerStatus.RUNNING, WorkerStatus.STOPPED, WorkerStatus.ERROR

TABLE: dict[Happened, Row] = {
    Happened.STARTED: Row(None, _PENDING, _RUNS, Reason.STARTING),
    Happened.QR_SHOWN: Row(_QR, _PENDING, _RUNS, Reason.AWAITING_SCAN),
    Happened.LINKED: Row(_GONE, None, _RUNS, Reason.SYNCING),
    Happened.READY: Row(_ON, _ACTIVE, _RUNS, Reason.CONNECTED),
    # For the first minute a loss is only observed: most end by themselves.
    Happened.LOST: Row(_GONE, None, None, Reason.NETWORK),
    Happened.LOST_FOR_LONG: Row(_GONE, _ERROR, _FAILED, Reason.NETWORK, is_error=True),
    Happened.AUTH_FAILED: Row(_GONE, _ERROR, _FAILED, Reason.AUTH_FAILURE, is_error=True),
    Happened.LOGGED_OUT: Row(_GONE, _ERROR, _FAILED, Reason.LOGGED_OUT, is_error=True),
    Happened.QR_TIMED_OUT: Row(_GONE, _PENDING, _RESTS, Reason.QR_TIMEOUT),
    Happened.GAVE_UP: Row(_GONE, _ERROR, _FAILED, Reason.NETWORK, is_error=True),
    Happened.NUMBER_IN_USE: Row(_GONE, _ERROR, _FAILED, Reason.NUMBER_IN_USE, is_error=True),
    Happened.WRONG_NUMBER: Row(_ON, _ERROR, _RUNS, Reason.WRONG_NUMBER, is_error=True),
    Happened.STOPPED: Row(_GONE, None, _RESTS, Reason.STOPPED),
    Happened.STALE: Row(None, _ERROR, _FAILED, Reason.STALE, is_error=True),
    Happened.PAUSED: Row(None, TenantStatus.PAUSED, None, Reason.PAUSED),
    # What a resumed tenant becomes follows from its session; see below.
    Happened.RESUMED: Row(None, None, None, Reason.RESUMED),
}
assert TABLE.keys() == set(Happened)  # noqa: S101 - a table with a hole must not start


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a tenant before the event.

    ``is_wrong_number``: the linked phone is not the tenant's, so nobody is answered for.
    """

    tenant: TenantStatus
    session: SessionState
    worker: WorkerStatus
    has_login: bool
    was_started: bool
    is_wrong_number: bool


def known_of(tenant: Tenant) -> Known:
    """What the rows say of a tenant."""
    account = tenant.session.account
    return Known(
        tenant.status,
        tenant.session.state,
        tenant.worker.status,
        has_login=account is not None,
        was_started=tenant.worker.reason != Reason.NEVER_STARTED,
        is_wrong_number=account not in (None, tenant.phone_number),
    )


def change(
    happened: Happened, known: Known, *, reason: Reason | None = None, detail: str = ""
) -> StateChange:
    """What an event does to a tenant in the states ``known``; ``reason`` refines the table's."""
    row = TABLE[happened]
    why = reason or row.reason
    tenant = row.tenant
    if happened is Happened.STARTED and known.has_login:
        # A saved login needs no code: the tenant stays what it is until the session tells.
        tenant = None
    if happened is Happened.RESUMED:
        tenant = _resumed(known)
    elif known.tenant is TenantStatus.PAUSED:
        # Paused is what a person wants; nothing that merely happens ends it.
        tenant = None
    return StateChange(
        reason=why,
        detail=detail,
        tenant=tenant,
        session=row.session,
        worker=row.worker,
        last_error=(detail or str(why)) if row.is_error else None,
        clear_error=happened is Happened.READY,
    )


def after(known: Known, done: StateChange) -> Known:
    """What is known once a change was written."""
    is_wrong_number = known.is_wrong_number
    if done.session is SessionState.CONNECTED:
        is_wrong_number = done.reason == Reason.WRONG_NUMBER
    return replace(
        known,
        tenant=done.tenant or known.tenant,
        session=done.session or known.session,
        worker=done.worker or known.worker,
        was_started=known.was_started or done.worker is WorkerStatus.RUNNING,
        is_wrong_number=is_wrong_number,
    )


def _resumed(known: Known) -> TenantStatus:
    if known.worker is WorkerStatus.ERROR or known.is_wrong_number:
        return TenantStatus.ERROR
    match known.session:
        case SessionState.CONNECTED:
            return TenantStatus.ACTIVE
        case SessionState.QR_READY:
            return TenantStatus.QR_PENDING
    if known.has_login:
        return TenantStatus.ACTIVE
    return TenantStatus.QR_PENDING if known.was_started else TenantStatus.NEW
