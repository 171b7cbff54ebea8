"""Headers that every answer carries."""

from __future__ import annotations

from types import MappingProxyType

from aiohttp import hdrs, web

SECURITY = MappingProxyType(
    {
        "Content-Security-Policy": (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
            "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ),
        "X-Content-Type-Options": "nosniff",
        # With no-referrer a browser would send "Origin: null" with our own forms.
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Frame-Options": "DENY",
    }
)


# The address of such a page is a secret: not even our own pages are told of it. Unlike no-referrer
# this leaves the Origin of the page's own form, by which browsers without Sec-Fetch-Site are known.
LINK_PATHS = ("/app/invite/", "/app/reset/")
LINK_REFERRER_POLICY = "strict-origin"


async def add(request: web.Request, response: web.StreamResponse) -> None:
    """Before an answer leaves: keep it to our own pages, and out of caches unless it says
    otherwise."""
    response.headers.update(SECURITY)
    if request.path.startswith(LINK_PATHS):
        response.headers["Referrer-Policy"] = LINK_REFERRER_POLICY
    response.headers[hdrs.SERVER] = "flowhqd"
    if hdrs.CACHE_CONTROL not in response.headers:
        response.headers[hdrs.CACHE_CONTROL] = "no-store"
        response.headers[hdrs.VARY] = f"{hdrs.ACCEPT}, {hdrs.ACCEPT_ENCODING}"
