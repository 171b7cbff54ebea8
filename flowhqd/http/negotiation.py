"""Who gets a page and who gets JSON: HTML only for those who name it in Accept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def wants_html(request: web.Request) -> bool:
    """Whether Accept names text/html, and JSON not with a higher quality."""
    html = quality(request, "Accept", "text/html")
    return html > 0 and html >= quality(request, "Accept", "application/json")


def negotiated(json: Handler, page: Handler) -> Handler:
    """A handler that answers with ``page`` those who want HTML, everybody else with ``json``."""

    async def choose(request: web.Request) -> web.StreamResponse:
        return await (page if wants_html(request) else json)(request)

    return choose


def quality(request: web.Request, header: str, wanted: str) -> float:
    """The quality that a header gives to what is wanted, by name; 0 when it does not name it."""
    best = 0.0
    for part in ",".join(request.headers.getall(header, [])).split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if name == wanted:
            best = max(best, _q(parameters))
    return best


def _q(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
