"""Customers whom the bot does not answer."""

from __future__ import annotations

from aiohttp import web

from flowhqd.errors import Invalid
from flowhqd.http.body import form, path_id, validate
from flowhqd.http.models import Body, PhoneNumber
from flowhqd.http.portal import auth, wording
from flowhqd.http.portal.pages import own
from flowhqd.http.portal.pages.render import render
from flowhqd.http.services import services
from flowhqd.store import contacts, opt_outs
from flowhqd.whatsapp.addresses import Alias

PATH = "/app/settings/silent"
MOST_SHOWN = 500


class Number(Body):
    """A customer, by phone number."""

    number: PhoneNumber


async def show(request: web.Request) -> web.Response:
    """Who is not answered."""
    return await _show(request)


async def add(request: web.Request) -> web.Response:
    """Do not answer a number any more, or show the form with what is wrong."""
    tenant = await own.tenant(request)
    typed = (await form(request)).get("number", "")
    try:
        number = validate(Number, {"number": typed}).number
    except Invalid as error:
        return await _show(request, typed, wording.of_fields(error.errors, ["number"]))
    async with services(request).database.transaction() as connection:
        alias = Alias("pn", number.removeprefix("+"))
        contact = await contacts.resolve(connection, tenant.id, [alias])
        await opt_outs.add(connection, tenant.id, contact.id, user_id=auth.user(request).id)
    raise web.HTTPSeeOther(PATH)


async def remove(request: web.Request) -> web.Response:
    """Answer a customer again."""
    tenant = await own.tenant(request)
    contact_id = path_id(request, "contact")
    async with services(request).database.transaction() as connection:
        await opt_outs.remove(connection, tenant.id, contact_id, user_id=auth.user(request).id)
    raise web.HTTPSeeOther(PATH)


async def _show(
    request: web.Request, typed: str = "", errors: dict[str, str] | None = None
) -> web.Response:
    tenant = await own.tenant(request)
    async with services(request).database.connection() as connection:
        silent = await opt_outs.of_tenant(connection, tenant.id, limit=MOST_SHOWN)
    return render(
        request,
        "silent.html",
        tenant=tenant,
        status=422 if errors else 200,
        silent=silent,
        typed=typed,
        errors=errors or {},
    )
