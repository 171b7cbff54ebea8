"""Set-up requests, walked at random beside a model of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from flowhqd.errors import Conflict, NotFound
from flowhqd.states import SetupStatus
from flowhqd.store import people, setup_requests, tenants
from flowhqd.store.database import Database
from flowhqd.store.pool import open_pool
from flowhqd.store.setup_requests import EDITABLE, MOVES, SetupRequest
from tests.people import new_user, wish
from tests.tenants import new_tenant

if TYPE_CHECKING:
    from flowhqd.store.pool import Connection

T = TypeVar("T")


def test_every_status_can_be_reached_and_one_ends() -> None:
    reached: set[SetupStatus] = set()
    found = {SetupStatus.DRAFT}
    while found - reached:
        reached |= found
        found = {after for before in reached for after in MOVES[before]}
    assert reached == set(SetupStatus)
    assert [status for status, after in MOVES.items() if not after] == [SetupStatus.ACTIVE]


class Walk(RuleBasedStateMachine):
    """One user, who asks; an operator, who decides; tenants that come and go."""

    dsn: str

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        pool = self.runner.run(open_pool(self.dsn, deadline_seconds=5))
        self.database = Database(pool)
        self.user = self.within(new_user)
        self.status: SetupStatus | None = None
        self.tenant = self.within(new_tenant)
        self.number = ""

    def teardown(self) -> None:
        self.runner.run(self.database.pool.close())
        self.runner.close()

    def within(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        async def run() -> T:
            async with self.database.transaction() as connection:
                return await work(connection)

        return self.runner.run(run())

    async def latest(self, connection: Connection) -> SetupRequest | None:
        return await setup_requests.latest_of_user(connection, self.user.id)

    @rule()
    def save(self) -> None:
        asked = wish()

        async def save(connection: Connection) -> SetupRequest:
            await people.lock(connection, self.user.id)
            return await setup_requests.save(connection, self.user.id, asked)

        if self.status is None or self.status in EDITABLE:
            self.within(save)
            self.status = self.status or SetupStatus.DRAFT
            self.number = asked.whatsapp_number
        else:
            with pytest.raises(Conflict, match=self.status):
                self.within(save)

    @rule(status=st.sampled_from(SetupStatus))
    def move(self, status: SetupStatus) -> None:
        if self.status is None:
            return
        before = self.status

        async def move(connection: Connection) -> SetupRequest:
            latest = await self.latest(connection)
            assert latest is not None
            request = await setup_requests.lock(connection, latest.id)
            tenant_id = self.tenant if status is SetupStatus.APPROVED else None
            return await setup_requests.move(connection, request, status, tenant_id=tenant_id)

        if status in MOVES[before]:
            self.status = self.within(move).status
            assert self.status is status
        else:
            with pytest.raises(Conflict, match=status):
                self.within(move)

    @rule()
    def ready(self) -> None:
        self.within(lambda connection: setup_requests.activate(connection, self.tenant))
        if self.status is SetupStatus.APPROVED:
            self.status = SetupStatus.ACTIVE

    @rule()
    def delete_tenant(self) -> None:
        async def replace(connection: Connection) -> None:
            await tenants.delete(connection, self.tenant)
            self.tenant = await new_tenant(connection)

        self.within(replace)
        if self.status in {SetupStatus.APPROVED, SetupStatus.ACTIVE}:
            self.status = None

    @invariant()
    def the_user_has_one_request(self) -> None:
        latest = self.within(self.latest)
        assert (latest and latest.status) == self.status
        if latest is None:
            return
        assert latest.whatsapp_number == self.number
        decided = {SetupStatus.APPROVED, SetupStatus.REJECTED, SetupStatus.ACTIVE}
        assert (latest.decided_at is not None) is (latest.status in decided)
        in_use = {SetupStatus.APPROVED, SetupStatus.ACTIVE}
        assert latest.tenant_id == (self.tenant if latest.status in in_use else None)


def test_a_request_goes_only_where_it_may(shared_dsn: str) -> None:
    class Here(Walk):
        dsn = shared_dsn

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=15,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


async def test_two_requests_at_once_are_one(database: Database) -> None:
    async with database.connection() as connection:
        user = await new_user(connection)

    async def save() -> SetupRequest:
        async with database.transaction() as connection:
            await people.lock(connection, user.id)
            return await setup_requests.save(connection, user.id, wish())

    first, second = await asyncio.gather(save(), save())
    assert first.id == second.id


async def test_a_request_that_is_not_there(database: Database) -> None:
    async with database.connection() as connection:
        user = await new_user(connection)
        for find in (setup_requests.get, setup_requests.lock):
            with pytest.raises(NotFound, match="set-up request"):
                await find(connection, user.id)
        assert await setup_requests.latest_of_user(connection, user.id) is None
        assert await setup_requests.latest_of_tenant(connection, user.id) is None
