from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from flowhqd.errors import NotFound
from flowhqd.states import Language
from flowhqd.store import reply_templates, tenants
from flowhqd.store.database import Database
from flowhqd.store.reply_templates import KEPT_VERSIONS, OwnText
from tests.tenants import new_tenant


async def save(
    database: Database,
    tenant: UUID,
    body: str,
    key: str = "prices",
    language: Language = Language.SW,
) -> OwnText:
    async with database.transaction() as connection:
        return await reply_templates.save(
            connection, tenant, key=key, language=language, body=body, created_by="admin"
        )


async def tenant_in(database: Database) -> UUID:
    async with database.transaction() as connection:
        return await new_tenant(connection)


async def test_every_save_is_a_version_and_the_newest_serves(database: Database) -> None:
    tenant, other = await tenant_in(database), await tenant_in(database)
    assert (await save(database, tenant, "Bei ni 1,000")).version == 1
    assert (await save(database, tenant, "Bei ni 2,000")).version == 2
    assert (await save(database, tenant, "It is 2,000", language=Language.EN)).version == 1
    async with database.connection() as connection:
        newest = await reply_templates.newest(connection, tenant)
        versions = await reply_templates.versions(connection, tenant, "prices", Language.SW)
        own = (await tenants.get(connection, tenant)).config.texts
        others = (await tenants.get(connection, other)).config.texts
    assert [(text.language, text.version) for text in newest] == [("EN", 1), ("SW", 2)]
    assert [text.body for text in versions] == ["Bei ni 2,000", "Bei ni 1,000"]
    assert own == {"prices@EN": "It is 2,000", "prices@SW": "Bei ni 2,000"}
    assert others == {}


async def test_old_versions_are_dropped_and_numbers_go_on(database: Database) -> None:
    tenant = await tenant_in(database)
    for number in range(KEPT_VERSIONS + 3):
        await save(database, tenant, f"Bei ni {number}")
    async with database.connection() as connection:
        kept = await reply_templates.versions(connection, tenant, "prices", Language.SW)
    assert [text.version for text in kept] == list(range(KEPT_VERSIONS + 3, 3, -1))


async def test_saves_at_once_are_counted_one_by_one(database: Database) -> None:
    tenant = await tenant_in(database)
    saved = await asyncio.gather(*(save(database, tenant, f"Bei {n}") for n in range(8)))
    assert sorted(text.version for text in saved) == list(range(1, 9))


async def test_a_tenant_that_is_gone_has_no_texts(database: Database) -> None:
    tenant = await tenant_in(database)
    await save(database, tenant, "Bei ni 1,000")
    async with database.transaction() as connection:
        await tenants.delete(connection, tenant)
        assert await reply_templates.newest(connection, tenant) == []
    with pytest.raises(NotFound):
        await save(database, tenant, "Bei ni 1,000")
