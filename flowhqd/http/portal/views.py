"""What JSON shows to a tenant's owner: nothing that is the operator's alone."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from uuid import UUID

from flowhqd.http.views import (
    ConfigView,
    SetupRequestView,
    TenantView,
    View,
)
from flowhqd.states import Direction, SessionState, TenantStatus, WorkerStatus


class OwnSession(View):
    """What WhatsApp reports; ``action`` says what a person should do, empty when nothing."""

    state: SessionState
    last_seen_at: datetime | None
    reason: str
    since: datetime
    action: str


class OwnWorker(View):
    """What the worker does; ``derived`` refines its status for people."""

    status: WorkerStatus
    derived: str
    reason: str
    since: datetime
    action: str


class OwnTenant(View):
    """A user's tenant; ``name`` is the business's, not the one that the operator calls it by."""

    id: UUID
    name: str
    phone_number: str
    status: TenantStatus
    config: ConfigView
    session: OwnSession
    worker: OwnWorker
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, tenant: TenantView) -> Self:
        """What of the operator's view is the owner's to see."""
        return cls(
            id=tenant.id,
            name=tenant.config.business_name,
            phone_number=tenant.phone_number,
            status=tenant.status,
            config=tenant.config,
            session=OwnSession.model_validate(tenant.session),
            worker=OwnWorker.model_validate(tenant.worker),
            created_at=tenant.created_at,
            updated_at=tenant.updated_at,
        )


class OwnQr(View):
    """The code to scan now as a PNG data URL; without a tenant all is null."""

    state: SessionState | None = None
    qr: str | None = None
    seq: int = 0
    expires_at: datetime | None = None


class OwnMessage(View):
    """A message in or out, and what became of it."""

    id: UUID
    direction: Direction
    from_number: str | None
    to_number: str | None
    message_text: str
    message_type: str
    wa_message_id: str
    status: str
    reason: str | None
    created_at: datetime


class OwnStatus(View):
    """A user's tenant and set-up request, each null as long as there is none."""

    tenant: OwnTenant | None
    setupRequest: SetupRequestView | None  # noqa: N815 - a name of the API


class OwnLog(View):
    """Some of the messages; ``next`` is the cursor of the next page, null on the last."""

    logs: list[OwnMessage]
    next: str | None


class SetupRequestAnswer(View):
    setupRequest: SetupRequestView  # noqa: N815 - a name of the API
