"""The three states of a tenant's worker, and the reasons that explain them.

The names and values are fixed: they are the same in SQL, JSON and the pages. A session state is an
observation of WhatsApp, a worker status says what the task does, a tenant status follows both.
"""

from __future__ import annotations

from enum import StrEnum


class TenantStatus(StrEnum):
    NEW = "NEW"
    QR_PENDING = "QR_PENDING"
    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    ERROR = "ERROR"


class SessionState(StrEnum):
    DISCONNECTED = "DISCONNECTED"
    QR_READY = "QR_READY"
    CONNECTED = "CONNECTED"


class WorkerStatus(StrEnum):
    STOPPED = "STOPPED"
    RUNNING = "RUNNING"
    ERROR = "ERROR"


class Wanted(StrEnum):
    """What the operator wants of a worker; stored, so that a daemon restart brings it back."""

    RUNNING = "RUNNING"
    STOPPED = "STOPPED"


class TemplateType(StrEnum):
    """The templates that ship; further ones register under a name of their own."""

    BOOKING = "BOOKING"
    ECOMMERCE = "ECOMMERCE"
    SUPPORT = "SUPPORT"


class Language(StrEnum):
    SW = "SW"
    EN = "EN"


class Direction(StrEnum):
    IN = "IN"
    OUT = "OUT"


class SetupStatus(StrEnum):
    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    APPROVED = "APPROVED"
    ACTIVE = "ACTIVE"
    REJECTED = "REJECTED"
