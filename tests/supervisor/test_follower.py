from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from flowhqd.errors import BridgeLost, PageLost, PageTimeout
from flowhqd.reasons import Reason
from flowhqd.store.database import Database
from flowhqd.supervisor.follower import (
    EXTRAS_SECONDS,
    INJECT_SECONDS,
    LEFT_SECONDS,
    OFFLINE_SECONDS,
    PROBE_SECONDS,
    SYNC_SECONDS,
    TAKE_OVER_SECONDS,
    Lost,
    Refused,
)
from flowhqd.supervisor.pairing import GRACE_SECONDS
from flowhqd.whatsapp.events import (
    Hello,
    LoggedOut,
    MessageArrived,
    MessageUndecryptable,
    PageState,
    QrChanged,
)
from flowhqd.whatsapp.session import EventsDropped, PageGone, Rung
from tests.messages.page import Fate
from tests.messages.shop import LOOK, new_shop
from tests.supervisor.tab import IDLE, OFFLINE, READY, SYNCING, UNPAIRED, WHOLE, Watch

JUMA = "255700000001@c.us"
CONFLICT = PageState(socket="CONFLICT", mode="CONFLICT")
HELLO = Hello("https://web.whatsapp.com/")


@asynccontextmanager
async def watching(database: Database, **given: Any) -> AsyncIterator[Watch]:
    watch = Watch(await new_shop(database), **given)
    try:
        yield watch
    finally:
        await watch.stop()


@asynccontextmanager
async def serving(database: Database, **given: Any) -> AsyncIterator[Watch]:
    """A session with a saved login that has become ready."""
    async with watching(database, has_login=True, **given) as watch:
        watch.tab.tell(HELLO)
        watch.tab.shows(READY)
        await watch.shop.until(lambda _: LOOK in watch.tab.calls)
        assert watch.told == ["ready"]
        yield watch


# Linking a phone.


async def test_a_phone_is_linked_and_served(database: Database) -> None:
    async with watching(database) as watch:
        watch.tab.tell(HELLO)
        watch.tab.shows(PageState(socket="OPENING"), UNPAIRED)
        watch.tab.tell(QrChanged("2@a"))
        assert await watch.settle() == ["code 1: 2@a for 60 s"]
        watch.tab.tell(QrChanged(None))
        watch.tab.shows(PageState(socket="PAIRING"), SYNCING)
        assert (await watch.settle())[1:] == ["linked"]
        assert not watch.shop.connected.is_set()
        watch.tab.shows(READY)
        await watch.shop.until(lambda _: LOOK in watch.tab.calls)
        assert watch.told[2:] == ["ready"]
        assert watch.shop.connected.is_set()
        assert watch.follower.path is watch.paths[0]


async def test_a_round_ends_after_six_codes(database: Database) -> None:
    async with watching(database) as watch:
        watch.tab.shows(UNPAIRED)
        for number in range(1, 7):
            watch.tab.tell(QrChanged(f"2@{number}"))
            await watch.settle()
            await watch.wait(60 if number == 1 else 20)
        assert watch.told == [
            "code 1: 2@1 for 60 s",
            *(f"code {number}: 2@{number} for 20 s" for number in range(2, 7)),
        ]
        assert not watch.task.done()
        await watch.wait(GRACE_SECONDS)
        assert await watch.ending() == Refused(Reason.QR_TIMEOUT)
        assert watch.tab.asked("refresh_qr") == 0


async def test_a_seventh_code_is_not_shown(database: Database) -> None:
    async with watching(database) as watch:
        watch.tab.shows(UNPAIRED)
        watch.tab.tell(*(QrChanged(f"2@{number}") for number in range(1, 8)))
        assert await watch.ending() == Refused(Reason.QR_TIMEOUT)
        assert len(watch.told) == 6


async def test_a_page_that_shows_no_further_code_is_asked_for_one(database: Database) -> None:
    async with watching(database) as watch:
        watch.tab.shows(UNPAIRED)
        watch.tab.tell(QrChanged("2@a"))
        await watch.settle()
        await watch.wait(60 + GRACE_SECONDS - 1)
        assert watch.tab.asked("refresh_qr") == 0
        await watch.wait(1)
        assert watch.tab.asked("refresh_qr") == 1
        watch.tab.tell(QrChanged("2@b"))
        assert (await watch.settle())[1:] == ["code 2: 2@b for 20 s"]


async def test_a_page_that_gave_up_is_asked_at_once(database: Database) -> None:
    async with watching(database) as watch:
        watch.tab.shows(UNPAIRED)
        watch.tab.tell(QrChanged("2@a"))
        watch.tab.shows(IDLE)
        await watch.settle()
        assert watch.tab.asked("refresh_qr") == 1
        assert not watch.task.done()


