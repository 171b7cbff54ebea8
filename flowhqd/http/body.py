"""What a request brings: JSON or a form, at most 1 MB, checked against a model."""

from __future__ import annotations

from typing import TypeVar
from urllib.parse import parse_qsl

import orjson
from aiohttp import web
from pydantic import BaseModel, ValidationError

from flowhqd.errors import Invalid
from flowhqd.http.errors import BadJson, RequestError, UnsupportedMedia

MAX_BYTES = 1024**2
MAX_FORM_FIELDS = 100
MAX_ERRORS = 100
FORM = "application/x-www-form-urlencoded"

# pydantic's kinds of error in the words of this API; the others say what is wrong themselves.
TEXTS = {
    "missing": "is required",
    "extra_forbidden": "is not a known field",
    "string_type": "must be a string",
    "string_too_short": "must not be empty",
    "string_too_long": "is too long: at most {max_length} characters",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
}

M = TypeVar("M", bound=BaseModel)


async def read_model(request: web.Request, model: type[M], *, optional: bool = False) -> M:
    """The JSON body as ``model``; an absent one is an empty object when ``optional``.

    Raises BadJson, UnsupportedMedia, Invalid.
    """
    body = await _read(request)
    if not body and optional:
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
    body = await _read(request)
    if body and request.content_type != FORM:
        raise UnsupportedMedia(f"send the body as a form, with Content-Type: {FORM}")
    try:
        pairs = parse_qsl(
            body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS
        )
    except ValueError:
        raise RequestError("the form has too many fields") from None
    return dict(pairs)


def validate(model: type[M], value: object) -> M:
    """``value`` as ``model``; Invalid names every field that cannot be used."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise Invalid(_fields(error)) from None


def query_int(request: web.Request, name: str, default: int, low: int, high: int) -> int:
    """A whole number of the query string; raises Invalid outside ``low`` to ``high``."""
    text = request.query.get(name)
    if text is None:
        return default
    if text.isascii() and text.isdecimal() and len(text) <= 9 and low <= int(text) <= high:
        return int(text)
    raise Invalid({name: f"must be a whole number from {low} to {high}"})


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
