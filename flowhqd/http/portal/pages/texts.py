"""The texts of the replies: read, written anew with a preview, and tried out."""

from __future__ import annotations

from aiohttp import web

from flowhqd.errors import Invalid, NotFound
from flowhqd.http import texts
from flowhqd.http.body import form, validate
from flowhqd.http.portal import auth, outcomes, wording
from flowhqd.http.portal.i18n import N_
from flowhqd.http.portal.pages import own
from flowhqd.http.portal.pages.render import reader_of, render
from flowhqd.http.services import services
from flowhqd.http.texts import TextView
from flowhqd.http.trial import TrialBody, TrialView, try_out
from flowhqd.replies import problem_of
from flowhqd.states import Language
from flowhqd.store.tenants import Tenant

PATH = "/app/settings/texts"

PLACEHOLDERS = {
    "business": N_("the name of your business"),
    "day": N_("the day that the customer named"),
    "when": N_("the day and the time that the customer named"),
    "week": N_("your opening hours"),
    "opening": N_("when you open next"),
    "service": N_("the service that the customer named"),
}
"""What a placeholder becomes, in words for owners; one that is not here goes by its name."""


async def list_(request: web.Request) -> web.Response:
    """Every text, as it is sent now."""
    tenant = await own.tenant(request)
    language = _language(request.query.get("language"), tenant)
    shown = await texts.all_of(services(request), tenant, language)
    return render(request, "texts.html", tenant=tenant, texts=shown, language=language)


async def show(request: web.Request) -> web.Response:
    """One text, to be written anew."""
    tenant, key, language = await _asked(request, request.query.get("language"))
    text = await texts.find(services(request), tenant, key, language)
    return _form(request, tenant, text, text.body, text.preview)


async def save(request: web.Request) -> web.Response:
    """Take a new version, look at it first, or bring the shipped text back."""
    fields = await form(request)
    tenant, key, language = await _asked(request, fields.get("language"))
    daemon, body = services(request), fields.get("body", "")
    text = await texts.find(daemon, tenant, key, language)
    wanted = None if fields.get("do") == "reset" else body
    if wanted is not None and (problem := problem_of(key, texts.tidy(body))):
        said = wording.of_text(problem, reader_of(request, tenant))
        return _form(request, tenant, text, body, "", {"body": said})
    if fields.get("do") == "look":
        preview = texts.look_at(daemon, tenant, key, language, body)
        return _form(request, tenant, text, body, preview)
    await texts.save(
        daemon,
        tenant,
        key,
        language,
        wanted,
        actor=own.actor(request),
        user_id=auth.user(request).id,
    )
    raise web.HTTPSeeOther(f"{PATH}?language={language.lower()}#{key}")


async def show_trial(request: web.Request) -> web.Response:
    """A box to type a message in, as a customer would."""
    return _trial(request, await own.tenant(request))


async def try_it(request: web.Request) -> web.Response:
    """What would be answered to the typed message; nothing is sent."""
    tenant = await own.tenant(request)
    typed = (await form(request)).get("text", "").strip()
    try:
        tried = try_out(services(request), tenant, validate(TrialBody, {"text": typed}))
    except Invalid as error:
        return _trial(request, tenant, typed, errors=wording.of_fields(error.errors, ["text"]))
    return _trial(request, tenant, typed, tried)


async def _asked(request: web.Request, language: str | None) -> tuple[Tenant, str, Language]:
    tenant = await own.tenant(request)
    return tenant, request.match_info["key"], _language(language, tenant)


def _language(name: str | None, tenant: Tenant) -> Language:
    if name is None:
        return tenant.config.language
    if name.upper() not in list(Language):
        raise NotFound("there are no texts in this language")
    return Language(name.upper())


def _form(
    request: web.Request,
    tenant: Tenant,
    text: TextView,
    body: str,
    preview: str,
    errors: dict[str, str] | None = None,
) -> web.Response:
    return render(
        request,
        "text.html",
        tenant=tenant,
        status=422 if errors else 200,
        text=text,
        body=body,
        preview=preview,
        errors=errors or {},
        placeholders=PLACEHOLDERS,
    )


def _trial(
    request: web.Request,
    tenant: Tenant,
    typed: str = "",
    tried: TrialView | None = None,
    errors: dict[str, str] | None = None,
) -> web.Response:
    return render(
        request,
        "try.html",
        tenant=tenant,
        status=422 if errors else 200,
        typed=typed,
        tried=tried,
        rule=texts.title(tried.rule) if tried and tried.rule else "",
        why=outcomes.reason_of(tried.reason) if tried else "",
        errors=errors or {},
    )
