"""A tenant's reply texts and their versions, and trying out what is answered."""

from __future__ import annotations

from aiohttp import web

from flowhqd.http import tenants, texts, trial
from flowhqd.http.auth import actor
from flowhqd.http.body import read_model, read_query
from flowhqd.http.operation import Operation
from flowhqd.http.queries import TextsQuery
from flowhqd.http.responses import json_response
from flowhqd.http.services import services
from flowhqd.http.texts import (
    PreviewBody,
    PreviewView,
    TextAnswer,
    TextBody,
    TextsView,
    TextWithVersions,
)
from flowhqd.http.trial import TrialBody, TrialView
from flowhqd.store.api_keys import Scope


@Operation(Scope.READ, TextsView, query=TextsQuery)
async def list_(request: web.Request) -> web.Response:
    """Every text of the tenant's template, as it is sent now."""
    tenant = await tenants.find(request)
    language = read_query(request, TextsQuery).language or tenant.config.language
    shown = await texts.all_of(services(request), tenant, language)
    return json_response(
        TextsView(template_type=tenant.config.template_type, language=language, texts=shown)
    )


@Operation(Scope.READ, TextWithVersions, query=TextsQuery)
async def read(request: web.Request) -> web.Response:
    """One text and its versions, newest first."""
    tenant = await tenants.find(request)
    language = read_query(request, TextsQuery).language or tenant.config.language
    text, versions = await texts.find_with_versions(
        services(request), tenant, request.match_info["key"], language
    )
    return json_response(TextWithVersions(text=text, versions=versions))


@Operation(Scope.ADMIN, TextAnswer, body=TextBody)
async def save(request: web.Request) -> web.Response:
    """Write a text anew, from the next message on; ``body`` null brings the shipped one back."""
    tenant = await tenants.find(request)
    body = await read_model(request, TextBody)
    saved = await texts.save(
        services(request),
        tenant,
        request.match_info["key"],
        body.language or tenant.config.language,
        body.body,
        actor=actor(request),
    )
    return json_response(TextAnswer(text=saved))


@Operation(Scope.READ, PreviewView, body=PreviewBody)
async def preview(request: web.Request) -> web.Response:
    """Look at a text as a customer would get it; nothing is saved."""
    tenant = await tenants.find(request)
    body = await read_model(request, PreviewBody)
    seen = texts.look_at(
        services(request),
        tenant,
        request.match_info["key"],
        body.language or tenant.config.language,
        body.body,
    )
    return json_response(PreviewView(preview=seen))


@Operation(Scope.READ, TrialView, body=TrialBody)
async def try_out(request: web.Request) -> web.Response:
    """Which rule answers a message, and with what text; nothing is sent or remembered."""
    tenant = await tenants.find(request)
    body = await read_model(request, TrialBody)
    return json_response(trial.try_out(services(request), tenant, body))
