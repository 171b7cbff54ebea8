"""The list of all tenants: searched, filtered, sorted, a page at a time, in one query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from flowhqd.states import SessionState, TenantStatus
from flowhqd.store.queries import sql
from flowhqd.store.tenants import Tenant

if TYPE_CHECKING:
    from flowhqd.store.pool import Connection


class Sort(StrEnum):
    """In what order: age, name, who was seen last, who has the most messages today."""

    CREATED = "created"
    NAME = "name"
    LAST_SEEN = "last_seen"
    MESSAGES = "messages"


@dataclass(frozen=True, slots=True)
class Place:
    """A tenant's place in the list, whatever its order."""

    text: str
    number: Decimal
    tenant_id: UUID


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which tenants; None leaves a condition out.

    ``worker`` is a worker's status or the derived state of tenants that no worker serves; ``in_it``
    are tenants whose worker is known to be in that state, ``running`` all that have one.
    """

    search: str | None = None
    status: TenantStatus | None = None
    session: SessionState | None = None
    worker: str | None = None
    in_it: Sequence[UUID] = ()
    running: Sequence[UUID] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """A tenant of the list, and how many messages came and went today."""

    tenant: Tenant
    place: Place
    inbound: int
    outbound: int


@dataclass(frozen=True, slots=True)
class Tally:
    """How many tenants there are, and are in which state."""

    tenants: int = 0
    serving: int = 0
    failing: int = 0
    pairing: int = 0
    paused: int = 0


async def page(
    connection: Connection,
    wanted: Wanted,
    *,
    zone: str,
    sort: Sort = Sort.CREATED,
    after: Place | None = None,
    limit: int,
) -> list[Listed]:
    """Tenants after a place of the list; ``zone`` has the midnight of those without one."""
    rows = await connection.fetch(
        sql.tenant_list,
        zone,
        wanted.search,
        _digits(wanted.search),
        wanted.status,
        wanted.worker,
        wanted.in_it,
        wanted.running,
        sort,
        after.text if after else None,
        after.number if after else None,
        after.tenant_id if after else None,
        wanted.session,
        limit,
    )
    return [
        Listed(
            Tenant.from_row(row),
            Place(row["key_text"], row["key_number"], row["id"]),
            row["inbound"],
            row["outbound"],
        )
        for row in rows
    ]


async def tally(connection: Connection) -> Tally:
    """How all tenants do."""
    [row] = await connection.fetch(sql.tenant_tally)
    return Tally(**row)


def _digits(search: str | None) -> str | None:
    """What a search means as a phone number: as people write it at home, or with its country."""
    digits = (search or "").translate(str.maketrans("", "", " +-()./"))
    return digits.lstrip("0") or None if digits.isdecimal() else None
