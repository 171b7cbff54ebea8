"""What a change of states means to a tenant's users."""

from __future__ import annotations

from uuid import UUID

from flowhqd.reasons import Reason
from flowhqd.states import SetupStatus
from flowhqd.store import people, setup_requests, tenants
from flowhqd.store.database import Database
from flowhqd.supervisor.standing import Standing
from flowhqd.supervisor.transitions import Happened, known_of
from tests.people import new_user, wish
from tests.tenants import new_tenant


async def standing_of(database: Database, tenant_id: UUID) -> Standing:
    async with database.connection() as connection:
        known = known_of(await tenants.get(connection, tenant_id))
    return Standing(
        tenant_id,
        known,
        database,
        alarm=lambda reason, detail: None,
        patience=lambda: None,
        changed=lambda: None,
    )


async def approved_tenant(database: Database) -> tuple[UUID, UUID]:
    """A tenant and its approved request."""
    async with database.transaction() as connection:
        tenant_id, user = await new_tenant(connection), await new_user(connection)
        request = await setup_requests.save(connection, user.id, wish())
        for status in (SetupStatus.SUBMITTED, SetupStatus.APPROVED):
            request = await setup_requests.move(connection, request, status, tenant_id=tenant_id)
        await people.set_tenant(connection, user.id, tenant_id)
    return tenant_id, request.id


async def test_an_approved_request_is_done_when_the_right_phone_is_linked(
    database: Database,
) -> None:
    tenant_id, request_id = await approved_tenant(database)
    _, other_id = await approved_tenant(database)
    standing = await standing_of(database, tenant_id)

    async def status(request: UUID) -> SetupStatus:
        async with database.connection() as connection:
            return (await setup_requests.get(connection, request)).status

    for happened in (Happened.STARTED, Happened.QR_SHOWN, Happened.LINKED, Happened.WRONG_NUMBER):
        await standing.happened(happened)
        assert await status(request_id) is SetupStatus.APPROVED
    await standing.happened(Happened.READY)
    assert await status(request_id) is SetupStatus.ACTIVE
    assert await status(other_id) is SetupStatus.APPROVED


async def test_users_have_a_log_of_codes_connections_and_losses(database: Database) -> None:
    tenant_id, _ = await approved_tenant(database)
    async with database.connection() as connection:
        without_users = await new_tenant(connection)
    for each in (tenant_id, without_users):
        standing = await standing_of(database, each)
        for happened in (
            Happened.STARTED, Happened.QR_SHOWN, Happened.LINKED, Happened.READY,
            Happened.PAUSED, Happened.LOST, Happened.LOST_FOR_LONG, Happened.READY,
            Happened.LOGGED_OUT, Happened.QR_SHOWN, Happened.QR_TIMED_OUT, Happened.STOPPED,
        ):  # fmt: skip
            await standing.happened(happened)

    async with database.connection() as connection:
        rows = await connection.fetch(
            "select event_type, payload_json ->> 'reason' as reason from portal_event_log"
            " where tenant_id = any($1) order by id",
            [tenant_id, without_users],
        )
    assert [tuple(row) for row in rows] == [
        ("qr_shown", Reason.AWAITING_SCAN),
        ("connected", Reason.CONNECTED),
        ("disconnected", Reason.NETWORK),
        ("connected", Reason.CONNECTED),
        ("disconnected", Reason.LOGGED_OUT),
        ("qr_shown", Reason.AWAITING_SCAN),
    ]
