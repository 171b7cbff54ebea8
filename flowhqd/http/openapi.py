"""The document for programs (OpenAPI 3.1), made of what the routes state and of their models."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from http import HTTPMethod, HTTPStatus
from typing import Any

from aiohttp import web
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from flowhqd import __version__
from flowhqd.http.errors import TITLES, ProblemView
from flowhqd.http.operation import TABLE, Door, Endpoint, Operation, Table
from flowhqd.http.responses import json_response
from flowhqd.store.api_keys import Scope

Json = dict[str, Any]

DOCUMENT = web.AppKey("DOCUMENT", Json)

PROBLEM = "application/problem+json"
INTRODUCTION = """
Answers are JSON unless `Accept` names `text/html`. Times are UTC. Every error is a problem document
(RFC 9457), a `ProblemView`, whose `code` stays the same from version to version. Lists come in
pages: `next` is the cursor of the next one.

Log in by Basic authentication with ADMIN_PASSWORD, or with a key that has the scope which an
operation names; the scope `admin` is for everything.
""".strip()
SCHEMES: Mapping[str, Json] = {
    "password": {"type": "http", "scheme": "basic", "description": "ADMIN_PASSWORD; any user name"},
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key"},
    "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key", "description": "An API key"},
    "portal_key": {
        "type": "apiKey",
        "in": "header",
        "name": "x-portal-key",
        "description": "PORTAL_INTERNAL_KEY, of a front end that speaks for its users",
    },
    "portal_login": {
        "type": "apiKey",
        "in": "cookie",
        "name": "flowhqd_portal",
        "description": "A login on the portal's own pages",
    },
}
_PARAMETER = re.compile(r"{(\w+)}")


def document(table: Table) -> Json:
    """The document of all routes in ``table`` that programs use."""
    routes = [
        (route, endpoint)
        for route, endpoint in table.items()
        if endpoint is not None and route.method != HTTPMethod.HEAD
    ]
    references, definitions = _schemas(endpoint.operation for _, endpoint in routes)
    paths: dict[str, Json] = {}
    for route, endpoint in routes:
        path = _path(route)
        item = _operation(route.method, path, endpoint, references, definitions)
        paths.setdefault(path, {})[route.method.lower()] = item
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "flowhqd",
            "version": __version__,
            "description": INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {"schemas": definitions, "securitySchemes": dict(SCHEMES)},
    }


@Operation(Scope.READ, None, media={"application/json": "OpenAPI 3.1"})
async def show(request: web.Request) -> web.Response:
    """This document."""
    return json_response(request.config_dict[DOCUMENT])


def add(app: web.Application) -> None:
    """Make the document, once every route is there."""
    app[DOCUMENT] = document(app[TABLE])


_References = Mapping[Any, Json]


def _schemas(operations: Iterable[Operation]) -> tuple[_References, dict[str, Json]]:
    """Where each model's schema is, and all schemas by name."""
    wanted: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {
        (ProblemView, "serialization"): None
    }
    for operation in operations:
        for incoming in (operation.query, operation.body):
            if incoming is not None:
                wanted[incoming, "validation"] = None
        for outgoing in (operation.answer, *operation.also.values()):
            if outgoing is not None:
                wanted[outgoing, "serialization"] = None
    references, found = models_json_schema(
        list(wanted), ref_template="#/components/schemas/{model}"
    )
    definitions: dict[str, Json] = found["$defs"]
    for schema in definitions.values():
        if "description" in schema:
            schema["description"] = schema["description"].replace("``", "`")
    return references, definitions


