"""The owner's data: a copy to take along, and its deletion."""

from __future__ import annotations

from contextlib import suppress

from aiohttp import web

from flowhqd.errors import NotFound
from flowhqd.http import download
from flowhqd.http.api.logs import send_csv
from flowhqd.http.body import form
from flowhqd.http.errors import TooManyFailures
from flowhqd.http.portal import accounts, auth, export, wording
from flowhqd.http.portal.errors import WrongPassword
from flowhqd.http.portal.i18n import N_
from flowhqd.http.portal.pages import own
from flowhqd.http.portal.pages.render import language_of, remember_language, render
from flowhqd.http.queries import LogFilter
from flowhqd.http.services import services
from flowhqd.log import get_logger
from flowhqd.store import people

_log = get_logger(__name__)


async def show(request: web.Request) -> web.Response:
    """What can be taken along, and what deleting means."""
    return await _show(request)


async def take_json(request: web.Request) -> web.StreamResponse:
    """Everything, as a file to keep."""
    chunks = export.document(services(request), auth.user(request), await own.current(request))
    return await download.send(
        request, chunks, content_type="application/json", filename="flowhqd.json"
    )


async def take_csv(request: web.Request) -> web.StreamResponse:
    """The messages, for a spreadsheet."""
    return await send_csv(request, await own.tenant(request), LogFilter())


async def delete(request: web.Request) -> web.Response:
    """Delete the account and its business for who gives its name and the password."""
    daemon, user = services(request), auth.user(request)
    tenant = await own.current(request)
    fields = await form(request)
    errors: dict[str, str] = {}
    if tenant is not None and _plain(fields.get("name", "")) != _plain(tenant.config.business_name):
        errors["name"] = N_("This is not the name of your business.")
    try:
        await accounts.check_own_password(request, fields.get("password", "")[:1000])
    except (WrongPassword, TooManyFailures) as error:
        errors["password"] = wording.of_problem(error.code, error.status)
    if errors:
        return await _show(request, fields.get("name", ""), errors)
    if tenant is not None:
        # Of two clicks the second finds it gone.
        with suppress(NotFound):
            await daemon.control.remove(tenant.id, actor=own.actor(request))
    async with daemon.database.transaction() as connection:
        await people.delete(connection, user.id)
    _log.info("account_deleted", user_id=str(user.id))
    gone = web.HTTPSeeOther("/app/gone")
    gone.del_cookie(auth.COOKIE, path="/")
    remember_language(request, gone, language_of(request))
    raise gone


async def gone(request: web.Request) -> web.Response:
    """A good-bye."""
    return render(request, "gone.html")


async def _show(
    request: web.Request, name: str = "", errors: dict[str, str] | None = None
) -> web.Response:
    return render(
        request,
        "data.html",
        tenant=await own.current(request),
        status=422 if errors else 200,
        name=name,
        errors=errors or {},
    )


def _plain(name: str) -> str:
    """A name without what people type differently."""
    return " ".join(name.split()).casefold()
