"""A page for what went wrong."""

from __future__ import annotations

import re

from aiohttp import web

from flowhqd.http.again import Typed
from flowhqd.http.auth import IDENTITY
from flowhqd.http.errors import BadCsrfToken, Problem, Unauthorized
from flowhqd.http.pages import again, login
from flowhqd.http.pages.render import render

_TENANT = re.compile(r"/admin/tenants/[0-9a-f-]{36}(?=/)")


async def show(request: web.Request, problem: Problem) -> web.StreamResponse:
    """The problem in words; the login form when that is what is missing; or, when only the token
    of a form was of an earlier login, the form again."""
    if problem.code == Unauthorized.code:
        return await login.refused(request, problem.detail)
    if problem.code == BadCsrfToken.code and IDENTITY in request:
        typed = await Typed.of(request, again.FORMS)
        if typed is not None:
            return again.show(request, typed, status=problem.status)
    tenant = _TENANT.match(request.path) if problem.status != 404 else None
    return render(
        request,
        "problem.html",
        status=problem.status,
        problem=problem,
        tenant_url=tenant[0] if tenant else None,
    )
