"""Keeps other pages from acting with the cookie of a login."""

from __future__ import annotations

import hmac

from aiohttp import web

from flowhqd.http.body import FORM, form
from flowhqd.http.errors import BadCsrfToken

FIELD = "csrf_token"
HEADER = "X-CSRF-Token"


async def check(request: web.Request, expected: str) -> None:
    """Raise BadCsrfToken unless the request has the token of the login's own pages."""
    token = request.headers.get(HEADER)
    if token is None and request.content_type == FORM:
        token = (await form(request)).get(FIELD)
    if not hmac.compare_digest((token or "").encode("utf-8", "surrogateescape"), expected.encode()):
        raise BadCsrfToken("this page is from an earlier login; open it again and repeat")
