"""A tenant's texts as pages: all of them, one to write with its versions; and the try-it box."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from aiohttp import web

from flowhqd.errors import Invalid, NotFound
from flowhqd.http import tenants, texts, trial
from flowhqd.http.auth import actor
from flowhqd.http.body import form, validate
from flowhqd.http.pages.render import render
from flowhqd.http.queries import TextsQuery
from flowhqd.http.services import services
from flowhqd.http.texts import TextView
from flowhqd.http.trial import TrialBody, TrialView
from flowhqd.messages.answering import business_of
from flowhqd.states import Language
from flowhqd.store.tenants import Tenant

LANGUAGES = {"SW": "Swahili", "EN": "English"}


async def list_(request: web.Request) -> web.Response:
    """Every text of the tenant's template in one language."""
    tenant = await tenants.find(request)
    language = _language(request.query, tenant)
    shown = await texts.all_of(services(request), tenant, language)
    return render(
        request,
        "texts.html",
        tenant=tenant,
        language=language,
        languages=LANGUAGES,
        rules=by_rule(shown),
        own=sum(text.is_own for text in shown),
    )


async def edit(request: web.Request) -> web.Response:
    """One text to write, and its versions."""
    tenant = await tenants.find(request)
    return await _show(request, tenant, _language(request.query, tenant))


async def save(request: web.Request) -> web.Response:
    """Save, look at or bring back a text, as the button that was pressed says."""
    daemon, tenant, fields = services(request), await tenants.find(request), await form(request)
    key, body = request.match_info["key"], fields.get("body", "")
    language = _language(fields, tenant)
    try:
        match fields.get("do", "save").partition(":"):
            case ("preview", _, _):
                seen = texts.look_at(daemon, tenant, key, language, body)
                return await _show(request, tenant, language, body=body, preview=seen)
            case ("shipped", _, _):
                await texts.save(daemon, tenant, key, language, None, actor=actor(request))
            case ("version", _, number) if number.isascii() and number.isdecimal():
                version = int(number[:9])
                await texts.revert(daemon, tenant, key, language, version, actor=actor(request))
            case ("save", _, _):
                await texts.save(daemon, tenant, key, language, body, actor=actor(request))
            case _:
                raise NotFound("there is no such version")
    except Invalid as error:
        return await _show(request, tenant, language, body=body, error=error.errors["body"])
    where = f"/admin/tenants/{tenant.id}/texts/{key}?language={language}&saved=1"
    raise web.HTTPSeeOther(where)


async def try_out(request: web.Request) -> web.Response:
    """What is answered to a typed message; the empty form before anything was typed."""
    daemon, tenant = services(request), await tenants.find(request)
    fields = await form(request) if request.method == "POST" else {}
    tried: TrialView | None = None
    errors: Mapping[str, str] = {}
    if fields:
        given = {name: fields.get(name, "") for name in ("text", "at", "language")}
        try:
            body = validate(TrialBody, {n: v for n, v in given.items() if v or n == "text"})
            tried = trial.try_out(daemon, tenant, body)
        except Invalid as error:
            errors = error.errors
    return render(
        request,
        "try.html",
        status=422 if errors else 200,
        tenant=tenant,
        tried=tried,
        fields={name: fields.get(name, "") for name in ("text", "at", "language")},
        errors=errors,
        languages=LANGUAGES,
        title=texts.title(tried.rule) if tried and tried.rule else "",
        zone=business_of(tenant).zone.key,
    )


def by_rule(shown: Sequence[TextView]) -> list[tuple[str, list[TextView]]]:
    """Texts under the title of what they answer."""
    return [(title, list(group)) for title, group in groupby(shown, key=lambda text: text.title)]


async def _show(
    request: web.Request,
    tenant: Tenant,
    language: Language,
    *,
    body: str | None = None,
    preview: str | None = None,
    error: str = "",
) -> web.Response:
    key = request.match_info["key"]
    text, versions = await texts.find_with_versions(services(request), tenant, key, language)
    return render(
        request,
        "text.html",
        status=422 if error else 200,
        tenant=tenant,
        text=text,
        body=text.body if body is None else body,
        preview=text.preview if preview is None else preview,
        is_preview=preview is not None,
        is_saved="saved" in request.query and body is None,
        error=error[:1].upper() + error[1:],
        versions=versions,
        languages=LANGUAGES,
    )


def _language(fields: Mapping[str, str], tenant: Tenant) -> Language:
    given = {name: value for name, value in fields.items() if name == "language" and value}
    return validate(TextsQuery, given).language or tenant.config.language
