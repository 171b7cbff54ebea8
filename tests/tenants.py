"""Tenants for tests that need one and don't care which, in a database that such tests share."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from flowhqd.states import Language
from flowhqd.store import tenants
from flowhqd.store.database import Database
from flowhqd.store.pool import open_pool
from tests.database import Server

if TYPE_CHECKING:
    from flowhqd.store.pool import Connection

_numbers = itertools.count(1)


async def new_tenant(connection: Connection, **given: Any) -> UUID:
    """Make a tenant; ``given`` replaces what ``tenants.create`` is told."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "name": f"Tenant {number}",
        "phone_number": f"+25570{number:07}",
        "template_type": "BOOKING",
        "business_name": "Asha Salon",
        "language": Language.SW,
    }
    return await tenants.create(connection, **{**values, **given})


@pytest.fixture(scope="session")
def shared_dsn(postgres: Server, migrated: str) -> Iterator[str]:
    """The URL of one migrated database for all tests whose rows hang on a tenant of their own."""
    yield asyncio.run(postgres.create("shared", migrated))
    asyncio.run(postgres.drop("shared"))


@pytest.fixture
async def database(shared_dsn: str) -> AsyncIterator[Database]:
    """The shared database."""
    pool = await open_pool(shared_dsn, deadline_seconds=5)
    yield Database(pool)
    await pool.close()
