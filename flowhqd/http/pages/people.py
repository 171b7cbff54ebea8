"""The portal's users, and the form that invites one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from aiohttp import web

from flowhqd.errors import Conflict, Invalid
from flowhqd.http import people
from flowhqd.http.auth import actor
from flowhqd.http.body import form, path_id, validate
from flowhqd.http.models import Body, LanguageName, PhoneNumber
from flowhqd.http.negotiation import Handler
from flowhqd.http.pages.render import render
from flowhqd.http.people import UserPage, UserWithLink
from flowhqd.http.portal.models import Email, Invitation
from flowhqd.http.queries import UsersQuery
from flowhqd.http.services import services
from flowhqd.settings import Signup
from flowhqd.states import Language
from flowhqd.store import setup_requests

URL = "/admin/users"
USERS_A_PAGE = 50
FIELDS = ("email", "language", "tenant_number")


class InvitationForm(Body):
    """An invitation as a person writes it: a tenant goes by its number."""

    email: Email
    language: LanguageName = Language.SW
    tenant_number: PhoneNumber | None = None


async def list_(request: web.Request) -> web.Response:
    """Users, newest first, and those alone whose address is searched for."""
    return await _show(request)


async def invite(request: web.Request) -> web.Response:
    """Add a user and show their link this once, or the form with what is wrong."""
    fields = await form(request)
    try:
        wanted = validate(
            InvitationForm, {name: fields[name] for name in FIELDS if fields.get(name)}
        )
        made = await people.invite(request, await _body(request, wanted), actor=actor(request))
    except Invalid as error:
        return await _show(request, fields=fields, errors=error.errors)
    except Conflict as error:
        return await _show(request, fields=fields, errors={"email": str(error)})
    return await _show(request, made=made)


async def _body(request: web.Request, wanted: InvitationForm) -> Invitation:
    """The body that a form stands for; raises Invalid when no tenant has its number."""
    tenant_id = None
    if wanted.tenant_number:
        async with services(request).database.transaction() as connection:
            tenant_id = await setup_requests.holder(connection, wanted.tenant_number)
        if tenant_id is None:
            raise Invalid({"tenant_number": "is no tenant's number"})
    return Invitation(email=wanted.email, language=wanted.language, tenant_id=tenant_id)


async def reset_link(request: web.Request) -> web.Response:
    """The users, with another link for one of them, shown this once."""
    made = await people.new_link(request, path_id(request, "user"), actor=actor(request))
    return await _show(request, made=made)


def set_disabled(disabled: bool) -> Handler:
    """A handler that keeps a user out, or lets them in again, and leads back to the list."""

    async def handle(request: web.Request) -> web.Response:
        user_id = path_id(request, "user")
        await people.set_disabled(
            services(request), user_id, disabled=disabled, actor=actor(request)
        )
        raise web.HTTPSeeOther(URL)

    return handle


async def _show(
    request: web.Request,
    *,
    fields: Mapping[str, str] = MappingProxyType({}),
    errors: Mapping[str, str] = MappingProxyType({}),
    made: UserWithLink | None = None,
) -> web.Response:
    query = {name: text for name, text in request.query.items() if name in ("q", "after") and text}
    shown = UserPage(users=[], next=None)
    try:
        wanted = validate(UsersQuery, {**query, "limit": USERS_A_PAGE})
        shown = await people.page(
            services(request), search=wanted.q, after=wanted.after, limit=wanted.limit
        )
    except Invalid as error:
        errors = {**errors, **error.errors}
    return render(
        request,
        "people.html",
        status=422 if errors else 200,
        users=shown.users,
        next=shown.next,
        q=query.get("q", ""),
        may_invite=services(request).settings.signup is not Signup.OFF,
        languages={Language.SW: "Swahili", Language.EN: "English"},
        fields={name: fields.get(name, "") for name in FIELDS},
        errors=errors,
        made=made,
    )
