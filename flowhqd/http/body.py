"""What a request brings: a query string, JSON or a form of at most 1 MB; checked against models."""

from __future__ import annotations

import re
from typing import TypeVar
from urllib.parse import parse_qsl
from uuid import UUID

import orjson
from aiohttp import web
from pydantic import BaseModel, ValidationError

from flowhqd.errors import Invalid, NotFound
from flowhqd.http.errors import BadJson, RequestError, UnsupportedMedia
from flowhqd.http.models import Body
from flowhqd.http.operation import operation_of
from flowhqd.http.queries import Query

MAX_BYTES = 1024**2
# The form for opening hours has 48 fields for each weekday at most.
MAX_FORM_FIELDS = 400
MAX_ERRORS = 100
FORM = "application/x-www-form-urlencoded"

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)

# pydantic's kinds of error in the words of this API; the others say what is wrong themselves.
TEXTS = {
    "missing": "is required",
    "extra_forbidden": "is not a known field",
    "string_type": "must be a string",
    "string_too_short": "must not be empty",
    "string_too_long": "is too long: at most {max_length} characters",
    "literal_error": "must be one of {expected}",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
}

M = TypeVar("M", bound=BaseModel)
B = TypeVar("B", bound=Body)
Q = TypeVar("Q", bound=Query)


async def read_model(request: web.Request, model: type[B]) -> B:
    """The JSON body as ``model``, which is the one that the route states.

    Raises BadJson, UnsupportedMedia, Invalid.
    """
    operation = operation_of(request)
    if operation is None or operation.body is not model:
        raise TypeError(f"the route does not state {model.__name__} as its body")
    body = await _read(request)
    if not body and model.may_be_absent:
        return validate(model, {})
    if request.content_type != "application/json" and not request.content_type.endswith("+json"):
        raise UnsupportedMedia("send the body as JSON, with Content-Type: application/json")
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadJson(f"the body is not JSON in UTF-8: {error}") from None
    return validate(model, value)


async def form(request: web.Request) -> dict[str, str]:
    """The fields of a form; the last one of a name counts."""
    return dict(await _pairs(request))


async def form_list(request: web.Request, name: str) -> list[str]:
    """The values of all fields of this name, as ticked boxes send them."""
    return [value for each, value in await _pairs(request) if each == name]


async def _pairs(request: web.Request) -> list[tuple[str, str]]:
    body = await _read(request)
    if body and request.content_type != FORM:
        raise UnsupportedMedia(f"send the body as a form, with Content-Type: {FORM}")
    try:
        return parse_qsl(
            body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS
        )
    except ValueError:
        raise RequestError("the form has too many fields") from None


def validate(model: type[M], value: object) -> M:
    """``value`` as ``model``; Invalid names every field that cannot be used."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise Invalid(_fields(error)) from None


def read_query(request: web.Request, model: type[Q]) -> Q:
    """The query string as ``model``, which is the one that the route states; raises Invalid."""
    operation = operation_of(request)
    if operation is None or operation.query is not model:
        raise TypeError(f"the route does not state {model.__name__} as its query")
    given = {name: request.query.getall(name) for name in request.query if name != "password"}
    twice = {name: "is given more than once" for name, values in given.items() if len(values) > 1}
    if twice:
        raise Invalid(dict(list(twice.items())[:MAX_ERRORS]))
    return validate(model, {name: value for name, (value,) in given.items()})


def path_id(request: web.Request, noun: str) -> UUID:
    """The id of a ``noun`` in the path; raises NotFound for what is no UUID."""
    text = request.match_info["id"]
    if not _UUID.fullmatch(text):
        raise NotFound(f"there is no such {noun}; its id is a UUID")
    return UUID(text)


async def _read(request: web.Request) -> bytes:
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding.lower() != "identity":
        raise UnsupportedMedia("send the body as it is, not compressed")
    try:
        return await request.read()
    except (ConnectionError, web.RequestPayloadError):
        raise RequestError("the body did not arrive whole") from None


def _fields(error: ValidationError) -> dict[str, str]:
    fields: dict[str, str] = {}
    for details in error.errors(include_url=False, include_input=False)[:MAX_ERRORS]:
        context = details.get("ctx", {})
        if details["type"] == "fields":
            fields.update(list(context["fields"].items())[:MAX_ERRORS])
            continue
        name = ".".join(str(part)[:100] for part in details["loc"]) or "body"
        text = TEXTS.get(details["type"])
        fields[name] = text.format(**context) if text else details["msg"]
    return fields
