"""The list of tenants, and what is done to several of them at once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import get_args
from urllib.parse import urlencode
from uuid import UUID

from aiohttp import web

from flowhqd.errors import FlowHQError, Invalid
from flowhqd.http import tenant_list
from flowhqd.http.auth import actor
from flowhqd.http.body import form, form_list, validate
from flowhqd.http.browsers import BROWSERS
from flowhqd.http.pages.render import render
from flowhqd.http.queries import TenantsQuery, WorkerFilter
from flowhqd.http.services import services
from flowhqd.http.tenants import VERBS, Verb, get
from flowhqd.states import SessionState, TenantStatus
from flowhqd.store.tenant_list import Sort

URL = "/admin/tenants"
TENANTS_A_PAGE = 50
AT_ONCE = 8
"""How many workers are asked at the same time: a stop may take seconds."""

SORTS: Mapping[Sort, str] = MappingProxyType(
    {
        Sort.NAME: "Name",
        Sort.LAST_SEEN: "Last seen",
        Sort.MESSAGES: "Messages today",
        Sort.CREATED: "Oldest first",
    }
)
DONE: Mapping[str, str] = MappingProxyType(
    {"start": "started", "stop": "stopped", "restart": "restarted"}
)


@dataclass(slots=True)
class Outcome:
    """What became of something asked of several tenants; ``refused`` has names and reasons."""

    verb: str
    done: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)


async def show(request: web.Request) -> web.Response:
    """Tenants with their states, as the query string wants them."""
    return await _show(request)


async def act_on_many(request: web.Request) -> web.Response:
    """Start, stop or restart the chosen tenants' workers, and show the list with what was done.

    Asking for what is already so does nothing, so that a page that is sent again does no harm.
    """
    verb = (await form(request)).get("verb", "")
    chosen = [_uuid(text) for text in await form_list(request, "tenant")]
    if verb not in DONE:
        raise Invalid({"verb": f"must be one of {', '.join(DONE)}"})
    if len(chosen) > TENANTS_A_PAGE:
        raise Invalid({"tenant": f"choose at most {TENANTS_A_PAGE} tenants at once"})
    outcome = Outcome(verb)
    gate = asyncio.Semaphore(AT_ONCE)
    async with asyncio.TaskGroup() as tasks:
        for tenant_id in dict.fromkeys(chosen):
            work = _act(request, VERBS[f"worker/{verb}"], tenant_id, outcome, gate)
            tasks.create_task(work)
    outcome.refused.sort()
    return await _show(request, outcome)


async def _act(
    request: web.Request, verb: Verb, tenant_id: UUID, outcome: Outcome, gate: asyncio.Semaphore
) -> None:
    name = str(tenant_id)
    async with gate:
        try:
            name = (await get(services(request), tenant_id)).name
            await verb.do(services(request).control, tenant_id, actor(request))
        except FlowHQError as error:
            outcome.refused.append((name, str(error)))
        else:
            outcome.done += 1


async def _show(request: web.Request, outcome: Outcome | None = None) -> web.Response:
    # A form sends what was left empty, too.
    given = {name: value for name, value in request.query.items() if value}
    filters = {name: value for name, value in given.items() if name not in ("after", "password")}
    wanted = {"sort": Sort.NAME, **filters, **_only(given, "after"), "limit": TENANTS_A_PAGE}
    error = ""
    try:
        query = validate(TenantsQuery, wanted)
        shown, next_page = await tenant_list.page(services(request), query)
    except Invalid as invalid:
        # What the form lets people type; the rest of it they choose.
        error = invalid.errors.pop("q", "")
        if invalid.errors:
            raise
        query = validate(TenantsQuery, {**wanted, "q": None})
        shown, next_page = [], None
    return render(
        request,
        "tenants.html",
        status=422 if error or (outcome and not outcome.done and not outcome.refused) else 200,
        tenants=shown,
        next=urlencode({**filters, "after": next_page}) if next_page else None,
        query=query,
        q=given.get("q", ""),
        error=error,
        here=urlencode({**filters, **_only(given, "after")}),
        is_filtered=bool(filters.keys() - {"sort"}),
        memory=request.config_dict[BROWSERS].shares(),
        tally=await tenant_list.tally(services(request)),
        outcome=outcome,
        done=DONE,
        statuses=list(TenantStatus),
        sessions=list(SessionState),
        workers=get_args(WorkerFilter),
        sorts=SORTS,
    )


def _only(given: Mapping[str, str], name: str) -> dict[str, str]:
    return {name: given[name]} if name in given else {}


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Invalid({"tenant": "is no tenant's id; open the list again"}) from None
