"""Linking the business's WhatsApp: by a code to type, or one to scan."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from aiohttp import web

from flowhqd import qr
from flowhqd.errors import BrowserError, Conflict, PageTimeout
from flowhqd.http.body import form
from flowhqd.http.portal import auth, setup, standing, wording
from flowhqd.http.portal.i18n import N_
from flowhqd.http.portal.pages import own
from flowhqd.http.portal.pages.entrance import STATUS
from flowhqd.http.portal.pages.render import render
from flowhqd.http.portal.standing import Because
from flowhqd.http.services import Services, services
from flowhqd.messages.bounds import Bounds
from flowhqd.reasons import Reason
from flowhqd.states import SessionState, WorkerStatus
from flowhqd.store.tenants import Tenant

PATH = "/app/whatsapp"
# After these a new code alone does not help, and asking for codes can make it worse.
NOT_BY_ITSELF = frozenset({Reason.NUMBER_IN_USE, Reason.RESTRICTED, Reason.STOPPED})


class Way(StrEnum):
    """What the page shows."""

    CODE = "code"
    QR = "qr"
    OPENING = "opening"
    OVER = "over"
    REST = "rest"


@dataclass(frozen=True, slots=True)
class Linking:
    """How far linking has come.

    ``may_start`` says whether a code may be asked for without the owner asking once more.
    """

    way: Way
    code: str
    expires_at: datetime | None
    because: Because | None
    may_start: bool


def linking(tenant: Tenant, daemon: Services) -> Linking:
    """What there is to type or to scan for a tenant whose phone is not linked."""
    session, worker = tenant.session, tenant.worker
    given = daemon.control.live(tenant.id).pairing_code
    is_good = given is not None and given.expires_at > daemon.clock.now()
    may_start = worker.reason not in NOT_BY_ITSELF
    if session.qr_text is not None and session.state is SessionState.QR_READY:
        return Linking(Way.QR, "", session.qr_expires_at, None, may_start)
    if given is not None and (is_good or session.state is SessionState.QR_READY):
        way = Way.CODE if is_good else Way.OVER
        return Linking(way, given.code, given.expires_at, None, may_start)
    is_new = worker.reason in (Reason.NEVER_STARTED, Reason.AWAITING_SCAN)
    because = None if is_new else standing.because_of(worker.reason)
    is_opening = worker.status is WorkerStatus.RUNNING
    way = Way.OPENING if is_opening else Way.REST
    return Linking(way, "", None, because, may_start and not is_opening)


async def show(request: web.Request) -> web.Response:
    """The consent, then the code; a phone that is linked leads on to the status."""
    tenant = await own.tenant(request)
    if _is_done(tenant):
        raise web.HTTPSeeOther(STATUS)
    return await _show(request, tenant)


async def agree(request: web.Request) -> web.Response:
    """Record that the owner read what linking means."""
    tenant = await own.tenant(request)
    if (await form(request)).get("agree") != "yes":
        problem = N_("Tick the box when you have read it, then go on.")
        return await _show(request, tenant, {"agree": problem}, 422)
    await setup.consent(services(request), auth.user(request))
    raise web.HTTPSeeOther(PATH)


async def ask_code(request: web.Request) -> web.Response:
    """Have WhatsApp give a code to type."""
    tenant = await _linkable(request)
    try:
        await services(request).control.pairing_code(tenant.id, actor=own.actor(request))
    except (BrowserError, Conflict) as error:
        return await _failed(request, tenant, error)
    raise web.HTTPSeeOther(PATH)


async def ask_qr(request: web.Request) -> web.Response:
    """Have WhatsApp show a round of codes to scan."""
    tenant = await _linkable(request)
    try:
        await services(request).control.pair(tenant.id, actor=own.actor(request))
    except Conflict as error:
        return await _failed(request, tenant, error)
    raise web.HTTPSeeOther(PATH)


async def unlink(request: web.Request) -> web.Response:
    """Log the wrong phone out, so that the right one can be linked."""
    tenant = await own.tenant(request)
    if not _is_wrong_phone(tenant):
        raise web.HTTPSeeOther(STATUS)
    await services(request).control.force_restart(
        tenant.id, actor=own.actor(request), forget_login=True
    )
    raise web.HTTPSeeOther(PATH)


async def picture(request: web.Request) -> web.Response:
    """The code to scan."""
    tenant = await own.tenant(request)
    text = tenant.session.qr_text
    if text is None or not await setup.has_consented(services(request), auth.user(request)):
        raise web.HTTPNotFound
    # A code takes some 50 ms to draw, which others should not wait for.
    return web.Response(body=await asyncio.to_thread(qr.svg, text), content_type="image/svg+xml")


def _is_wrong_phone(tenant: Tenant) -> bool:
    is_connected = tenant.session.state is SessionState.CONNECTED
    return is_connected and tenant.worker.reason == Reason.WRONG_NUMBER


def _is_done(tenant: Tenant) -> bool:
    return tenant.session.state is SessionState.CONNECTED and not _is_wrong_phone(tenant)


async def _linkable(request: web.Request) -> Tenant:
    """The user's tenant, when a code may be asked for."""
    tenant = await own.tenant(request)
    if tenant.worker.reason == Reason.STOPPED or _is_done(tenant):
        raise web.HTTPSeeOther(STATUS)
    if not await setup.has_consented(services(request), auth.user(request)):
        raise web.HTTPSeeOther(PATH)
    return tenant


async def _failed(
    request: web.Request, tenant: Tenant, error: BrowserError | Conflict
) -> web.Response:
    """The page as it is now, with why there is no code."""
    if isinstance(error, PageTimeout):
        return await _show(request, tenant, {"form": wording.of_problem(error.code, 504)}, 504)
    fresh = await own.tenant(request)
    if _is_done(fresh):
        raise web.HTTPSeeOther(STATUS)
    problem = N_("WhatsApp gives no code now. Wait a minute and try again.")
    return await _show(request, fresh, {"form": problem}, 409)


async def _show(
    request: web.Request,
    tenant: Tenant,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> web.Response:
    daemon = services(request)
    if not await setup.has_consented(daemon, auth.user(request)):
        bounds = Bounds.of(daemon.settings).with_own(tenant.config.limits)
        return render(
            request,
            "consent.html",
            tenant=tenant,
            pause_minutes=bounds.owner_pause_minutes,
            errors=errors or {},
            status=status,
        )
    if _is_wrong_phone(tenant):
        return render(request, "wrong_phone.html", tenant=tenant)
    if tenant.worker.reason == Reason.STOPPED:
        raise web.HTTPSeeOther(STATUS)
    return render(
        request,
        "whatsapp.html",
        tenant=tenant,
        linking=linking(tenant, daemon),
        now=daemon.clock.now(),
        errors=errors or {},
        status=status,
    )
