"""The database goes away around a COMMIT: what was decided in memory must fit what was stored."""

from __future__ import annotations

from typing import Any

import pytest

from flowhqd.replies import Business, slow_down_text
from flowhqd.states import Language
from flowhqd.store.database import Database
from tests.messages.page import Fate
from tests.messages.shaky import Moment, ShakyDatabase
from tests.messages.shop import Shop, new_shop

JUMA, ASHA = "255700000001@c.us", "255700000002@c.us"
JUMAS_LID = "111222333444555@lid"
SALON = Business(name="Asha Salon", template="BOOKING", language=Language.SW)
ANSWERED, SUPPRESSED = ("ANSWERED", None), ("SUPPRESSED", "rate_limit")

either_side = pytest.mark.parametrize("moment", ["before", "after"])


async def shaky_shop(database: Database, **options: Any) -> tuple[Shop, ShakyDatabase]:
    shop = await new_shop(database, **options)
    shop.path_database = shaky = ShakyDatabase(database)
    return shop, shaky


BECOMES = "select exists (select from message_log where tenant_id = $1 and status = $2)"
IS_ONE = "select 1 = (select count(*) from contact where tenant_id = $1)"


@either_side
async def test_a_reply_takes_one_place_in_the_window(moment: Moment, database: Database) -> None:
    shop, shaky = await shaky_shop(database)
    shop.limits = shop.new_limits(rate=2)
    async with shop.open():
        shaky.spoil(moment, BECOMES, shop.tenant_id, "ANSWERED")
        shop.hear(JUMA)
        await shop.answered(1)
        assert (shaky.spoiled, shop.limits.rate.used) == (1, 1)
        shop.hear(JUMA)
        shop.hear(JUMA)
        await shop.answered(3)
    assert await shop.outcomes() == [ANSWERED, ANSWERED, SUPPRESSED]
    assert len(shop.page.answers(JUMA)) == 3


@either_side
async def test_the_one_warning_is_given(moment: Moment, database: Database) -> None:
    shop, shaky = await shaky_shop(database)
    shop.limits = shop.new_limits(rate=1)
    async with shop.open():
        shop.hear(JUMA)
        await shop.answered(1)
        shaky.spoil(moment, BECOMES, shop.tenant_id, "SUPPRESSED")
        shop.hear(JUMA)
        await shop.answered(2)
        shop.hear(JUMA)
        await shop.answered(3)
    assert shaky.spoiled == 1
    assert await shop.outcomes() == [ANSWERED, SUPPRESSED, SUPPRESSED]
    assert shop.page.texts(JUMA)[1:] == [slow_down_text(SALON)]


async def test_a_reply_that_was_not_stored_is_none_of_a_loop(database: Database) -> None:
    shop, shaky = await shaky_shop(database)
    shop.limits = shop.new_limits(loops=2)
    async with shop.open():
        shaky.spoil("before", BECOMES, shop.tenant_id, "ANSWERED")
        for count in range(3):
            shop.hear(JUMA)
            await shop.answered(count + 1)
    assert shaky.spoiled == 1
    assert await shop.outcomes() == [ANSWERED, ANSWERED, ("UNANSWERED", "loop")]


@either_side
async def test_a_crowd_is_asked_to_wait_once(moment: Moment, database: Database) -> None:
    shop, shaky = await shaky_shop(database, queue_size=1)
    shop.page.fates.append(Fate.SLOW)
    async with shop.open():
        shop.hear(JUMA)
        await shop.until(lambda _: len(shop.page.taken) == 1)
        shop.hear(JUMA)
        shaky.spoil(moment, BECOMES, shop.tenant_id, "QUEUE_FULL")
        shop.hear(JUMA)
        await shop.until(lambda _: shaky.spoiled == 1)
        # The search after a gap takes in what it finds, however full the queue is.
        shop.hear(JUMA)
        await shop.until(lambda rows: sum(row.direction == "IN" for row in rows) == 4)
        for _ in range(2):
            shop.hear(JUMA)
        await shop.until(lambda rows: sum(row.direction == "IN" for row in rows) == 6)
        shop.page.release()
        rows = await shop.answered(6)
    full = ("QUEUE_FULL", "queue_full")
    refused_first = full if moment == "after" else ANSWERED
    assert await shop.outcomes() == [ANSWERED, ANSWERED, refused_first, ANSWERED, full, full]
    assert [row.status for row in rows if row.purpose == "wait"] == ["SENT"]


async def test_contacts_that_became_one_share_a_lane(database: Database) -> None:
    """Regression: the merge was stored, its lanes went on side by side, and order was lost."""
    shop, shaky = await shaky_shop(database)
    shop.page.fates.extend([Fate.FINE, Fate.SLOW])
    async with shop.open():
        shop.hear(JUMA, id="A")
        await shop.answered(1)
        shop.hear(JUMAS_LID, id="B")
        await shop.until(lambda _: len(shop.page.taken) == 2)
        shaky.spoil("after", IS_ONE, shop.tenant_id)
        shop.hear(JUMAS_LID, id="C", other=JUMA)
        shop.hear(JUMAS_LID, id="D")
        await shop.until(lambda rows: sum(row.direction == "IN" for row in rows) == 4)
        assert shaky.spoiled == 1
        await shop.until(lambda _: shop.path.queue == (3, 1))
        shop.page.release()
        await shop.answered(4)
    assert [sent.answers for sent in shop.page.arrived] == ["A", "B", "C", "D"]
