"""What customers edit or delete is noted where it was logged, and never answered again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flowhqd.messages.trace import story
from flowhqd.store import messages
from flowhqd.store.database import Database
from tests.messages.page import Fate
from tests.messages.shop import Shop, new_shop

JUMA, ASHA = "255700000001@c.us", "255700000002@c.us"
JUMAS_LID = "111222333444555@lid"

either_way = pytest.mark.parametrize("heard", ["live", "after a gap", "by another daemon"])


async def hear_of(heard: str, shop: Shop, *changes: object) -> None:
    """The session is told of changes, or finds them."""
    if heard == "live":
        for change in changes:
            shop.path.put(change)  # type: ignore[arg-type]
    else:
        if heard == "by another daemon":
            shop.path.context.limits.dedup = shop.new_limits().dedup
        shop.path.catch_up()


def edits(row: messages.LoggedMessage) -> list[str]:
    return [edit["text"] for edit in row.trace.get("edits", [])]


@either_way
async def test_an_edit_is_kept_beside_the_text_that_was_answered(
    heard: str, database: Database
) -> None:
    shop = await new_shop(database)
    async with shop.open():
        shop.hear(JUMA, "Bei gani?", id="A")
        await shop.answered(1)
        for number, text in enumerate(["Bei ya nywele?", "Bei ya kusuka?"], 1):
            change = shop.page.edits(JUMA, "A", text)
            for _ in range(2):
                await hear_of(heard, shop, change)
                rows = await shop.until(lambda rows, number=number: len(edits(rows[0])) == number)  # type: ignore[misc]
        shop.hear(JUMA, id="B")
        rows = await shop.answered(2)
    assert (rows[0].message_text, rows[0].status) == ("Bei gani?", "ANSWERED")
    assert edits(rows[0]) == ["Bei ya nywele?", "Bei ya kusuka?"]
    assert "The customer edited it 2 times; its text here is the one that came first." in story(
        rows[0]
    )
    assert shop.page.answers(JUMA) == ["A", "B"]


@either_way
async def test_a_message_that_is_deleted_stays_in_the_log(heard: str, database: Database) -> None:
    shop = await new_shop(database)
    async with shop.open():
        shop.hear(JUMA, "Bei gani?", id="A")
        shop.hear(ASHA, "Bei gani?", id="A", at=shop.clock.now() - timedelta(minutes=11))
        await shop.answered(2)
        changes = [shop.page.deletes(JUMA, "A"), shop.page.deletes(ASHA, "A")]
        await hear_of(heard, shop, *changes)
        rows = await shop.until(lambda rows: sum("revoked_at" in row.trace for row in rows) == 2)
        async with database.connection() as connection:
            assert await messages.unanswered(connection, shop.tenant_id, limit=9) == []
    asked = [row for row in rows if row.direction == "IN"]
    assert [(row.message_text, row.status) for row in asked] == [
        ("Bei gani?", "ANSWERED"),
        ("Bei gani?", "UNANSWERED"),
    ]
    assert all("The customer deleted it for everyone; it is kept here." in story(r) for r in asked)
    assert len(shop.page.arrived) == 1


async def test_what_is_edited_before_its_turn_is_answered_as_it_is_then(
    database: Database,
) -> None:
    shop = await new_shop(database)
    shop.page.fates.append(Fate.SLOW)
    async with shop.open() as path:
        shop.hear(JUMA, id="A")
        await shop.until(lambda _: len(shop.page.taken) == 1)
        shop.hear(JUMA, "qwerty", id="B")
        shop.hear(JUMA, "Nataka kuweka miadi", id="C")
        path.put(shop.page.edits(JUMA, "B", "Nataka kuweka miadi"))
        await shop.until(lambda rows: any(edits(row) for row in rows))
        shop.page.release()
        rows = await shop.answered(3)
    assert shop.page.answers(JUMA) == ["A", "B", "C"]
    assert shop.page.texts(JUMA)[1] == shop.page.texts(JUMA)[2]
    [edited] = [row for row in rows if row.wa_message_id == "B"]
    assert (edited.message_text, edited.trace["rule"]) == ("qwerty", "booking")


async def test_what_is_deleted_before_its_turn_is_not_answered(database: Database) -> None:
    shop = await new_shop(database)
    shop.page.fates.append(Fate.SLOW)
    async with shop.open() as path:
        shop.hear(JUMA, id="A")
        await shop.until(lambda _: len(shop.page.taken) == 1)
        shop.hear(JUMA, id="B")
        path.put(shop.page.deletes(JUMA, "B"))
        await shop.until(lambda rows: any("revoked_at" in row.trace for row in rows))
        shop.page.release()
        await shop.answered(2)
    assert await shop.outcomes() == [("ANSWERED", None), ("UNANSWERED", "revoked")]
    assert shop.page.answers(JUMA) == ["A"]


async def test_what_was_edited_before_anybody_listened_is_answered_once(
    database: Database,
) -> None:
    shop = await new_shop(database)
    shop.page.says(JUMA, "qwerty", id="A")
    change = shop.page.edits(JUMA, "A", "Nataka kuweka miadi")
    shop.page.says(JUMA, id="deleted")
    shop.page.deletes(JUMA, "deleted")
    async with shop.open() as path:
        path.put(change)
        shop.hear(JUMA, id="B")
        rows = await shop.answered(2)
    assert [row.message_text for row in rows if row.direction == "IN"] == [
        "Nataka kuweka miadi",
        "Habari",
    ]
    assert (rows[0].trace["rule"], edits(rows[0])) == ("booking", [])
    assert "The customer had edited it before it came." in story(rows[0])
    assert shop.page.answers(JUMA) == ["A", "B"]


async def test_a_change_is_found_under_the_other_address(database: Database) -> None:
    shop = await new_shop(database)
    async with shop.open() as path:
        shop.hear(JUMA, id="A", other=JUMAS_LID)
        await shop.answered(1)
        shop.page.says(JUMAS_LID, id="A")
        path.put(shop.page.edits(JUMAS_LID, "A", "Bei gani?"))
        rows = await shop.until(lambda rows: edits(rows[0]) == ["Bei gani?"])
    assert len(rows) == 2


async def test_a_change_of_what_nobody_logged_is_nothing(database: Database) -> None:
    shop = await new_shop(database)
    async with shop.open() as path:
        shop.page.says(JUMA, id="A")
        path.put(shop.page.deletes(JUMA, "A"))
        shop.hear(ASHA)
        rows = await shop.answered(1)
    assert {row.chat_id for row in rows} == {ASHA}


async def test_an_edit_without_end_keeps_the_log_small(database: Database) -> None:
    shop = await new_shop(database)
    async with shop.open() as path:
        shop.hear(JUMA, "Bei gani?", id="A")
        await shop.answered(1)
        for number in range(30):
            path.put(shop.page.edits(JUMA, "A", f"Bei {number}?"))
        shop.hear(JUMA, id="B")
        rows = await shop.answered(2)
    assert edits(rows[0]) == [f"Bei {number}?" for number in range(20)]
