"""The set-up request: a form as long as it is the owner's turn, afterwards what was sent."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from aiohttp import web

from flowhqd.errors import Conflict, Invalid
from flowhqd.http.body import form, validate
from flowhqd.http.portal import auth, setup, wording
from flowhqd.http.portal.i18n import N_
from flowhqd.http.portal.models import SetupDraft, SetupSubmit
from flowhqd.http.portal.pages.entrance import STATUS
from flowhqd.http.portal.pages.render import language_of, render
from flowhqd.http.services import services
from flowhqd.replies import registry
from flowhqd.store.setup_requests import EDITABLE, SetupRequest

PATH = "/app/setup"
COUNTRY_CODE = "+255"
"""What an empty field for a number begins with."""
FIELDS = ("template_type", "business_name", "language", "whatsapp_number", "notes")

TEMPLATES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "BOOKING": (N_("Bookings"), N_("Salon, clinic, guest house, workshop: appointments.")),
        "ECOMMERCE": (N_("Shop"), N_("Prices, orders, delivery and payment.")),
        "SUPPORT": (N_("Help"), N_("Questions and problems of customers.")),
    }
)
"""What a template is for, in words for owners; one that is not here goes by its own name."""


async def show(request: web.Request) -> web.Response:
    """The form with what is kept, or the request that was sent."""
    latest = await setup.latest(services(request), auth.user(request))
    if latest is None:
        if auth.user(request).tenant_id is not None:
            raise web.HTTPSeeOther(STATUS)
        return _form(request, {"language": language_of(request)}, {})
    if latest.status in EDITABLE:
        fields = {name: getattr(latest, name) for name in FIELDS}
        return _form(request, fields, {}, latest)
    return render(request, "setup_sent.html", sent=latest, templates=template_titles())


async def save(request: web.Request) -> web.Response:
    """Keep a draft or send the request, or show the form with what is wrong."""
    daemon, user = services(request), auth.user(request)
    fields = await form(request)
    given = {name: fields[name] for name in FIELDS if name in fields}
    if given.get("whatsapp_number", "").strip() == COUNTRY_CODE:
        given["whatsapp_number"] = ""
    try:
        if fields.get("do") == "keep":
            await setup.save(daemon, user, validate(SetupDraft, given))
        else:
            await setup.submit(daemon, user, validate(SetupSubmit, given))
    except Invalid as error:
        latest = await setup.latest(daemon, user)
        errors = wording.of_fields(error.errors, FIELDS)
        if "template_type" in errors:
            errors["template_type"] = wording.CHOOSE
        return _form(request, fields, errors, latest)
    raise web.HTTPSeeOther(STATUS)


async def withdraw(request: web.Request) -> web.Response:
    """Take the request back to change it; a second click finds it back already."""
    daemon, user = services(request), auth.user(request)
    try:
        await setup.withdraw(daemon, user)
    except Conflict:
        latest = await setup.latest(daemon, user)
        if latest is None or latest.status not in EDITABLE:
            raise
    raise web.HTTPSeeOther(PATH)


def template_titles() -> dict[str, str]:
    """The templates there are, by name, as owners know them."""
    return {name: TEMPLATES[name][0] if name in TEMPLATES else name for name in registry.names()}


def _form(
    request: web.Request,
    fields: Mapping[str, str],
    errors: Mapping[str, str],
    latest: SetupRequest | None = None,
) -> web.Response:
    return render(
        request,
        "setup.html",
        status=422 if errors else 200,
        fields={name: fields.get(name, "") for name in FIELDS},
        country_code=COUNTRY_CODE,
        errors=errors,
        latest=latest,
        templates=template_titles(),
        examples={name: words[1] for name, words in TEMPLATES.items()},
    )
