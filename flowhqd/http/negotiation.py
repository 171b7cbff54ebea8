"""Who gets a page and who gets JSON: HTML only for those who name it in Accept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def wants_html(request: web.Request) -> bool:
    """Whether Accept names text/html, and JSON not with a higher quality."""
    html = _quality(request, "text/html")
    return html > 0 and html >= _quality(request, "application/json")


def negotiated(json: Handler, page: Handler) -> Handler:
    """A handler that answers with ``page`` those who want HTML, everybody else with ``json``."""

    async def choose(request: web.Request) -> web.StreamResponse:
        return await (page if wants_html(request) else json)(request)

    return choose


def _quality(request: web.Request, media_type: str) -> float:
    """The quality that Accept gives to a media type by name; 0 when it does not name it."""
    best = 0.0
    for part in ",".join(request.headers.getall("Accept", [])).split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if name == media_type:
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
