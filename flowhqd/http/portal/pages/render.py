"""From a template in ``web/templates/portal`` to a response in its reader's language."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import aiohttp_jinja2
from aiohttp import web

from flowhqd.http import csrf
from flowhqd.http.again import page_of_form
from flowhqd.http.client import is_secure
from flowhqd.http.origin import SAFE_METHODS
from flowhqd.http.portal.auth import PORTAL_SESSION, own_path
from flowhqd.http.portal.i18n import NAMES, Catalogues, Reader, guess
from flowhqd.messages.answering import business_of
from flowhqd.states import Language
from flowhqd.store.portal_sessions import PortalSession
from flowhqd.store.tenants import Tenant

CATALOGUES = web.AppKey("CATALOGUES", Catalogues)
SUGGESTED = web.RequestKey("SUGGESTED", Language)
LANGUAGE_COOKIE = "flowhqd_language"
A_YEAR_SECONDS = 365 * 24 * 3600


def language_of(request: web.Request) -> Language:
    """The language that a page is to be in: the user's, the browser's choice, or a first guess."""
    session: PortalSession | None = request.get(PORTAL_SESSION)
    if session is not None:
        return session.user.language
    chosen = request.cookies.get(LANGUAGE_COOKIE, "").upper()
    if chosen in list(Language):
        return Language(chosen)
    suggested: Language | None = request.get(SUGGESTED)
    if suggested is not None:
        return suggested
    return guess(",".join(request.headers.getall("Accept-Language", [])))


def suggest_language(request: web.Request, language: Language) -> None:
    """Have the page be in ``language``, unless the browser chose one."""
    request[SUGGESTED] = language


def remember_language(
    request: web.Request, response: web.StreamResponse, language: Language
) -> None:
    """Have the browser keep a language, for when nobody is logged in."""
    response.set_cookie(
        LANGUAGE_COOKIE,
        language.lower(),
        path="/app",
        max_age=A_YEAR_SECONDS,
        httponly=True,
        secure=is_secure(request),
        samesite="Lax",
    )


def reader_of(request: web.Request, tenant: Tenant | None = None) -> Reader:
    """Who reads the answer to ``request``, by the clock of ``tenant``'s business."""
    catalogues = request.config_dict[CATALOGUES]
    language = language_of(request)
    return catalogues.reader(language, zone_of(tenant)) if tenant else catalogues.reader(language)


def zone_of(tenant: Tenant) -> ZoneInfo:
    """The time zone of a tenant's business."""
    return business_of(tenant).zone


def render(
    request: web.Request,
    template: str,
    *,
    status: int = 200,
    tenant: Tenant | None = None,
    **values: Any,
) -> web.Response:
    """The page ``template`` with ``values``, and what every page needs."""
    session = request.get(PORTAL_SESSION)
    reader = reader_of(request, tenant)
    common = {
        "path": request.path,
        "here": _here(request),
        "reader": reader,
        "languages": NAMES,
        "user": session.user if session else None,
        "csrf_token": csrf.mask(session.csrf_token) if session else "",
        "tenant": tenant,
    }
    response = aiohttp_jinja2.render_template(
        f"portal/{template}", request, {**common, **values}, status=status
    )
    response.headers["Content-Language"] = reader.code
    return response


def _here(request: web.Request) -> str:
    """The address of a page that can be opened: of one that answers a form, the form's own."""
    if request.method in SAFE_METHODS:
        return str(request.rel_url)
    return own_path(page_of_form(request), request.path)