async def test_a_page_that_gives_no_codes_is_loaded_anew(database: Database) -> None:
    async with watching(database) as watch:
        watch.tab.gives_codes = False
        watch.tab.shows(IDLE)
        ending = await watch.ending()
        assert isinstance(ending, Lost)
        assert (ending.reason, ending.rung) == (Reason.AWAITING_SCAN, Rung.RELOAD)


async def test_a_page_that_promises_a_code_and_shows_none_is_loaded_anew(
    database: Database,
) -> None:
    """Regression: such a page was asked for ever."""
    async with watching(database) as watch:
        watch.tab.shows(IDLE)
        await watch.settle()
        for _ in range(20):
            if watch.task.done():
                break
            await watch.wait(60)
        ending = await watch.ending()
        assert isinstance(ending, Lost)
        assert (ending.reason, ending.rung) == (Reason.AWAITING_SCAN, Rung.RELOAD)


# Logins that are gone.


async def test_a_saved_login_that_is_refused_is_an_auth_failure(database: Database) -> None:
    async with watching(database, has_login=True) as watch:
        watch.tab.tell(HELLO, QrChanged("2@a"))
        watch.tab.shows(UNPAIRED)
        assert await watch.ending() == Refused(Reason.AUTH_FAILURE)
        assert watch.told == [], "the code of a refused login is not shown"


async def test_a_log_out_is_told_from_a_refusal(database: Database) -> None:
    async with watching(database, has_login=True) as watch:
        watch.tab.tell(LoggedOut(), HELLO)
        watch.tab.shows(UNPAIRED)
        assert await watch.ending() == Refused(Reason.LOGGED_OUT)


async def test_a_log_out_after_ready_ends_the_path(database: Database) -> None:
    async with serving(database) as watch:
        watch.tab.tell(LoggedOut(), HELLO)
        watch.tab.shows(UNPAIRED)
        assert await watch.ending() == Refused(Reason.LOGGED_OUT)
        assert not watch.shop.connected.is_set()
        assert watch.follower.path is None


async def test_a_log_out_that_nobody_announced_is_one_all_the_same(database: Database) -> None:
    async with serving(database) as watch:
        watch.tab.shows(IDLE)
        assert await watch.ending() == Refused(Reason.LOGGED_OUT)


@pytest.mark.parametrize(
    ("word", "ending"),
    [
        ("CONFLICT", Lost(Reason.CONFLICT, rung=Rung.REOPEN)),
        ("DEPRECATED_VERSION", Lost(Reason.OUTDATED, rung=Rung.REOPEN)),
        ("PROXYBLOCK", Lost(Reason.PROXY_BLOCKED, rung=Rung.REOPEN)),
        ("TOS_BLOCK", Refused(Reason.RESTRICTED)),
    ],
)
async def test_what_whatsapp_refuses_ends_the_session(
    word: str, ending: Lost | Refused, database: Database
) -> None:
    async with serving(database) as watch:
        watch.tab.shows(PageState(socket=word))
        assert await watch.ending() == ending
        assert not watch.shop.connected.is_set()


async def test_a_session_that_was_opened_elsewhere_is_taken_back_once(database: Database) -> None:
    async with serving(database) as watch:
        watch.tab.takes_over = True
        watch.tab.shows(CONFLICT, CONFLICT)
        await watch.settle()
        assert watch.told[-1] == "lost"
        assert not watch.shop.connected.is_set()
        watch.tab.shows(READY)
        await watch.settle()
        assert watch.shop.connected.is_set()
        assert watch.tab.asked("take_over") == 1
        watch.tab.shows(CONFLICT)
        assert await watch.ending() == Lost(Reason.CONFLICT, rung=Rung.REOPEN)


async def test_a_session_that_is_not_to_be_had_back_ends(database: Database) -> None:
    async with serving(database) as watch:
        watch.tab.takes_over = True
        watch.tab.shows(CONFLICT)
        await watch.settle()
        await watch.wait(TAKE_OVER_SECONDS - 1)
        assert not watch.task.done()
        await watch.wait(1)
        ending = await watch.ending()
        assert isinstance(ending, Lost)
        assert (ending.reason, ending.rung) == (Reason.CONFLICT, Rung.REOPEN)


async def test_a_phone_that_must_not_be_served_is_not(database: Database) -> None:
    async with watching(database, has_login=True) as watch:
        watch.refusal = Refused(Reason.NUMBER_IN_USE, "it serves another tenant")
        watch.tab.shows(READY)
        assert await watch.ending() == watch.refusal
        assert not watch.shop.connected.is_set()


# Time.


async def test_a_page_that_shows_nothing_is_given_up(database: Database) -> None:
    async with watching(database) as watch:
        watch.tab.tell(HELLO)
        await watch.settle()
        await watch.wait(INJECT_SECONDS - 1)
        assert not watch.task.done()
        await watch.wait(1)
        ending = await watch.ending()
        assert isinstance(ending, Lost)
        assert (ending.reason, ending.rung) == (Reason.INJECT_TIMEOUT, Rung.RELOAD)


