"""Errors as people and programs get them: problem+json (RFC 9457), or a page."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from aiohttp import web
from pydantic import BaseModel, Field

from flowhqd.errors import (
    BrowserError,
    Conflict,
    FlowHQError,
    Invalid,
    NotFound,
    NotServing,
    PageTimeout,
    StoreUnavailable,
    TooManyWaiting,
)
from flowhqd.http.negotiation import Handler, wants_html
from flowhqd.http.operation import methods_for_programs
from flowhqd.http.responses import json_response
from flowhqd.log import get_logger

RETRY_AFTER_SECONDS = 5

_log = get_logger(__name__)


class RequestError(FlowHQError):
    """A request that cannot be served as it was made."""

    status: ClassVar[int] = 400
    code = "bad_request"
    errors: Mapping[str, str] = MappingProxyType({})
    """What is wrong, by the field that it is about."""


class BadJson(RequestError):
    """The body is not JSON."""

    code = "bad_json"


class BadCursor(RequestError):
    """A cursor that no page of this list gave."""

    code = "bad_cursor"

    def __init__(self, field: str, text: str) -> None:
        super().__init__(f"{field}: {text}")
        self.errors = {field: text}


class PasswordInUrl(RequestError):
    """``?password=`` on a request that changes something."""

    code = "password_in_url"


class Unauthorized(RequestError):
    """No password, or a wrong one."""

    status = 401
    code = "unauthorized"


class MissingScope(RequestError):
    """A key that is good, but not for this."""

    status = 403
    code = "missing_scope"


class ForeignOrigin(RequestError):
    """A browser sent the request on behalf of another site."""

    status = 403
    code = "foreign_origin"


class BadCsrfToken(RequestError):
    """A request by cookie without the token that only our own pages know."""

    status = 403
    code = "bad_csrf_token"


class UnsupportedMedia(RequestError):
    """The body has another type than this path takes."""

    status = 415
    code = "unsupported_media_type"


class TooManyFailures(RequestError):
    """More wrong passwords wait for their answer than are kept waiting."""

    status = 429
    code = "too_many_failures"


class TooManyStreams(RequestError):
    """As many readers of changes as there may be are connected."""

    status = 503
    code = "too_many_streams"


# The first class that an error is decides.
STATUSES: tuple[tuple[type[FlowHQError], int], ...] = (
    (NotFound, 404),
    (Conflict, 409),
    (Invalid, 422),
    (TooManyWaiting, 429),
    (StoreUnavailable, 503),
    (NotServing, 503),
    (PageTimeout, 504),
    (BrowserError, 502),
)
BASIC = 'Basic realm="flowhqd", charset="UTF-8"'
# HTTP wants a challenge, but browsers would ask for the admin's password on the portal's pages.
OTHERWISE = 'flowhqd realm="portal"'
# Those that may go better when asked again.
RETRYABLE = frozenset({429, 502, 503, 504})

TITLES = {401: "Password needed", 422: "Some fields cannot be used"}
_DETAILS = {
    404: "there is nothing at this address",
    405: "this address does not take that method",
    413: "a body may have 1 MB at most",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong with a request; ``code`` stays the same from version to version."""

    status: int
    code: str
    detail: str
    errors: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The kind of problem, for people."""
        return TITLES.get(self.status) or HTTPStatus(self.status).phrase

    def json(self) -> dict[str, Any]:
        """The members of the problem document."""
        members = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
        }
        return {**members, "errors": self.errors} if self.errors else members


class ProblemView(BaseModel):
    """What is wrong with a request; ``code`` stays the same from version to version."""

    type: Literal["about:blank"]
    title: str
    status: int
    code: str
    detail: str
    errors: dict[str, str] = Field(default={}, description="What is wrong, by field.")


Page = Callable[[web.Request, Problem], Awaitable[web.StreamResponse]]


def middleware(page: Page) -> Any:
    """Answer errors: as ``page`` for those who want HTML, else as problem+json."""

    @web.middleware
    async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            if error.status < 400:
                raise
            problem = of_http_exception(error)
        except FlowHQError as error:
            problem = of_error(error) or _unexpected(request)
        except Exception:
            problem = _unexpected(request)
        return await answer(request, problem, page)

    return problems


async def answer(request: web.Request, problem: Problem, page: Page) -> web.StreamResponse:
    """The response that tells ``problem`` to who asked."""
    if wants_html(request):
        response = await page(request, problem)
        response.headers.update(problem.headers)
        return response
    headers = dict(problem.headers)
    if problem.status == HTTPStatus.METHOD_NOT_ALLOWED:
        # Methods that only pages have are none of a program's.
        headers["Allow"] = ",".join(methods_for_programs(request))
    if problem.status == 401:
        headers["WWW-Authenticate"] = BASIC if problem.code == Unauthorized.code else OTHERWISE
    return json_response(
        problem.json(),
        status=problem.status,
        headers=headers,
        content_type="application/problem+json",
    )


def of_error(error: FlowHQError) -> Problem | None:
    """The problem that one of flowhqd's own errors is; None for one that no request should meet."""
    if isinstance(error, RequestError):
        status = error.status
    else:
        status = next((code for kind, code in STATUSES if isinstance(error, kind)), 0)
    if not status:
        return None
    # What asyncpg says of an absent database names hosts and files.
    away = "the database does not answer; try again in a moment"
    return Problem(
        status,
        error.code,
        away if isinstance(error, StoreUnavailable) else str(error),
        errors=dict(error.errors) if isinstance(error, Invalid | RequestError) else {},
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)} if status in RETRYABLE else {},
    )


def of_http_exception(error: web.HTTPException) -> Problem:
    """The problem that aiohttp found: no such path or method, a body too large."""
    status = HTTPStatus(error.status)
    allow = error.headers.get("Allow")
    return Problem(
        status,
        status.name.lower(),
        _DETAILS.get(status, status.description or status.phrase),
        headers={"Allow": allow} if allow else {},
    )


def _unexpected(request: web.Request) -> Problem:
    """A bug: what it was is in the log alone, under an id that the answer gives."""
    error_id = secrets.token_hex(6)
    _log.exception("request_failed", error_id=error_id, method=request.method, path=request.path)
    return Problem(500, "internal_error", f"flowhqd failed; its log tells more: {error_id}")
