"""Set-up requests as the operator decides upon them, for JSON and pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Self
from uuid import UUID

from flowhqd.changes import Topic
from flowhqd.errors import Conflict, Invalid
from flowhqd.http import cursors
from flowhqd.http.portal.models import Approval
from flowhqd.http.services import Services
from flowhqd.http.views import SetupRequestView, TenantView, View
from flowhqd.states import SessionState, SetupStatus, TenantStatus, Wanted
from flowhqd.store import people, portal_events, setup_requests, states, tenants
from flowhqd.store.people import Origin
from flowhqd.store.portal_events import PortalEvent
from flowhqd.store.setup_requests import Review, SetupRequest
from flowhqd.store.tenants import Change, Tenant

if TYPE_CHECKING:
    from flowhqd.store.people import PortalUser
    from flowhqd.store.pool import Connection

# Of a tenant that answers already, nothing has to be linked for the request to be done.
ANSWERS = frozenset({TenantStatus.ACTIVE, TenantStatus.PAUSED})


class TenantShared(Conflict):
    """Others look after the tenant that has the number."""

    code = "tenant_shared"


class RequestChanged(Conflict):
    """The request is not the one that was looked at."""

    code = "request_changed"


class Asker(View):
    """Who asks."""

    id: UUID
    email: str
    origin: Origin
    email_verified_at: datetime | None
    disabled_at: datetime | None


class Holder(View):
    """The tenant that has the number already; ``is_shared`` when others look after it."""

    id: UUID
    name: str
    is_shared: bool


class ReviewView(SetupRequestView):
    """A request, who asks, and the tenant that it would be linked to."""

    user: Asker
    existing_tenant: Holder | None

    @classmethod
    def of_review(cls, review: Review) -> Self:
        """The view of a stored review."""
        request = SetupRequestView.of(review.request)
        holder = None
        if review.holder_id is not None and review.holder_name is not None:
            holder = Holder(
                id=review.holder_id, name=review.holder_name, is_shared=review.is_shared
            )
        asker = Asker(
            id=review.request.user_id,
            email=review.email,
            origin=review.origin,
            email_verified_at=review.email_verified_at,
            disabled_at=review.disabled_at,
        )
        return cls(**request.model_dump(), user=asker, existing_tenant=holder)


class ReviewPage(View):
    """Some of the requests; ``next`` is the cursor of the next page, null on the last."""

    setupRequests: list[ReviewView]  # noqa: N815 - a name of the API
    next: str | None


class ReviewAnswer(View):
    setupRequest: ReviewView  # noqa: N815 - a name of the API


class ApprovedAnswer(View):
    """An approved request and its tenant."""

    setupRequest: ReviewView  # noqa: N815 - a name of the API
    tenant: TenantView


@dataclass(frozen=True, slots=True)
class Decided:
    """What an approval came to; ``is_new`` unless it was approved before."""

    tenant: Tenant
    is_new: bool


async def page(
    daemon: Services, *, status: SetupStatus | None, after: str | None, limit: int
) -> ReviewPage:
    """Requests, newest first, and the cursor of the next page."""
    scope = f"setup-requests {status or ''}"
    position = None if after is None else cursors.row_position(scope, after, field="after")
    async with daemon.database.connection() as connection:
        rows = await setup_requests.reviews(
            connection, after=position, status=status, limit=limit + 1
        )
    shown, more = rows[:limit], len(rows) > limit
    last = shown[-1].request if shown else None
    return ReviewPage(
        setupRequests=[ReviewView.of_review(row) for row in shown],
        next=cursors.of_row(scope, last.created_at, last.id) if last and more else None,
    )


async def get(daemon: Services, request_id: UUID) -> ReviewView:
    """One request; raises NotFound."""
    async with daemon.database.connection() as connection:
        return ReviewView.of_review(await setup_requests.review(connection, request_id))


async def approve(daemon: Services, request_id: UUID, body: Approval, *, actor: str) -> Tenant:
    """Give a request its tenant, a new one or the one that has its number, and start its worker.

    Approving again changes nothing. Raises NotFound; Conflict for a request that does not wait, one
    that was changed since it was looked at, and a tenant that others look after; Invalid when
    nobody says what customers call the business.
    """
    async with daemon.database.transaction() as connection:
        request = await _locked(connection, request_id)
        if request.tenant_id is not None and request.status in {
            SetupStatus.APPROVED,
            SetupStatus.ACTIVE,
        }:
            decided = Decided(await tenants.get(connection, request.tenant_id), is_new=False)
        else:
            decided = await _approve(connection, request, body, actor)
    tenant = decided.tenant
    if decided.is_new:
        daemon.changes.publish(tenant.id, Topic.CONFIG)
        daemon.changes.publish(tenant.id, Topic.REQUESTS)
        await daemon.control.changed(tenant.id)
    if tenant.wanted is Wanted.RUNNING:
        await daemon.control.start(tenant.id, actor=actor)
    async with daemon.database.connection() as connection:
        return await tenants.get(connection, tenant.id)


async def reject(daemon: Services, request_id: UUID, note: str, *, actor: str) -> None:
    """Refuse a request and say why; refusing it again changes nothing.

    Raises NotFound, and Conflict for a request that does not wait.
    """
    async with daemon.database.transaction() as connection:
        request = await _locked(connection, request_id)
        if request.status is SetupStatus.REJECTED:
            return
        await setup_requests.move(connection, request, SetupStatus.REJECTED, reviewer_note=note)
        await _record(connection, PortalEvent.REJECTED, request, None, actor, {"note": note})
    daemon.changes.publish(None, Topic.REQUESTS)


async def _locked(connection: Connection, request_id: UUID) -> SetupRequest:
    """The request, its user locked before it as where users change theirs."""
    found = await setup_requests.get(connection, request_id)
    await people.lock(connection, found.user_id)
    return await setup_requests.lock(connection, request_id)


async def _approve(
    connection: Connection, request: SetupRequest, body: Approval, actor: str
) -> Decided:
    if body.updated_at is not None and body.updated_at != request.updated_at:
        raise RequestChanged("the request was changed since; look at it again")
    business_name = body.business_name or request.business_name
    if not business_name:
        raise Invalid({"business_name": "is required: the request names none"})
    user = await people.get(connection, request.user_id)
    tenant_id = await setup_requests.holder(connection, request.whatsapp_number)
    if user.tenant_id not in (None, tenant_id):
        raise Conflict(f"{user.email} looks after another tenant already")
    if tenant_id is None:
        tenant_id = await tenants.create(
            connection,
            name=body.name or business_name,
            phone_number=request.whatsapp_number,
            template_type=request.template_type,
            business_name=business_name,
            language=request.language,
        )
    else:
        await _link(connection, tenant_id, user, request, business_name, share=body.share)
    await tenants.want(connection, tenant_id, Wanted.RUNNING)
    await people.set_tenant(connection, user.id, tenant_id)
    await setup_requests.move(
        connection, request, SetupStatus.APPROVED, tenant_id=tenant_id, reviewer_note=""
    )
    tenant = await tenants.get(connection, tenant_id)
    if tenant.session.state is SessionState.CONNECTED and tenant.status in ANSWERS:
        await setup_requests.activate(connection, tenant_id)
    await _record(connection, PortalEvent.APPROVED, request, tenant_id, actor, {})
    return Decided(tenant, is_new=True)


async def _link(
    connection: Connection,
    tenant_id: UUID,
    user: PortalUser,
    request: SetupRequest,
    business_name: str,
    *,
    share: bool,
) -> None:
    """Give an existing tenant what the request asks for; its name and hours stay."""
    others = [each.email for each in await people.of_tenant(connection, tenant_id) if each != user]
    if others and not share:
        raise TenantShared(
            f"{', '.join(others)} looks after the tenant that has {request.whatsapp_number}; "
            f"approve with 'share' to let {user.email} see its messages too"
        )
    change = Change(
        template_type=request.template_type,
        business_name=business_name,
        language=request.language,
    )
    await tenants.update(connection, tenant_id, change)


async def _record(
    connection: Connection,
    event: PortalEvent,
    request: SetupRequest,
    tenant_id: UUID | None,
    actor: str,
    payload: dict[str, str],
) -> None:
    """Write a decision where its user and where the operator looks."""
    told = {"request_id": str(request.id), **payload}
    await portal_events.record(
        connection, event, user_id=request.user_id, tenant_id=tenant_id, payload=told
    )
    await states.audit(
        connection, tenant_id, actor=actor, action=f"setup_request_{event}", detail=told
    )
