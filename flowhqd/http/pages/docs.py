"""The document for programs as a page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from flowhqd.http.openapi import DOCUMENT, PROBLEM, Json
from flowhqd.http.pages.render import render

LIMITS = {
    "minimum": "from",
    "maximum": "to",
    "minLength": "at least",
    "maxLength": "at most",
    "format": "format",
    "default": "default",
}
"""What a schema says of a value besides its type, and the words for it."""


@dataclass(frozen=True, slots=True)
class Row:
    """A field or a parameter."""

    name: str
    place: str
    type: str
    of: str
    is_required: bool
    description: str


async def show(request: web.Request) -> web.Response:
    """Every operation by its noun, then every schema."""
    document = request.config_dict[DOCUMENT]
    groups: dict[str, list[Json]] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            shown = {"method": method.upper(), "path": path, "parameters": [], **operation}
            shown["rows"] = list(_rows(document, operation))
            shown["answers"] = list(_answers(operation))
            shown["problems"] = _problems(operation)
            groups.setdefault(operation["tags"][0], []).append(shown)
    # What only one operation takes stands there.
    referred = set(re.findall(r"#/components/schemas/(\w+)", str(_outgoing(document))))
    schemas = {
        name: {"description": "", "enum": [], **schema, "rows": list(_fields(schema, ""))}
        for name, schema in sorted(document["components"]["schemas"].items())
        if name in referred
    }
    return render(request, "docs.html", document=document, groups=groups, schemas=schemas)


def _outgoing(document: Json) -> list[Any]:
    """Whatever may refer to a schema, but for what operations take."""
    operations = [one for item in document["paths"].values() for one in item.values()]
    parameters = [one["parameters"] for one in operations]
    answers = [one["responses"] for one in operations]
    return [parameters, answers, document["components"]["schemas"]]


def _rows(document: Json, operation: Json) -> Iterator[Row]:
    """What an operation takes."""
    for one in operation["parameters"]:
        words, of = _type(one["schema"])
        yield Row(one["name"], one["in"], words, of, one["required"], one.get("description", ""))
    if "requestBody" in operation:
        _, name = _type(operation["requestBody"]["content"]["application/json"]["schema"])
        yield from _fields(document["components"]["schemas"][name], "body")


def _answers(operation: Json) -> Iterator[tuple[str, str, str, str]]:
    """Status, meaning, media type and schema of each answer that is no problem."""
    for status, answer in operation["responses"].items():
        content = answer.get("content") or {"": {"schema": {}}}
        for media, of_media in content.items():
            schema = of_media["schema"]
            if media != PROBLEM:
                words = schema.get("description", answer["description"])
                yield status, words, media, _type(schema)[1]


def _problems(operation: Json) -> list[tuple[str, str]]:
    """Status and meaning of each problem."""
    return [
        (status, answer["description"])
        for status, answer in operation["responses"].items()
        if PROBLEM in answer.get("content", ())
    ]


def _fields(schema: Json, place: str) -> Iterator[Row]:
    for name, field in schema.get("properties", {}).items():
        words, of = _type(field)
        required = name in schema.get("required", [])
        yield Row(name, place, words, of, required, field.get("description", ""))


def _type(schema: Json) -> tuple[str, str]:
    """A type in words, and the name of the schema it refers to."""
    if "$ref" in schema:
        return "", str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        parts = [_type(one) for one in schema["anyOf"]]
        return " or ".join(words for words, _ in parts if words), "".join(of for _, of in parts)
    if schema.get("type") == "array":
        words, of = _type(schema.get("items", {}))
        return f"list of {words}".strip(), of
    if "enum" in schema or "const" in schema:
        return " | ".join(str(one) for one in schema.get("enum", [schema.get("const")])), ""
    words = str(schema.get("type", "any"))
    limits = [f"{word} {_plain(schema[key])}" for key, word in LIMITS.items() if key in schema]
    return ", ".join([words, *limits]), ""


def _plain(value: Any) -> str:
    return "null" if value is None else str(value)
