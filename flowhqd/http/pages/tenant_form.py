"""The form for a new tenant, and for the settings of one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from aiohttp import web

from flowhqd.errors import Conflict, Invalid
from flowhqd.http import hours_form, tenants
from flowhqd.http.auth import actor
from flowhqd.http.body import form, validate
from flowhqd.http.hours_form import HoursForm
from flowhqd.http.models import Body, Limits, TenantCreate, TenantPatch
from flowhqd.http.pages.render import render
from flowhqd.http.services import services
from flowhqd.messages.bounds import BOUNDS, Bounds
from flowhqd.replies import registry
from flowhqd.states import Language
from flowhqd.store.tenants import Tenant

FIELDS = ("name", "phone_number", "template_type", "business_name", "language", *BOUNDS)
WINDOW = "rate_limit_window_ms"
"""The limit that people are asked for in seconds."""
NEW = {"language": Language.SW.value}


async def new(request: web.Request) -> web.Response:
    """An empty form."""
    return _show(request, None, NEW, HoursForm.of(None), {})


async def create(request: web.Request) -> web.Response:
    """Make the tenant and lead to its page, or show the form with what is wrong."""
    fields = await form(request)
    hours = HoursForm.sent(fields)
    try:
        body = _read(TenantCreate, fields, hours)
        made = await tenants.create(services(request), body, actor=actor(request))
    except (Invalid, Conflict) as error:
        return _show(request, None, fields, hours, _errors(error))
    raise web.HTTPSeeOther(f"/admin/tenants/{made.id}")


async def edit(request: web.Request) -> web.Response:
    """The form with the tenant's values."""
    tenant = await tenants.find(request)
    config = tenant.config
    fields = {
        "name": tenant.name,
        "phone_number": tenant.phone_number,
        "template_type": config.template_type,
        "business_name": config.business_name,
        "language": config.language,
        **{name: _shown(name, config.limits.get(name)) for name in BOUNDS},
    }
    return _show(request, tenant, fields, HoursForm.of(config.hours_json), {})


async def save(request: web.Request) -> web.Response:
    """Change the tenant and lead to its page, or show the form with what is wrong."""
    tenant = await tenants.find(request)
    fields = await form(request)
    hours = HoursForm.sent(fields)
    try:
        body = _read(TenantPatch, fields, hours)
        await tenants.edit(services(request), tenant.id, body, actor=actor(request))
    except (Invalid, Conflict) as error:
        return _show(request, tenant, fields, hours, _errors(error))
    raise web.HTTPSeeOther(f"/admin/tenants/{tenant.id}")


def _show(
    request: web.Request,
    tenant: Tenant | None,
    fields: Mapping[str, str],
    hours: HoursForm,
    errors: dict[str, str],
) -> web.Response:
    usual = Bounds.of(services(request).settings)
    return render(
        request,
        "tenant_form.html" if tenant else "tenant_new.html",
        status=422 if errors else 200,
        tenant=tenant,
        fields={name: fields.get(name, "") for name in FIELDS},
        hours=hours,
        zones=hours_form.zones(),
        errors=errors,
        templates=registry.names(),
        languages={"SW": "Swahili", "EN": "English"},
        usual={name: _shown(name, value) for name, value in asdict(usual).items()},
    )


def _read(model: type[Body], fields: Mapping[str, str], hours: HoursForm) -> Any:
    """The form as the model it stands for; Invalid has everything that is wrong with it."""
    values: dict[str, Any] = {name: fields[name] for name in FIELDS if name in fields}
    values["limits"] = {name: _limit(name, values.pop(name, "").strip()) for name in BOUNDS}
    errors: dict[str, str] = dict(hours.errors)
    if not errors:
        values["hours_json"] = hours.hours_json()
    try:
        read = validate(model, values)
    except Invalid as error:
        errors = {**error.errors, **errors}
    if errors:
        raise Invalid(errors)
    return read


def _limit(name: str, text: str) -> int | str | None:
    """What a person typed, as the model wants it; left for it to refuse where it is no number."""
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,9}([.][0-9]{1,3})?", text):
        return text
    number = Decimal(text) * (1000 if name == WINDOW else 1)
    return int(number) if number == int(number) else text


def _shown(name: str, value: int | None) -> str:
    if value is None:
        return ""
    return f"{(Decimal(value) / 1000).normalize():f}" if name == WINDOW else str(value)


def _errors(error: Invalid | Conflict) -> dict[str, str]:
    """What is wrong, by the form's fields."""
    if isinstance(error, Conflict):
        return {"phone_number": _sentence(str(error))}
    errors = {path.removeprefix("limits."): text for path, text in error.errors.items()}
    if WINDOW in errors:
        least, most = Limits.span(WINDOW)
        errors[WINDOW] = f"must be from {least // 1000} to {most // 1000} seconds"
    return {name: _sentence(text) for name, text in errors.items()}


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].removesuffix('.')}."