def _operation(
    method: str,
    path: str,
    endpoint: Endpoint,
    references: _References,
    definitions: Mapping[str, Json],
) -> Json:
    operation = endpoint.operation
    described: Json = {
        "operationId": "_".join([method.lower(), *re.findall(r"\w+", path)]),
        "tags": [_tag(path)],
        "summary": endpoint.summary.removesuffix("."),
        "parameters": [*_path_parameters(path), *_headers(operation)],
        "responses": _responses(path, operation, references),
        "security": _security(operation.access),
    }
    words = [endpoint.description]
    if isinstance(operation.access, Scope):
        described["x-scope"] = operation.access.value
        words.append(f"A key needs the scope `{operation.access}`.")
    described["description"] = "\n\n".join(filter(None, words))
    if operation.query is not None:
        schema = definitions[_name(references[operation.query, "validation"])]
        described["parameters"] += _query_parameters(schema)
    if operation.body is not None:
        described["requestBody"] = {
            "required": not operation.body.may_be_absent,
            "content": _json(references[operation.body, "validation"]),
        }
    return described


def _responses(path: str, operation: Operation, references: _References) -> Json:
    responses: Json = {}
    for status, answer in {operation.status: operation.answer, **operation.also}.items():
        content: Json = {}
        if answer is not None:
            content |= _json(references[answer, "serialization"])
        if status == operation.status:
            content |= {
                media: {"schema": {"description": words}}
                for media, words in operation.media.items()
            }
        responses[str(status)] = {"description": HTTPStatus(status).phrase}
        if content:
            responses[str(status)]["content"] = content
    if operation.status == HTTPStatus.CREATED:
        responses["201"]["headers"] = {
            "Location": {"description": "The new one's address", "schema": {"type": "string"}}
        }
    problem = {PROBLEM: {"schema": references[ProblemView, "serialization"]}}
    for number in sorted(_errors(path, operation)):
        title = TITLES.get(number) or HTTPStatus(number).phrase
        responses.setdefault(str(number), {"description": title, "content": problem})
    return responses


def _errors(path: str, operation: Operation) -> set[int]:
    errors = {400, *operation.errors}
    if operation.access is not Door.OPEN:
        # Whoever the login is looked up for needs the database; wrong passwords are slowed down.
        errors |= {401, 403, 429, 503}
    if "{" in path:
        errors |= {404}
    if operation.query is not None:
        errors |= {422}
    if operation.body is not None:
        errors |= {413, 415, 422}
    return errors


def _security(access: Scope | Door) -> list[Json]:
    match access:
        case Door.OPEN:
            return []
        case Door.PORTAL_KEY:
            return [{"portal_key": []}]
        case Door.PORTAL_LOGIN:
            return [{"portal_login": []}]
        case _:
            return [{"password": []}, {"bearer": []}, {"key": []}]


def _path_parameters(path: str) -> list[Json]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "format": "uuid"} if name == "id" else {"type": "string"},
        }
        for name in _PARAMETER.findall(path)
    ]


def _headers(operation: Operation) -> list[Json]:
    if operation.access is not Door.PORTAL_KEY:
        return []
    schema = {"type": "string", "format": "email"}
    return [{"name": "x-user-email", "in": "header", "required": True, "schema": schema}]


def _query_parameters(schema: Json) -> list[Json]:
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, **_parameter(dict(of_name))}
        for name, of_name in schema.get("properties", {}).items()
    ]


def _parameter(schema: Json) -> Json:
    """A field of a query's model as a parameter: what may be left out is never null there."""
    words = schema.pop("description", None)
    kinds = [one for one in schema.pop("anyOf", []) if one != {"type": "null"}]
    if len(kinds) == 1:
        words = words or kinds[0].get("description")
        schema = {**schema, **kinds[0]}
        schema.pop("description", None)
    elif kinds:
        schema["anyOf"] = kinds
    if schema.get("default", ...) is None:
        del schema["default"]
    return {"schema": schema, **({"description": words} if words else {})}


def _json(reference: Json) -> Json:
    return {"application/json": {"schema": reference}}


def _name(reference: Json) -> str:
    return str(reference["$ref"]).rpartition("/")[2]


def _path(route: web.AbstractRoute) -> str:
    assert route.resource is not None  # noqa: S101 - only routes without a path have none
    return route.resource.canonical


def _tag(path: str) -> str:
    """The part of the document that a path belongs to: the noun it is about."""
    parts = [part for part in path.split("/") if part and "{" not in part]
    if parts[0] == "admin":
        return parts[1].replace("-", " ")
    return "portal" if "portal" in parts else "daemon"
