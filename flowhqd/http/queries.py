"""The query strings of requests; what is not named here is refused."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema

from flowhqd.http import cursors
from flowhqd.http.models import Body, LanguageName, problem
from flowhqd.states import SessionState, SetupStatus, TenantStatus
from flowhqd.store.tenant_list import Sort
from flowhqd.whatsapp.events import clean

MAX_LIMIT = 1000
MAX_SEARCH = 200
MAX_HOURS = 14 * 24
FIRST_YEAR, LAST_YEAR = 1970, 2999


def _whole_number(most: int) -> BeforeValidator:
    """Digits alone: ``int`` would take " +1_0 " too."""

    def read(value: object) -> object:
        if isinstance(value, str):
            is_whole = value.isascii() and value.isdecimal() and len(value) <= 9
            if not (is_whole and 1 <= int(value) <= most):
                raise problem(f"must be a whole number from 1 to {most}")
            return int(value)
        return value

    return BeforeValidator(read)


def _day(value: object) -> object:
    """As ISO 8601 has it, where every calendar and zone reaches."""
    try:
        if isinstance(value, str) and len(value) == len("2026-11-21"):
            day = date.fromisoformat(value)
            if FIRST_YEAR <= day.year <= LAST_YEAR:
                return day
    except ValueError:
        pass
    raise problem("must be a date such as 2026-11-21")


Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT), _whole_number(MAX_LIMIT)]
Hours = Annotated[int, Field(ge=1, le=MAX_HOURS), _whole_number(MAX_HOURS)]
Cursor = Annotated[
    str,
    # Which texts are cursors only the list itself can say: BadCursor.
    Field(
        description="`next` of the page before.",
        json_schema_extra={"format": "cursor", "maxLength": cursors.MAX_LENGTH},
    ),
]


Search = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_SEARCH), AfterValidator(clean)
]
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
WorkerFilter = Literal[
    "STOPPED", "RUNNING", "ERROR", "STARTING", "RECONNECTING", "STALE", "RESTING"
]
MessageStatus = Literal[
    "RECEIVED",
    "ANSWERED",
    "SUPPRESSED",
    "QUEUE_FULL",
    "UNANSWERED",
    "FAILED",
    "QUEUED",
    "SENT",
    "DELIVERED",
    "READ",
    "UNKNOWN",
]


class Query(Body):
    """A query string that has no further parameters, and each of them once."""


class TenantsQuery(Query):
    """Which tenants, in what order, from the cursor on; ``q`` is a part of a name or number."""

    limit: Limit = 100
    after: Cursor | None = None
    q: Search | None = None
    status: TenantStatus | None = None
    session: SessionState | None = None
    worker: WorkerFilter | None = None
    sort: Sort = Sort.CREATED


class LogFilter(Query):
    """Which messages; ``since`` and ``until`` are days of the business, both included.

    ``q`` is a part of the text or of a phone number.
    """

    q: Search | None = None
    direction: Literal["IN", "OUT"] | None = None
    status: MessageStatus | None = None
    since: Day | None = None
    until: Day | None = None


class LogsQuery(LogFilter):
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


class ScreenshotQuery(Query):
    """In what form the picture is wanted; there is one."""

    format: Literal["png"] = "png"
    at: str | None = Field(
        None,
        description="Not looked at: it gives each picture an address of its own.",
        max_length=20,
    )


class TrafficQuery(Query):
    """Of how many hours, the one that runs included."""

    hours: Hours = 48


class EventsQuery(Query):
    """Which events: newest first, from the cursor on."""

    limit: Limit = 50
    before: Cursor | None = None


class WatchQuery(Query):
    """Whose changes; everybody's when left out."""

    tenant: UUID | None = None


class UsersQuery(Query):
    """Which users: newest first, from the cursor on, with ``q`` in their address."""

    limit: Limit = 100
    after: Cursor | None = None
    q: Search | None = None


class SetupRequestsQuery(Query):
    """Which requests: newest first, from the cursor on; all when no status is given."""

    limit: Limit = 100
    after: Cursor | None = None
    status: SetupStatus | None = None
