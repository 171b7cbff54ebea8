"""What a route does for programs, stated where its handler is, and the table of all routes.

It is one statement for three readers: the check of what comes in (``body.py``), the check of who
asks (``auth.py``), and the document (``openapi.py``).
"""

from __future__ import annotations

import enum
import functools
import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from aiohttp import web
from pydantic import BaseModel

from flowhqd.http.negotiation import Handler, negotiated
from flowhqd.store.api_keys import Scope

if TYPE_CHECKING:
    from flowhqd.http.models import Body
    from flowhqd.http.queries import Query


class Door(enum.Enum):
    """Who may ask, where it is not the admin or a program with a key."""

    OPEN = "anybody"
    PORTAL_KEY = "a front end that has PORTAL_INTERNAL_KEY"
    PORTAL_LOGIN = "a user of the portal, by the cookie of their login"


@dataclass(frozen=True, slots=True)
class Operation:
    """Decorates a handler that answers with JSON; its docstring goes into the document.

    ``access`` is the scope that a key needs. ``answer`` is the JSON of success, None for none;
    ``also`` has further statuses with their JSON. ``media`` has other types of the answer and what
    each is. ``errors`` are the statuses that do not follow from the rest: 401 and 403 go with a
    login, 404 with an id in the path, 400 and 422 with a query, those, 413 and 415 with a body.
    ``summary`` stands in for a docstring where one handler serves several routes.
    """

    access: Scope | Door
    answer: type[BaseModel] | None
    status: int = 200
    query: type[Query] | None = None
    body: type[Body] | None = None
    errors: tuple[int, ...] = ()
    also: Mapping[int, type[BaseModel]] = field(default_factory=dict)
    media: Mapping[str, str] = field(default_factory=dict)
    summary: str = ""

    def __call__(self, handler: Handler) -> Endpoint:
        """``handler`` with what it states."""
        return Endpoint(handler, self)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A handler for programs, and what it states."""

    handler: Handler
    operation: Operation

    @property
    def summary(self) -> str:
        """One line on what it does."""
        return self.operation.summary or self._doc.partition("\n")[0]

    @property
    def description(self) -> str:
        """What is to be known beyond the summary."""
        return "" if self.operation.summary else self._doc.partition("\n")[2].strip()

    @property
    def _doc(self) -> str:
        return (inspect.getdoc(self.handler) or "").replace("``", "`")


Table = dict[web.AbstractRoute, Endpoint | None]
"""Every route there is; None for one that programs do not use."""

TABLE = web.AppKey("TABLE", Table)


class Guard(Protocol):
    """A middleware."""

    async def __call__(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer ``request`` with ``handler``, or refuse it."""


class Routes:
    """Registers the routes of an application, which may be part of a larger one.

    ``table`` is the larger one's. ``guard`` is a middleware for these routes alone.
    """

    def __init__(self, app: web.Application, table: Table, *, guard: Guard | None = None) -> None:
        self._router = app.router
        self._table = table
        self._guard = guard

    def json(
        self, method: str, path: str, endpoint: Endpoint, *, page: Handler | None = None
    ) -> None:
        """A route for programs; those who want HTML get ``page`` when there is one."""
        handler = negotiated(endpoint.handler, page) if page else endpoint.handler
        self._add(method, path, handler, endpoint)

    def page(self, method: str, path: str, handler: Handler) -> None:
        """A route for people; there is nothing for who does not want HTML."""
        self._add(method, path, negotiated(_nothing, handler), None)

    def plain(self, method: str, path: str, handler: Handler) -> None:
        """A route that is no part of what programs use, and answers everybody alike."""
        self._add(method, path, handler, None)

    def _add(self, method: str, path: str, handler: Handler, endpoint: Endpoint | None) -> None:
        if self._guard is not None:
            handler = functools.partial(self._guard, handler=handler)
        for each in ("HEAD", "GET") if method == "GET" else (method,):
            self._table[self._router.add_route(each, path, handler)] = endpoint


def methods_for_programs(request: web.Request) -> list[str]:
    """What programs can ask of the path of ``request``, whatever its method."""
    return sorted(
        {
            route.method
            for route, endpoint in request.config_dict[TABLE].items()
            if endpoint is not None
            and route.resource is not None
            and re.fullmatch(re.sub(r"{\w+}", "[^/]+", route.resource.canonical), request.path)
        }
    )


def operation_of(request: web.Request) -> Operation | None:
    """What the route of ``request`` states; None for a page's, or where there is no route."""
    endpoint = request.config_dict[TABLE].get(request.match_info.route)
    return endpoint.operation if endpoint else None


async def _nothing(request: web.Request) -> web.StreamResponse:
    """A page's route for who does not want HTML: another method may be for programs."""
    own = request.match_info.route.resource
    allowed = {
        route.method
        for route, endpoint in request.config_dict[TABLE].items()
        if endpoint and own and route.resource and route.resource.canonical == own.canonical
    }
    if allowed:
        raise web.HTTPMethodNotAllowed(request.method, allowed)
    raise web.HTTPNotFound
