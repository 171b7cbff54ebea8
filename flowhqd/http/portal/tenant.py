"""The tenant of the user who asks, which is the only one that the portal's routes ever see."""

from __future__ import annotations

from flowhqd.errors import NotFound
from flowhqd.http import log_view, tenants
from flowhqd.http.errors import BadCursor
from flowhqd.http.portal import setup
from flowhqd.http.portal.errors import ConsentNeeded
from flowhqd.http.portal.views import OwnLog, OwnMessage, OwnQr, OwnStatus, OwnTenant
from flowhqd.http.queries import LogsQuery
from flowhqd.http.services import Services
from flowhqd.http.views import QrView, SetupRequestView
from flowhqd.store.people import PortalUser
from flowhqd.store.tenants import Tenant


async def current(daemon: Services, user: PortalUser) -> Tenant | None:
    """The user's tenant; None is the normal case of who has just signed up."""
    if user.tenant_id is None:
        return None
    try:
        return await tenants.get(daemon, user.tenant_id)
    except NotFound:
        # Deleted since the user was read.
        return None


async def status(daemon: Services, user: PortalUser) -> OwnStatus:
    """What there is of a user's tenant and set-up request."""
    tenant = await current(daemon, user)
    request = await setup.latest(daemon, user)
    return OwnStatus(
        tenant=OwnTenant.of(tenants.view(daemon, tenant)) if tenant else None,
        setupRequest=SetupRequestView.of(request) if request else None,
    )


async def qr(daemon: Services, user: PortalUser) -> OwnQr:
    """The code to scan; nothing without a tenant."""
    tenant = await current(daemon, user)
    return OwnQr.model_validate(QrView.of(tenant)) if tenant else OwnQr()


async def log(daemon: Services, user: PortalUser, query: LogsQuery) -> OwnLog:
    """The messages of the user's tenant that pass, newest first; none without a tenant."""
    tenant = await current(daemon, user)
    if tenant is None:
        if query.before is not None:
            raise BadCursor("before", "is no cursor of this list; there is none without a tenant")
        return OwnLog(logs=[], next=None)
    logs, next_page = await log_view.page(daemon, tenant, query)
    return OwnLog(logs=[OwnMessage.model_validate(each) for each in logs], next=next_page)


async def check_consent(daemon: Services, user: PortalUser) -> None:
    """Raise ConsentNeeded unless the user agreed to what linking means."""
    if not await setup.has_consented(daemon, user):
        raise ConsentNeeded("read and accept first what linking a phone means: /app/whatsapp")
