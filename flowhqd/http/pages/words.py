"""States as pages show them: their names stay, a tone and a sentence are added."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from flowhqd.http.views import TenantView
from flowhqd.reasons import EXPLANATIONS, Reason
from flowhqd.states import SessionState, TenantStatus

TONES: Mapping[str, str] = MappingProxyType(
    {
        "ACTIVE": "good",
        "CONNECTED": "good",
        "RUNNING": "good",
        "ANSWERED": "good",
        "SENT": "good",
        "DELIVERED": "good",
        "READ": "good",
        "APPROVED": "good",
        "VERIFIED": "good",
        "QR_PENDING": "busy",
        "QR_READY": "busy",
        "STARTING": "busy",
        "RECONNECTING": "busy",
        "RECEIVED": "busy",
        "QUEUED": "busy",
        "SUBMITTED": "busy",
        "INVITED": "busy",
        "NO SANDBOX": "bad",
        "ERROR": "bad",
        "STALE": "bad",
        "FAILED": "bad",
        "UNKNOWN": "bad",
        "QUEUE_FULL": "bad",
        "REJECTED": "bad",
        "DISABLED": "bad",
        "NOT VERIFIED": "bad",
    }
)
"""How a state looks; the others are idle. The sign before each word says the same as its colour."""


def tone(state: str) -> str:
    """Good, busy, bad or idle."""
    return TONES.get(state, "idle")


def why(tenant: TenantView) -> str:
    """The reason code that tells most of how a tenant is.

    A worker says that it is connected for a while after the session was lost.
    """
    if tenant.status is TenantStatus.PAUSED:
        return Reason.PAUSED
    if tenant.worker.reason == Reason.CONNECTED and tenant.session.state != SessionState.CONNECTED:
        return tenant.session.reason
    return tenant.worker.reason


def wants_code(reason: str) -> bool:
    """Whether a new code is what a reason code asks for."""
    return reason in (Reason.QR_TIMEOUT, Reason.AUTH_FAILURE, Reason.LOGGED_OUT)


def what(reason: str) -> str:
    """What a reason code means; the code itself when it is none of ours."""
    try:
        return EXPLANATIONS[Reason(reason)].what
    except ValueError:
        return reason
