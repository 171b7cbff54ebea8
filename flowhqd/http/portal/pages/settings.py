"""What the owner sets: opening hours, the language of the answers, who gets none."""

from __future__ import annotations

from aiohttp import web

from flowhqd.errors import Invalid
from flowhqd.http import tenants
from flowhqd.http.body import form, validate
from flowhqd.http.hours_form import HoursForm, zones
from flowhqd.http.models import TenantPatch
from flowhqd.http.portal import wording
from flowhqd.http.portal.pages import own
from flowhqd.http.portal.pages.render import render
from flowhqd.http.services import services
from flowhqd.replies.hours import DAYS

PATH = "/app/settings"


async def show(request: web.Request) -> web.Response:
    """What can be set, and how it is set."""
    return await _show(request)


async def save_language(request: web.Request) -> web.Response:
    """Have the answers be in another language."""
    tenant = await own.tenant(request)
    fields = await form(request)
    try:
        body = validate(TenantPatch, {"language": fields.get("language", "")})
    except Invalid as error:
        return await _show(request, wording.of_fields(error.errors, ["language"]))
    await tenants.edit(services(request), tenant.id, body, actor=own.actor(request))
    raise web.HTTPSeeOther(f"{PATH}?done")


async def show_hours(request: web.Request) -> web.Response:
    """The opening hours as a form."""
    tenant = await own.tenant(request)
    return await _hours(request, HoursForm.of(tenant.config.hours_json))


async def save_hours(request: web.Request) -> web.Response:
    """Take other opening hours, or show the form with what is wrong."""
    tenant = await own.tenant(request)
    sent = HoursForm.sent(await form(request))
    if sent.errors:
        return await _hours(request, sent)
    body = validate(TenantPatch, {"hours_json": sent.hours_json()})
    await tenants.edit(services(request), tenant.id, body, actor=own.actor(request))
    raise web.HTTPSeeOther(f"{PATH}?done")


async def _show(request: web.Request, errors: dict[str, str] | None = None) -> web.Response:
    tenant = await own.tenant(request)
    return render(
        request,
        "settings.html",
        tenant=tenant,
        status=422 if errors else 200,
        errors=errors or {},
        hours=HoursForm.of(tenant.config.hours_json),
        days=DAYS,
        is_done="done" in request.query,
    )


async def _hours(request: web.Request, hours: HoursForm) -> web.Response:
    tenant = await own.tenant(request)
    return render(
        request,
        "hours.html",
        tenant=tenant,
        status=422 if hours.errors else 200,
        hours=hours,
        errors={name: wording.of_field(text) for name, text in hours.errors.items()},
        days=DAYS,
        zones=zones(),
    )
