from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, get_args
from uuid import uuid4

import asyncpg
import pytest

from flowhqd.errors import Conflict, NotFound
from flowhqd.reasons import Reason
from flowhqd.states import Language, SessionState, SetupStatus, TenantStatus, Wanted, WorkerStatus
from flowhqd.store import states, tenants
from flowhqd.store.database import Database
from flowhqd.store.states import Link, Qr, StateChange
from flowhqd.store.tenants import Change
from flowhqd.whatsapp.addresses import AliasKind
from tests.tenants import new_tenant

if TYPE_CHECKING:
    from flowhqd.store.pool import Connection

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
ACCOUNT = "+255700000001"


@pytest.fixture
async def connection(pool: asyncpg.Pool) -> AsyncIterator[Connection]:
    async with pool.acquire() as connection:
        yield connection


def linked(account: str | None = ACCOUNT) -> Link:
    return Link(account, "111@lid", "native", "2.3000.1", {"state": True})


CHECKED: list[tuple[str, str, type[StrEnum]]] = [
    ("tenant", "status", TenantStatus),
    ("tenant", "wanted", Wanted),
    ("tenant_config", "language", Language),
    ("whatsapp_session", "state", SessionState),
    ("worker_process", "status", WorkerStatus),
    ("setup_request", "status", SetupStatus),
    ("setup_request", "language", Language),
]


async def allowed(connection: Connection, table: str, column: str) -> set[str]:
    """The values that the table's check on one column lists."""
    definition = await connection.fetchval(
        "select pg_get_constraintdef(c.oid) from pg_constraint c"
        "  join pg_attribute a on a.attrelid = c.conrelid and c.conkey = array[a.attnum]"
        " where c.contype = 'c' and c.conrelid = $1::text::regclass and a.attname = $2",
        table,
        column,
    )
    return set(re.findall(r"'(\w+)'::text", definition))


@pytest.mark.parametrize(("table", "column", "enum"), CHECKED)
async def test_the_database_and_the_program_know_the_same_values(
    table: str, column: str, enum: type[StrEnum], database: Database
) -> None:
    async with database.connection() as connection:
        assert await allowed(connection, table, column) == set(enum)


async def test_every_alias_can_be_stored(connection: Connection) -> None:
    assert set(get_args(AliasKind)) <= await allowed(connection, "contact_alias", "kind")


async def test_a_new_tenant_has_all_its_rows(connection: Connection) -> None:
    tenant_id = await new_tenant(connection, hours_json={"tz": "Africa/Dar_es_Salaam"})
    tenant = await tenants.get(connection, tenant_id)
    assert (tenant.status, tenant.wanted) == (TenantStatus.NEW, Wanted.STOPPED)
    assert tenant.session.state is SessionState.DISCONNECTED
    assert tenant.worker.status is WorkerStatus.STOPPED
    assert tenant.worker.worker_name == f"worker-{tenant_id}"
    assert tenant.session.reason == tenant.worker.reason == Reason.NEVER_STARTED
    assert tenant.config.hours_json == {"tz": "Africa/Dar_es_Salaam"}
    assert tenant.config.limits == {}
    assert tenant.created_at.tzinfo is not None


async def test_a_number_belongs_to_one_tenant(connection: Connection) -> None:
    first = await new_tenant(connection, phone_number=ACCOUNT)
    with pytest.raises(Conflict, match=re.escape(ACCOUNT)):
        await new_tenant(connection, phone_number=ACCOUNT)
    second = await new_tenant(connection)
    with pytest.raises(Conflict, match=re.escape(ACCOUNT)):
        await tenants.update(connection, second, Change(phone_number=ACCOUNT))
    await tenants.update(connection, first, Change(phone_number=ACCOUNT))

    await tenants.delete(connection, first)
    await tenants.update(connection, second, Change(phone_number=ACCOUNT))


