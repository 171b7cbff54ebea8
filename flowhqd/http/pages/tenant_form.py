"""The form for a new tenant, and for changes to one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import web

from flowhqd.errors import Conflict, Invalid
from flowhqd.http import tenants
from flowhqd.http.auth import actor
from flowhqd.http.body import form, validate
from flowhqd.http.models import TenantCreate, TenantPatch
from flowhqd.http.pages.render import render
from flowhqd.http.services import services
from flowhqd.replies import registry
from flowhqd.states import Language
from flowhqd.store.tenants import Tenant

FIELDS = tuple(TenantCreate.model_fields)
NEW = {**dict.fromkeys(FIELDS, ""), "language": Language.SW.value}


async def new(request: web.Request) -> web.Response:
    """An empty form."""
    return _show(request, None, NEW, {})


async def create(request: web.Request) -> web.Response:
    """Make the tenant and lead to its page, or show the form with what is wrong."""
    fields = await form(request)
    try:
        body = validate(TenantCreate, _values(fields))
        made = await tenants.create(services(request), body, actor=actor(request))
    except (Invalid, Conflict) as error:
        return _show(request, None, fields, _errors(error))
    raise web.HTTPSeeOther(f"/admin/tenants/{made.id}")


async def edit(request: web.Request) -> web.Response:
    """The form with the tenant's values."""
    tenant = await tenants.find(request)
    hours = tenant.config.hours_json
    fields = {
        "name": tenant.name,
        "phone_number": tenant.phone_number,
        "template_type": tenant.config.template_type,
        "business_name": tenant.config.business_name,
        "language": tenant.config.language,
        "hours_json": "" if hours is None else _pretty(hours),
    }
    return _show(request, tenant, fields, {})


async def save(request: web.Request) -> web.Response:
    """Change the tenant and lead to its page, or show the form with what is wrong."""
    tenant = await tenants.find(request)
    fields = await form(request)
    try:
        body = validate(TenantPatch, _values(fields))
        await tenants.edit(services(request), tenant.id, body, actor=actor(request))
    except (Invalid, Conflict) as error:
        return _show(request, tenant, fields, _errors(error))
    raise web.HTTPSeeOther(f"/admin/tenants/{tenant.id}")


def _show(
    request: web.Request,
    tenant: Tenant | None,
    fields: Mapping[str, str],
    errors: dict[str, list[str]],
) -> web.Response:
    return render(
        request,
        "tenant_form.html",
        status=422 if errors else 200,
        tenant=tenant,
        fields={name: fields.get(name, "") for name in FIELDS},
        errors=errors,
        templates=registry.names(),
        languages={"SW": "Swahili", "EN": "English"},
    )


def _values(fields: Mapping[str, str]) -> dict[str, Any]:
    """A form as the JSON body it stands for; hours that are no JSON are left for the model."""
    values: dict[str, Any] = {name: fields[name] for name in FIELDS if name in fields}
    hours = values.pop("hours_json", "").strip()
    try:
        values["hours_json"] = orjson.loads(hours) if hours else None
    except orjson.JSONDecodeError:
        values["hours_json"] = hours
    return values


def _errors(error: Invalid | Conflict) -> dict[str, list[str]]:
    """What is wrong, by the form's fields; paths inside the hours belong to their one field."""
    if isinstance(error, Conflict):
        return {"phone_number": [_sentence(str(error))]}
    errors: dict[str, list[str]] = {}
    for path, text in error.errors.items():
        name, _, inner = path.partition(".")
        errors.setdefault(name, []).append(f"{inner}: {text}" if inner else _sentence(text))
    return errors


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _pretty(hours: dict[str, Any]) -> str:
    """One day to a line."""
    lines = (f"  {_json(name)}: {_json(value)}" for name, value in hours.items())
    return "{\n" + ",\n".join(lines) + "\n}"


def _json(value: object) -> str:
    return orjson.dumps(value).decode().replace(",", ", ")
