"""A worker's session against a model: what a page may show, and what follows from it."""

from __future__ import annotations

import asyncio

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from flowhqd.reasons import Reason
from flowhqd.store.database import Database
from flowhqd.store.pool import open_pool
from flowhqd.supervisor.follower import Lost, Refused
from flowhqd.supervisor.pairing import CODES
from flowhqd.whatsapp.events import Hello, LoggedOut, MessageArrived, PageState, QrChanged
from flowhqd.whatsapp.session import EventsDropped, PageGone
from tests.messages.shop import new_shop
from tests.supervisor.tab import IDLE, OFFLINE, READY, SYNCING, UNPAIRED, Watch

JUMA = "255700000001@c.us"
LOADING, PAIRING = PageState(socket="OPENING"), PageState(socket="PAIRING")
CONFLICT, BLOCKED = PageState(socket="CONFLICT"), PageState(socket="TOS_BLOCK")
ENDS = {
    CONFLICT: Reason.CONFLICT,
    BLOCKED: Reason.RESTRICTED,
    PageGone("crashed"): Reason.PAGE_CRASHED,
}
# What ends a session leaves little to see after it.
RARELY = st.integers(0, 7).map(lambda luck: luck == 0)


class World:
    """One database and one event loop for all runs of the machine."""

    def __init__(self, dsn: str) -> None:
        self.runner = asyncio.Runner()
        self.database = Database(self.runner.run(open_pool(dsn, deadline_seconds=5)))

    def close(self) -> None:
        self.runner.run(self.database.pool.close())
        self.runner.close()


class FollowerAgainstAModel(RuleBasedStateMachine):
    """The model is the page: what it shows, and whether it was ever ready."""

    world: World

    @initialize(has_login=st.booleans())
    def open(self, has_login: bool) -> None:
        async def watch() -> Watch:
            # Nobody tells the path of acks: it looks each message up.
            shop = await new_shop(self.world.database, ack_seconds=0.02)
            return Watch(shop, has_login=has_login)

        self.watch = self.world.runner.run(watch())
        self.has_login = has_login
        self.is_linked = has_login
        self.shown = PageState()
        self.ends: set[Reason] = set()
        self.codes = 0

    def settle(self) -> None:
        self.world.runner.run(self.watch.settle())

    @property
    def has_ended(self) -> bool:
        return self.watch.task.done()

    def shows(self, state: PageState) -> None:
        if not self.has_ended:
            self.shown = state
            self.watch.tab.shows(state)
            self.settle()

    @rule()
    def is_ready(self) -> None:
        self.is_linked |= not self.has_ended
        self.shows(READY)

    @rule(state=st.sampled_from([LOADING, SYNCING, OFFLINE]))
    def is_away(self, state: PageState) -> None:
        self.shows(state)

    @rule(state=st.sampled_from([UNPAIRED, UNPAIRED, PAIRING, IDLE]), at_all=RARELY)
    def wants_a_phone(self, state: PageState, at_all: bool) -> None:
        if self.has_ended:
            return
        if self.is_linked and state != PAIRING:
            if not at_all:
                return
            self.ends = {Reason.LOGGED_OUT, Reason.AUTH_FAILURE}
        elif state == IDLE:
            # No further code is to be had, or one is asked for.
            self.ends = {Reason.QR_TIMEOUT, Reason.AWAITING_SCAN}
        self.shows(state)

    @rule(how=st.sampled_from([CONFLICT, BLOCKED, PageGone("crashed")]), at_all=RARELY)
    def breaks(self, how: PageState | PageGone, at_all: bool) -> None:
        if self.has_ended or not at_all:
            return
        self.ends = {ENDS[how]}
        if isinstance(how, PageState):
            self.shows(how)
        else:
            self.watch.tab.tell(how)
            self.settle()

    @rule()
    def shows_a_code(self) -> None:
        if self.has_ended or self.is_linked or self.shown != UNPAIRED:
            return
        self.codes += 1
        if self.codes > CODES:
            self.ends = {Reason.QR_TIMEOUT}
        self.watch.tab.tell(QrChanged(f"2@{self.codes}"))
        self.settle()

    @rule()
    def is_loaded_anew(self) -> None:
        if not self.has_ended:
            self.shown = LOADING
            self.watch.tab.tell(Hello("https://web.whatsapp.com/"))
            self.settle()

    @rule(how=st.sampled_from([LoggedOut(), EventsDropped()]))
    def tells(self, how: LoggedOut | EventsDropped) -> None:
        if not self.has_ended:
            self.watch.tab.tell(how)
            self.settle()

    @rule()
    def a_customer_writes(self) -> None:
        if not self.has_ended:
            said = self.watch.tab.says(JUMA)
            self.watch.tab.tell(MessageArrived(said))
            self.settle()

    @invariant()
    def sends_only_through_a_page_that_is_ready(self) -> None:
        if not self.has_ended:
            assert self.watch.shop.connected.is_set() is (self.shown == READY)
            assert (self.watch.follower.path is not None) >= (self.shown == READY)

    @invariant()
    def shows_no_code_to_who_is_linked(self) -> None:
        codes = [told for told in self.watch.told if told.startswith("code")]
        assert len(codes) == min(self.codes, CODES)
        assert not (self.has_login and codes)

    @invariant()
    def ends_for_a_reason(self) -> None:
        if self.has_ended:
            ending = self.watch.task.result()
            assert isinstance(ending, Lost | Refused)
            assert ending.reason in self.ends

    @invariant()
    def promises_to_be_heard_of(self) -> None:
        assert all(seconds > 0 for seconds in self.watch.promises)

    def teardown(self) -> None:
        async def finish() -> None:
            watch = self.watch
            if not watch.task.done():
                watch.tab.shows(READY)
                await watch.shop.answered(len(watch.tab.heard(JUMA)))
            await watch.stop()

        if hasattr(self, "watch"):
            is_followed = not self.has_ended
            self.world.runner.run(finish())
            tab = self.watch.tab
            if is_followed:
                assert tab.answers(JUMA) == tab.heard(JUMA)
            assert len(tab.answers(JUMA)) == len(set(tab.answers(JUMA)))


def test_whatever_a_page_shows_has_its_consequence(shared_dsn: str) -> None:
    world = World(shared_dsn)
    try:
        machine = type("Machine", (FollowerAgainstAModel,), {"world": world})
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=15,
                stateful_step_count=20,
                deadline=None,
                phases=[Phase.reuse, Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        world.close()