async def test_a_change_leaves_what_it_does_not_name(connection: Connection) -> None:
    hours = {"tz": "Africa/Nairobi"}
    tenant_id = await new_tenant(connection, hours_json=hours)
    before = await tenants.get(connection, tenant_id)
    await tenants.update(connection, tenant_id, Change(name="Duka", language=Language.EN))
    after = await tenants.get(connection, tenant_id)
    assert (after.name, after.config.language) == ("Duka", Language.EN)
    assert (after.phone_number, after.config.hours_json) == (before.phone_number, hours)

    limits = {"rate_limit_max_per_minute": 3}
    await tenants.update(connection, tenant_id, Change(hours_given=True, limits=limits))
    emptied = await tenants.get(connection, tenant_id)
    assert (emptied.config.hours_json, emptied.config.limits) == (None, limits)
    assert emptied.config.template_type == before.config.template_type


async def test_a_tenant_that_is_not_there_is_not_found(connection: Connection) -> None:
    nobody = uuid4()
    with pytest.raises(NotFound, match=str(nobody)):
        await tenants.get(connection, nobody)


async def test_tenants_are_paged_in_the_order_they_were_made(connection: Connection) -> None:
    made = [await new_tenant(connection) for _ in range(5)]
    async with connection.transaction():
        # Rows of one transaction have one time: their ids order them.
        made += sorted([await new_tenant(connection) for _ in range(3)])
    seen = []
    after = None
    while page := await tenants.page(connection, after=after, limit=3):
        seen += [tenant.id for tenant in page]
        after = (page[-1].created_at, page[-1].id)
    assert seen == made


async def test_what_is_wanted_is_remembered(connection: Connection) -> None:
    first, second, third = [await new_tenant(connection) for _ in range(3)]
    for tenant_id in (third, first, second):
        await tenants.want(connection, tenant_id, Wanted.RUNNING)
    await tenants.want(connection, second, Wanted.STOPPED)
    assert await tenants.wanted(connection) == [first, third]


async def test_a_deleted_tenant_leaves_its_audit_only(connection: Connection) -> None:
    tenant_id = await new_tenant(connection)
    await states.audit(connection, tenant_id, actor="admin", action="tenant.delete")
    await tenants.delete(connection, tenant_id)
    for table in ("tenant_config", "whatsapp_session", "worker_process"):
        assert await connection.fetchval(f"select count(*) from {table}") == 0  # noqa: S608
    assert await connection.fetchval("select action from audit") == "tenant.delete"


async def test_since_moves_only_with_a_state_or_its_reason(connection: Connection) -> None:
    tenant_id = await new_tenant(connection)

    async def since(change: StateChange) -> tuple[datetime, datetime, datetime]:
        await states.apply(connection, tenant_id, change, actor="worker")
        tenant = await tenants.get(connection, tenant_id)
        return tenant.status_since, tenant.session.since, tenant.worker.since

    on = StateChange(
        "connected",
        tenant=TenantStatus.ACTIVE,
        session=SessionState.CONNECTED,
        worker=WorkerStatus.RUNNING,
    )
    first = await since(on)
    assert await since(on) == first
    lost = await since(StateChange("network", session=SessionState.DISCONNECTED))
    assert (lost[0], lost[2]) == (first[0], first[2])
    assert lost[1] > first[1]
    why = await since(StateChange("page_hung", session=SessionState.DISCONNECTED))
    assert why[1] > lost[1], "another reason is news"


async def test_a_code_is_shown_only_while_it_can_be_scanned(connection: Connection) -> None:
    tenant_id = await new_tenant(connection)
    shown = StateChange("awaiting_scan", session=SessionState.QR_READY)
    await states.apply(connection, tenant_id, shown, actor="worker")
    await states.show_qr(connection, tenant_id, Qr("2@abc", "data:image/png;base64,", 3, NOON))
    session = (await tenants.get(connection, tenant_id)).session
    assert (session.qr_text, session.qr_seq, session.qr_expires_at) == ("2@abc", 3, NOON)
    assert session.last_qr == "data:image/png;base64,"

    scanned = StateChange("syncing", session=SessionState.DISCONNECTED)
    await states.apply(connection, tenant_id, scanned, actor="worker")
    session = (await tenants.get(connection, tenant_id)).session
    assert (session.qr_text, session.last_qr, session.qr_expires_at) == (None, None, None)


