"""Looking for messages in a tenant's log, and counting them by the hour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg

from flowhqd.errors import Invalid
from flowhqd.states import Direction
from flowhqd.store.messages import LoggedMessage
from flowhqd.store.queries import sql

if TYPE_CHECKING:
    from flowhqd.store.pool import Connection

SEARCH_SECONDS = 5
"""How long one search may keep the database busy; reading a log of 500,000 messages takes 1."""
DIGITS = 3
"""A searched text with fewer digits is not looked for in numbers."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which messages; None leaves a filter out.

    ``text`` is in the message or, where it looks like one, in a number; ``since`` is the first
    moment, ``until`` the first that is too late.
    """

    text: str | None = None
    direction: Direction | None = None
    status: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def digits(self) -> str | None:
        """The text as a part of a phone number; None when it is none."""
        if self.text is None or not set(self.text) <= set("+0123456789 ()./-"):
            return None
        digits = "".join(filter(str.isdecimal, self.text))
        return digits if len(digits) >= DIGITS else None


@dataclass(frozen=True, slots=True)
class Hour:
    """The hour that begins at ``at``, and how many messages came and went in it."""

    at: datetime
    inbound: int
    outbound: int


async def page(
    connection: Connection, tenant_id: UUID, wanted: Filter, *, before: int | None, limit: int
) -> list[LoggedMessage]:
    """Messages that pass, newest first, from before a ``seq`` on; within a transaction.

    Raises Invalid when they cannot be found in SEARCH_SECONDS.
    """
    await connection.execute(sql.message_search_deadline, f"{SEARCH_SECONDS}s")
    try:
        rows = await connection.fetch(
            sql.messages_search,
            tenant_id,
            before,
            limit,
            wanted.direction,
            wanted.status,
            wanted.since,
            wanted.until,
            wanted.text,
            wanted.digits,
        )
    except asyncpg.QueryCanceledError:
        raise Invalid({"q": "takes too long to look for; choose fewer days"}) from None
    return [LoggedMessage.from_row(row) for row in rows]


async def by_hour(
    connection: Connection, tenant_id: UUID, *, since: datetime, until: datetime
) -> list[Hour]:
    """Every hour from one whole hour to another, with its messages."""
    rows = await connection.fetch(sql.messages_by_hour, tenant_id, since, until)
    return [Hour(row["hour"], row["inbound"], row["outbound"]) for row in rows]
