"""A page for what went wrong."""

from __future__ import annotations

from aiohttp import web

from flowhqd.http.errors import Problem, Unauthorized
from flowhqd.http.pages import login
from flowhqd.http.pages.render import render


def show(request: web.Request, problem: Problem) -> web.StreamResponse:
    """The problem in words, or the login form when the password was wrong."""
    if problem.code == Unauthorized.code:
        return login.refused(request, problem.detail)
    return render(request, "problem.html", status=problem.status, problem=problem)