async def test_a_phone_serves_one_tenant(connection: Connection) -> None:
    first, second = await new_tenant(connection), await new_tenant(connection)
    assert await states.account_holder(connection, ACCOUNT) is None
    await states.link(connection, first, linked(), server_now=NOON)
    assert await states.account_holder(connection, ACCOUNT) == first
    with pytest.raises(asyncpg.UniqueViolationError):
        await states.link(connection, second, linked(), server_now=NOON)
    await states.unlink(connection, first)
    await states.link(connection, second, linked(), server_now=NOON)
    assert await states.account_holder(connection, ACCOUNT) == second


async def test_history_begins_with_the_link_of_an_account(connection: Connection) -> None:
    tenant_id = await new_tenant(connection)
    later = NOON + timedelta(hours=1)

    async def history_from(found: Link, at: datetime) -> datetime | None:
        await states.link(connection, tenant_id, found, server_now=at)
        return (await tenants.get(connection, tenant_id)).session.history_from

    assert await history_from(linked(), NOON) == NOON
    assert await history_from(linked(), later) == NOON, "a restart is no new link"
    assert await history_from(linked("+255700000009"), later) == later
    await states.unlink(connection, tenant_id)
    session = (await tenants.get(connection, tenant_id)).session
    assert (session.account, session.linked_at, session.history_from) == (None, None, None)


async def test_a_page_that_hides_its_number_keeps_the_link(connection: Connection) -> None:
    """Regression: the account was forgotten, and with it from when on a gap is searched."""
    tenant_id = await new_tenant(connection)
    later = NOON + timedelta(hours=1)
    await states.link(connection, tenant_id, linked(None), server_now=NOON)
    assert (await tenants.get(connection, tenant_id)).session.history_from == NOON

    for account in (ACCOUNT, None):
        await states.link(connection, tenant_id, linked(account), server_now=later)
        session = (await tenants.get(connection, tenant_id)).session
        assert session.account == ACCOUNT
        assert session.history_from == session.linked_at == NOON


async def test_heartbeats_of_all_workers_are_written_at_once(connection: Connection) -> None:
    ids = [await new_tenant(connection) for _ in range(3)]
    for tenant_id, session in zip(
        ids, [SessionState.CONNECTED, SessionState.QR_READY], strict=False
    ):
        change = StateChange("x", session=session, worker=WorkerStatus.RUNNING)
        await states.apply(connection, tenant_id, change, actor="worker")
    beats = {tenant_id: NOON + timedelta(seconds=place) for place, tenant_id in enumerate(ids[:2])}
    await states.heartbeats(connection, beats, beats)
    found = [await tenants.get(connection, tenant_id) for tenant_id in ids]
    assert [tenant.worker.heartbeat_at for tenant in found] == [*beats.values(), None]
    assert [tenant.session.last_seen_at for tenant in found] == [NOON, None, None]

    await states.heartbeats(connection, {}, {})
    assert await states.stale(connection, NOON + timedelta(seconds=1)) == [ids[0]]
    assert await states.stale(connection, NOON) == []
    assert set(await states.left_running(connection)) == set(ids[:2])


async def test_a_workers_error_does_not_change_its_state(connection: Connection) -> None:
    tenant_id = await new_tenant(connection)
    before = await tenants.get(connection, tenant_id)
    await states.worker_error(connection, tenant_id, "a message failed")
    worker = (await tenants.get(connection, tenant_id)).worker
    assert worker.last_error == "a message failed"
    assert worker.last_error_at is not None
    assert (worker.status, worker.reason, worker.since) == (
        before.worker.status,
        before.worker.reason,
        before.worker.since,
    )