async def test_a_sync_may_take_long_as_long_as_it_goes_on(database: Database) -> None:
    async with watching(database, has_login=True) as watch:
        for percent in range(5):
            watch.tab.shows(PageState(socket="CONNECTED", progress=percent))
            await watch.settle()
            await watch.wait(SYNC_SECONDS - 1)
        assert not watch.task.done()
        await watch.wait(1)
        ending = await watch.ending()
        assert isinstance(ending, Lost)
        assert ending.reason is Reason.SYNC_TIMEOUT


async def test_a_page_that_stays_offline_is_helped(database: Database) -> None:
    async with serving(database) as watch:
        watch.tab.shows(OFFLINE)
        assert await watch.settle() == ["ready", "lost"]
        assert not watch.shop.connected.is_set()
        await watch.wait(OFFLINE_SECONDS - 1)
        assert not watch.task.done()
        await watch.wait(1)
        ending = await watch.ending()
        assert isinstance(ending, Lost)
        assert ending.reason is Reason.NETWORK


async def test_a_ready_session_lasts(database: Database) -> None:
    async with serving(database) as watch:
        for _ in range(5):
            await watch.wait(SYNC_SECONDS)
        assert not watch.task.done()
        assert watch.told == ["ready"]


async def test_each_step_promises_the_next_one(database: Database) -> None:
    async with watching(database, check_seconds=30) as watch:
        await watch.wait(1)
        assert set(watch.promises) == {30 + 60}


# Messages.


async def test_what_came_back_online_is_caught_up_with(database: Database) -> None:
    async with serving(database) as watch:
        watch.tab.shows(OFFLINE)
        await watch.settle()
        missed = watch.tab.says(JUMA)
        watch.tab.shows(PageState(socket="OPENING", synced=True, mode="OFFLINE"), READY)
        await watch.shop.until(lambda _: watch.tab.answers(JUMA) == [missed.id])
        assert watch.told == ["ready", "lost", "ready"]
        assert len(watch.paths) == 1, "it is the same session"
        assert watch.shop.connected.is_set()


async def test_nothing_is_sent_while_the_page_syncs_again(database: Database) -> None:
    """Regression: a page that fell back from ready to syncing still counted as connected."""
    async with serving(database) as watch:
        watch.tab.shows(PageState(socket="CONNECTED", synced=True, mode="SYNCING"))
        watch.tab.tell(MessageArrived(watch.tab.says(JUMA)))
        await watch.shop.until(lambda rows: len(rows) == 1)
        assert not watch.shop.connected.is_set()
        assert watch.tab.arrived == []
        watch.tab.shows(READY)
        await watch.shop.until(lambda _: len(watch.tab.answers(JUMA)) == 1)


async def test_early_messages_are_kept_for_the_path(database: Database) -> None:
    async with watching(database, has_login=True) as watch:
        early = [watch.tab.says(JUMA), watch.tab.says(JUMA, "", type="ciphertext")]
        watch.tab.tell(MessageArrived(early[0]), MessageUndecryptable(early[1]))
        await watch.settle()
        watch.tab.shows(READY)
        rows = await watch.shop.until(
            lambda rows: (
                [row.status for row in rows if row.direction == "IN"] == ["ANSWERED", "UNANSWERED"]
            )
        )
        assert rows[0].wa_message_id == early[0].id


async def test_a_new_document_starts_over(database: Database) -> None:
    async with serving(database) as watch:
        watch.tab.tell(HELLO)
        assert await watch.settle() == ["ready", "lost"]
        assert not watch.shop.connected.is_set()
        assert watch.follower.path is None
        watch.tab.shows(READY)
        await watch.shop.until(lambda _: watch.tab.calls.count(LOOK) == 2)
        assert watch.told == ["ready", "lost", "ready"]
        assert len(watch.paths) == 2
        assert watch.shop.connected.is_set()


async def test_dropped_events_are_looked_for(database: Database) -> None:
    async with serving(database) as watch:
        missed = watch.tab.says(JUMA)
        watch.tab.tell(EventsDropped())
        await watch.shop.until(lambda _: watch.tab.answers(JUMA) == [missed.id])


@pytest.mark.parametrize(
    ("why", "reason"),
    [
        ("crashed", Reason.PAGE_CRASHED),
        ("closed", Reason.PAGE_CRASHED),
        ("browser_lost", Reason.BROWSER_LOST),
    ],
)
async def test_a_page_that_is_gone_is_opened_anew(
    why: str, reason: Reason, database: Database
) -> None:
    async with serving(database) as watch:
        watch.tab.tell(PageGone(why))
        assert await watch.ending() == Lost(reason, why, Rung.REOPEN)


