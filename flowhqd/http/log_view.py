"""Reading a tenant's message log: searched, a page at a time, as a spreadsheet, by the hour.

For the operator and the tenant's owner alike: who may ask has been settled by whoever calls.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flowhqd.http import cursors
from flowhqd.http.body import validate
from flowhqd.http.errors import BadCursor
from flowhqd.http.queries import LogFilter, LogsQuery
from flowhqd.http.services import Services
from flowhqd.http.views import LogView, View
from flowhqd.messages.answering import business_of
from flowhqd.states import Direction
from flowhqd.store import message_search
from flowhqd.store.message_search import Filter
from flowhqd.store.messages import LoggedMessage
from flowhqd.store.tenants import Tenant

CSV_CHUNK = 500
"""Messages that are read and sent at a time: what a slow reader is sent waits in no connection of
the database."""
CSV_COLUMNS = (
    "direction",
    "from_number",
    "to_number",
    "message_text",
    "message_type",
    "status",
    "reason",
    "error",
    "wa_message_id",
)
# What makes a spreadsheet take a cell for a formula; the wide forms are typed in East Asia.
FORMULA = tuple("=+-@\t\r\n＝＋－＠")


class HourView(View):
    """The hour that begins at ``at``."""

    at: datetime
    inbound: int
    outbound: int


class TrafficView(View):
    """Messages by the hour, oldest first, the last one being the hour that runs."""

    inbound: int
    outbound: int
    hours: list[HourView]


def query_of_form(fields: Mapping[str, str]) -> LogsQuery:
    """The query of a search form, whose empty fields filter nothing; raises Invalid."""
    known = LogsQuery.model_fields
    return validate(LogsQuery, {n: v for n, v in fields.items() if n in known and v.strip()})


async def page(
    daemon: Services, tenant: Tenant, query: LogsQuery
) -> tuple[list[LogView], str | None]:
    """Messages that pass, newest first, and the cursor of the next page.

    Raises BadCursor, and Invalid for what cannot be searched.
    """
    scope = f"logs {tenant.id}"
    before = None if query.before is None else _position(scope, query.before)
    async with daemon.database.transaction() as connection:
        rows = await message_search.page(
            connection, tenant.id, _filter(query, tenant), before=before, limit=query.limit + 1
        )
    shown, more = rows[: query.limit], len(rows) > query.limit
    return (
        [LogView.of(row) for row in shown],
        cursors.encode(scope, shown[-1].seq) if more else None,
    )


async def as_csv(daemon: Services, tenant: Tenant, query: LogFilter) -> AsyncIterator[bytes]:
    """The messages that pass as CSV in UTF-8, newest first, in chunks of CSV_CHUNK messages.

    Times are the business's own. No cell is a formula to a spreadsheet. Raises Invalid before the
    first chunk for what cannot be searched.
    """
    zone, wanted = business_of(tenant).zone, _filter(query, tenant)
    # The mark tells spreadsheets that it is UTF-8.
    text = "\ufeff" + _line((f"time ({zone.key})", *CSV_COLUMNS))
    before: int | None = None
    while True:
        async with daemon.database.transaction() as connection:
            rows = await message_search.page(
                connection, tenant.id, wanted, before=before, limit=CSV_CHUNK
            )
        yield (text + "".join(_line(_cells(row, zone)) for row in rows)).encode()
        if len(rows) < CSV_CHUNK:
            return
        text, before = "", rows[-1].seq


async def traffic(daemon: Services, tenant: Tenant, *, hours: int) -> TrafficView:
    """How many messages came and went in each of the last so many hours."""
    until = daemon.clock.now().replace(minute=0, second=0, microsecond=0)
    since = until - timedelta(hours=hours - 1)
    async with daemon.database.connection() as connection:
        counted = await message_search.by_hour(connection, tenant.id, since=since, until=until)
    return TrafficView(
        inbound=sum(hour.inbound for hour in counted),
        outbound=sum(hour.outbound for hour in counted),
        hours=[HourView.model_validate(hour) for hour in counted],
    )


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe before what looks like one."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def _cells(row: LoggedMessage, zone: ZoneInfo) -> tuple[str, ...]:
    at = row.created_at.astimezone(zone)
    values = (getattr(row, name) for name in CSV_COLUMNS)
    return (f"{at:%Y-%m-%d %H:%M:%S}", *("" if value is None else str(value) for value in values))


def _line(cells: tuple[str, ...]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(map(harmless, cells))
    return line.getvalue()


def _filter(query: LogFilter, tenant: Tenant) -> Filter:
    """A query as the store takes it; days are those of the business."""
    zone = business_of(tenant).zone
    return Filter(
        text=query.q,
        direction=None if query.direction is None else Direction(query.direction),
        status=query.status,
        since=_begin(query.since, zone),
        until=_begin(query.until and query.until + timedelta(days=1), zone),
    )


def _begin(day: date | None, zone: ZoneInfo) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), zone).astimezone(UTC)


def _position(scope: str, cursor: str) -> int:
    match cursors.decode(scope, cursor, field="before"):
        case [int(seq)]:
            return seq
    raise BadCursor("before", "is from another version of flowhqd")
