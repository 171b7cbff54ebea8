"""The query strings of requests; what is not named here is refused."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from flowhqd.http import cursors
from flowhqd.http.models import Body, LanguageName, problem

MAX_LIMIT = 1000


def _limit(value: object) -> object:
    """Digits alone: ``int`` would take " +1_0 " too."""
    if isinstance(value, str):
        is_whole = value.isascii() and value.isdecimal() and len(value) <= 9
        if not (is_whole and 1 <= int(value) <= MAX_LIMIT):
            raise problem(f"must be a whole number from 1 to {MAX_LIMIT}")
        return int(value)
    return value


Limit = Annotated[int, BeforeValidator(_limit), Field(ge=1, le=MAX_LIMIT)]
Cursor = Annotated[
    str,
    # Which texts are cursors only the list itself can say: BadCursor.
    Field(
        description="`next` of the page before.",
        json_schema_extra={"format": "cursor", "minLength": 1, "maxLength": cursors.MAX_LENGTH},
    ),
]


class Query(Body):
    """A query string that has no further parameters, and each of them once."""


class TenantsQuery(Query):
    """Which tenants: in the order they were made, from the cursor on."""

    limit: Limit = 100
    after: Cursor | None = None


class LogsQuery(Query):
    """Which messages: newest first, from the cursor on."""

    limit: Limit = 50
    before: Cursor | None = None


class QrQuery(Query):
    """In what form the code is wanted; as JSON when left out."""

    format: Literal["png", "svg", "raw", "text"] | None = None
    seq: str | None = Field(
        None, description="Not looked at: it gives each code an address of its own.", max_length=20
    )


class TextsQuery(Query):
    """In which language; the tenant's when left out."""

    language: LanguageName | None = None
