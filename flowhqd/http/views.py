"""What JSON shows: tenants, their log, their set-up requests, and the answers made of these.

The names are fixed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from flowhqd.messages.trace import story
from flowhqd.reasons import action
from flowhqd.states import (
    Direction,
    Language,
    SessionState,
    SetupStatus,
    TenantStatus,
    WorkerStatus,
)
from flowhqd.store.messages import LoggedMessage
from flowhqd.store.setup_requests import SetupRequest
from flowhqd.store.tenants import Tenant
from flowhqd.supervisor.live import LiveWorker, without_worker


class View(BaseModel):
    """Made from an object with attributes of the same names."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class LimitsView(View):
    """A tenant's own limits; null is what the daemon's settings say."""

    rate_limit_max_per_minute: int | None = None
    rate_limit_window_ms: int | None = None
    loop_breaker_max_replies: int | None = None
    reply_max_age_minutes: int | None = None
    owner_pause_minutes: int | None = None


class ConfigView(View):
    template_type: str
    business_name: str
    language: Language
    hours_json: dict[str, Any] | None
    limits: LimitsView


class SessionView(View):
    """What WhatsApp reports; ``action`` says what a person should do, empty when nothing."""

    state: SessionState
    last_seen_at: datetime | None
    reason: str
    detail: str
    since: datetime
    action: str
    provider: str | None
    web_version: str | None


class ReconnectView(View):
    active: bool
    attempt: int
    next_delay_ms: int | None


class QueueView(View):
    total: int
    chats: int


class DedupView(View):
    size: int
    hits: int


class RateLimitView(View):
    used: int
    limit: int
    resets_at: datetime | None
    warning_sent: bool


class WorkerView(View):
    """What the worker does; ``derived`` refines its status for people."""

    status: WorkerStatus
    derived: str
    worker_name: str
    last_error: str | None
    reason: str
    detail: str
    since: datetime
    action: str
    heartbeat_at: datetime | None
    reconnect: ReconnectView
    queue: QueueView
    dedup: DedupView
    rate_limit: RateLimitView


class TenantView(View):
    """A tenant with everything that is known of it."""

    id: UUID
    name: str
    phone_number: str
    status: TenantStatus
    config: ConfigView
    session: SessionView
    worker: WorkerView
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, tenant: Tenant, live: LiveWorker) -> Self:
        """The view of a stored tenant and its worker as it is now."""
        session, worker = tenant.session, tenant.worker
        return cls(
            id=tenant.id,
            name=tenant.name,
            phone_number=tenant.phone_number,
            status=tenant.status,
            config=ConfigView.model_validate(tenant.config),
            session=SessionView(
                state=session.state,
                last_seen_at=session.last_seen_at,
                reason=session.reason,
                detail=session.detail,
                since=session.since,
                action=action(session.reason),
                provider=session.provider,
                web_version=session.web_version,
            ),
            worker=WorkerView(
                status=worker.status,
                derived=live.derived or without_worker(worker.reason),
                worker_name=worker.worker_name,
                last_error=worker.last_error,
                reason=worker.reason,
                detail=worker.detail,
                since=worker.since,
                action=action(worker.reason),
                heartbeat_at=worker.heartbeat_at,
                reconnect=ReconnectView.model_validate(live.reconnect),
                queue=QueueView.model_validate(live.queue),
                dedup=DedupView.model_validate(live.dedup),
                rate_limit=RateLimitView.model_validate(live.rate_limit),
            ),
            created_at=tenant.created_at,
            updated_at=tenant.updated_at,
        )


class LogView(View):
    """A message in or out, what became of it, and why.

    ``story`` says it in sentences; ``trace`` has the facts, as ``messages.trace.Trace``.
    """

    id: UUID
    direction: Direction
    from_number: str | None
    to_number: str | None
    message_text: str
    message_type: str
    wa_message_id: str
    status: str
    reason: str | None
    error: str | None
    trace: dict[str, Any]
    story: list[str]
    created_at: datetime

    @classmethod
    def of(cls, message: LoggedMessage) -> Self:
        """The view of a row of the log."""
        columns = cls.model_fields.keys() - {"story"}
        return cls(story=story(message), **{name: getattr(message, name) for name in columns})


class SetupRequestView(View):
    """A business's request for a tenant."""

    id: UUID
    tenant_id: UUID | None
    user_id: UUID
    template_type: str
    business_name: str
    language: Language
    whatsapp_number: str
    status: SetupStatus
    notes: str
    reviewer_note: str
    submitted_at: datetime | None
    decided_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, request: SetupRequest) -> Self:
        """The view of a stored request."""
        return cls.model_validate(request)


class QrView(View):
    """The code to scan now as a PNG data URL; null when there is none."""

    state: SessionState
    qr: str | None
    seq: int
    expires_at: datetime | None

    @classmethod
    def of(cls, tenant: Tenant) -> Self:
        """The code of a tenant's session."""
        session = tenant.session
        return cls(
            state=session.state,
            qr=session.last_qr,
            seq=session.qr_seq,
            expires_at=session.qr_expires_at,
        )


class PairingCodeView(View):
    """A code to type on the phone: eight characters."""

    code: str
    expires_at: datetime


class TenantAnswer(View):
    tenant: TenantView


class TenantWithLogs(View):
    """A tenant and its newest messages."""

    tenant: TenantView
    logs: list[LogView]


class TenantStatusAnswer(View):
    """A tenant and the set-up request that led to it."""

    tenant: TenantView
    setupRequest: SetupRequestView | None  # noqa: N815 - a name of the API


class TodayView(View):
    """Messages since midnight, by the tenant's own calendar."""

    inbound: int
    outbound: int


class ListedTenant(TenantView):
    """A tenant of the list."""

    messages_today: TodayView


class TenantPage(View):
    """Some of the tenants; ``next`` is the cursor of the next page, null on the last."""

    tenants: list[ListedTenant]
    next: str | None


class LogPage(View):
    """Some of a tenant's messages; ``next`` is the cursor of the next page, null on the last."""

    logs: list[LogView]
    next: str | None


class MessageAnswer(View):
    message: LogView


class Health(View):
    status: Literal["ok"] = "ok"


class Readiness(View):
    """Whether tenants can be served; ``parts`` tells for each part whether it works."""

    status: Literal["ready", "not ready"]
    parts: dict[str, bool]