async def test_what_ends_the_path_ends_the_session(database: Database) -> None:
    async with serving(database) as watch:
        watch.tab.fates.append(Fate.LOST)
        watch.tab.tell(MessageArrived(watch.tab.says(JUMA)))
        with pytest.raises(PageLost):
            await watch.ending()
        assert not watch.shop.connected.is_set()


# Looking at the page.


async def test_a_page_that_says_nothing_is_looked_at(database: Database) -> None:
    async with serving(database, check_seconds=30) as watch:
        watch.tab.looks = OFFLINE
        await watch.wait(29)
        assert watch.told == ["ready"]
        await watch.wait(1)
        assert watch.told == ["ready", "lost"]


async def test_a_page_that_hangs_is_found_out(database: Database) -> None:
    async with serving(database, check_seconds=30) as watch:
        watch.tab.error = PageTimeout("no answer")
        await watch.wait(30)
        with pytest.raises(PageTimeout):
            await watch.ending()


async def test_a_page_that_navigates_is_looked_at_later(database: Database) -> None:
    async with serving(database, check_seconds=5) as watch:
        watch.tab.error = BridgeLost("it navigates")
        assert await watch.wait(5) == ["ready", "lost"]
        assert not watch.shop.connected.is_set()
        watch.tab.error = None
        await watch.wait(5)
        assert watch.told == ["ready", "lost", "ready"]


async def test_a_page_that_left_without_a_word_is_brought_back(database: Database) -> None:
    async with serving(database, check_seconds=5) as watch:
        watch.tab.error = BridgeLost("it is elsewhere")
        await watch.wait(5)
        for _ in range(2):
            await watch.wait(LEFT_SECONDS / 2)
        ending = await watch.ending()
        assert isinstance(ending, Lost)
        assert (ending.reason, ending.rung) == (Reason.INJECT_TIMEOUT, Rung.RELOAD)


async def test_a_page_that_cannot_send_is_not_ready(database: Database) -> None:
    async with watching(database, has_login=True) as watch:
        watch.tab.capabilities["send_text"] = False
        watch.tab.step = passing(watch, PROBE_SECONDS)
        watch.tab.shows(READY)
        ending = await watch.ending()
        assert isinstance(ending, Lost)
        assert ending.reason is Reason.CAPABILITY_MISSING
        assert "send_text" in ending.detail
        assert watch.told == []


def passing(watch: Watch, seconds: float) -> Any:
    """A page whose every command takes so long."""

    async def step() -> None:
        watch.clock.advance(seconds / 2)

    return step


async def test_a_degraded_page_becomes_whole(database: Database) -> None:
    async with watching(database, has_login=True, check_seconds=30) as watch:
        watch.tab.capabilities["typing"] = False
        watch.tab.step = passing(watch, EXTRAS_SECONDS)
        watch.tab.shows(READY)
        await watch.shop.until(lambda _: LOOK in watch.tab.calls)
        assert watch.told == ["ready without typing"]
        watch.tab.step = passing(watch, 0)
        watch.tab.capabilities = dict(WHOLE)
        await watch.wait(30)
        assert watch.told == ["ready without typing", "ready"]
        assert len(watch.paths) == 1


async def test_a_degraded_page_is_looked_at_as_well(database: Database) -> None:
    """Regression: only its capabilities were looked at, not whether it is online."""
    async with watching(database, has_login=True, check_seconds=30) as watch:
        watch.tab.capabilities["typing"] = False
        watch.tab.step = passing(watch, EXTRAS_SECONDS)
        watch.tab.shows(READY)
        await watch.shop.until(lambda _: LOOK in watch.tab.calls)
        watch.tab.looks = OFFLINE
        await watch.wait(30)
        assert watch.told[1:] == ["lost"]


# Its end.


async def test_a_follower_that_is_stopped_ends_its_path(database: Database) -> None:
    async with serving(database) as watch:
        await watch.stop()
        assert watch.task.cancelled()
        assert not watch.shop.connected.is_set()
        assert watch.follower.path is None


async def test_stopping_while_a_path_ends_is_not_forgotten(database: Database) -> None:
    """Regression: the cancellation was taken for that of the path, and the follower went on."""
    async with serving(database) as watch:
        held, go_on = asyncio.Event(), asyncio.Event()

        async def step() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                held.set()
                await go_on.wait()

        watch.tab.step = step
        sends = watch.tab.asked("send_text")
        watch.tab.tell(MessageArrived(watch.tab.says(JUMA)))
        await watch.shop.until(lambda _: watch.tab.asked("send_text") > sends)
        watch.tab.tell(HELLO)
        await held.wait()
        watch.task.cancel()
        await asyncio.sleep(0)
        go_on.set()
        await asyncio.wait({watch.task}, timeout=1)
        assert watch.task.cancelled()
