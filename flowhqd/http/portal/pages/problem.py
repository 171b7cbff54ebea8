"""A page for what went wrong."""

from __future__ import annotations

from aiohttp import web

from flowhqd.http.again import Typed
from flowhqd.http.errors import BadCsrfToken, Problem
from flowhqd.http.portal import wording
from flowhqd.http.portal.auth import PORTAL_SESSION, current_session
from flowhqd.http.portal.errors import LoginNeeded
from flowhqd.http.portal.pages import account, again
from flowhqd.http.portal.pages.render import render


async def show(request: web.Request, problem: Problem) -> web.StreamResponse:
    """The problem in words; the login form when that is what is missing; or, when only the token
    of a form was of an earlier login, the form again."""
    if problem.code == LoginNeeded.code:
        return await account.login_needed(request)
    if PORTAL_SESSION not in request and problem.status < 500:
        session = await current_session(request)
        if session is not None:
            request[PORTAL_SESSION] = session
    if problem.code == BadCsrfToken.code:
        typed = await Typed.of(request, again.FORMS)
        if typed is not None:
            return again.show(request, typed, status=problem.status)
    sentence = wording.of_problem(problem.code, problem.status)
    return render(
        request, "problem.html", status=problem.status, sentence=sentence, problem=problem
    )
