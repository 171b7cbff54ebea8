"""Keeps other sites from acting through a browser that knows the password."""

from __future__ import annotations

from aiohttp import web

from flowhqd.http.client import public_host
from flowhqd.http.errors import ForeignOrigin, PasswordInUrl
from flowhqd.http.negotiation import Handler

SAFE_METHODS = frozenset({"GET", "HEAD"})
OWN_SITES = frozenset({"same-origin", "none"})


@web.middleware
async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what changes something when it comes from another site, or has its password in the
    URL."""
    if request.method not in SAFE_METHODS:
        if "password" in request.query:
            raise PasswordInUrl(
                "?password= is for reading only; send the password by Basic authentication"
            )
        if is_foreign(request):
            raise ForeignOrigin("another site asked for this; use flowhqd's own pages, or curl")
    return await handler(request)


def is_foreign(request: web.Request) -> bool:
    """Whether a browser says that another site made this request; curl says nothing.

    Sec-Fetch-Site (W3C Fetch Metadata) is the browser's own judgement and wins over Origin, whose
    host a proxy may have made different from Host.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in OWN_SITES
    origin = request.headers.get("Origin")
    return origin is not None and origin.lower().partition("://")[2] != public_host(request)
