"""Supervisor and worker against a model: whatever people ask and pages do, in whatever order, what
is wanted comes about.

The database is real, time is moved by hand, and everything above the browser host is the daemon's.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from flowhqd.errors import Conflict
from flowhqd.states import SessionState, TenantStatus, Wanted, WorkerStatus
from flowhqd.supervisor.reconnect import STABLE_SECONDS
from flowhqd.supervisor.transitions import TABLE, Happened, Row
from flowhqd.supervisor.worker import REPORT_AFTER_SECONDS
from flowhqd.whatsapp.session import LAUNCH_SECONDS, PAGE_SECONDS
from tests.supervisor.chromium import FakeHost, Manner
from tests.supervisor.house import (
    ATTEMPTS,
    BEAT_SECONDS,
    FIRST_DELAY_SECONDS,
    LONGEST_DELAY_SECONDS,
    STALE_SECONDS,
    House,
    World,
)
from tests.supervisor.tab import READY

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

ACTOR = "admin"
# Shorter than any promise, so that nothing which is kept looks broken, and than the last delay.
STEP_SECONDS = 10
# How long the longest wait takes, a page that loads nothing, and what follows it.
PEACE_SECONDS = 600
# The longest promise is broken by then, and that is told.
TOLD_SECONDS = (
    LAUNCH_SECONDS + PAGE_SECONDS + REPORT_AFTER_SECONDS + STALE_SECONDS + 2 * BEAT_SECONDS
)
DEAF_SECONDS = TOLD_SECONDS + 5 * STEP_SECONDS
# A page that was lost for the first time is back by then.
BACK_SECONDS = 2 * STEP_SECONDS
NEEDS_A_PERSON = {"logged_out", "auth_failure", "qr_timeout"}
MANNERS = st.sampled_from([*[Manner.FINE] * 4, *Manner])
AT_ONCE = st.sampled_from([False, False, True])


def is_of(change: dict[str, str], row: Row) -> bool:
    """Whether a change may be what a line of the table says; a pause keeps the tenant's status."""
    return (change.get("session"), change.get("worker")) == (row.session, row.worker) and (
        change.get("tenant") in (None, row.tenant) or row is TABLE[Happened.RESUMED]
    )


class SupervisorAgainstAModel(RuleBasedStateMachine):
    """The model is what was asked for last, and what the phone, the line and Chromium do."""

    world: World

    @initialize(is_linked=st.booleans(), closes_slowly=st.booleans())
    def open(self, is_linked: bool, closes_slowly: bool) -> None:
        async def begin() -> House:
            house = House(self.world, FakeHost(self.world.clock, is_linked=is_linked))
            await house.open()
            return house

        self.house = self.run(begin())
        self.host, self.supervisor = self.house.host, self.house.supervisor
        self.next_page(Manner.FINE, closes_slowly)
        self.asked: list[tuple[str, asyncio.Task[None]]] = []
        self.is_paused = self.is_removed = False
        self.ready_since: float | None = None
        self.loads = 0
        self.attempts = 0
        self.beaten_at: datetime | None = None
        self.start(at_once=False)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.world.runner.run(work)

    # What people ask.

    def ask(
        self, verb: Callable[..., Coroutine[Any, Any, None]], at_once: bool, **how: Any
    ) -> None:
        if self.is_removed:
            return
        work = verb(self.house.tenant_id, actor=ACTOR, **how)
        self.asked.append((verb.__name__, self.world.loop.create_task(work)))
        self.is_removed = verb == self.supervisor.remove
        self.go_on(at_once)

    @rule(at_once=AT_ONCE)
    def start(self, at_once: bool) -> None:
        self.ask(self.supervisor.start, at_once)

    @rule(at_once=AT_ONCE)
    def stop(self, at_once: bool) -> None:
        self.ask(self.supervisor.stop, at_once)

    @rule(at_once=AT_ONCE)
    def restart(self, at_once: bool) -> None:
        self.ask(self.supervisor.restart, at_once)

    @rule(at_once=AT_ONCE, forget=st.booleans())
    def force_restart(self, at_once: bool, forget: bool) -> None:
        self.ask(self.supervisor.force_restart, at_once, forget_login=forget)

    @rule(at_once=AT_ONCE)
    def ask_for_codes(self, at_once: bool) -> None:
        self.ask(self.supervisor.pair, at_once)

    @rule(at_once=AT_ONCE)
    def pause(self, at_once: bool) -> None:
        self.ask(self.supervisor.pause, at_once)

    @rule(at_once=AT_ONCE)
    def resume(self, at_once: bool) -> None:
        self.ask(self.supervisor.resume, at_once)

    @rule(luck=st.integers(0, 9))
    def remove(self, luck: int) -> None:
        # What ends a run leaves little to see after it.
        if not luck:
            self.ask(self.supervisor.remove, at_once=False)

    # What the world does.

    @rule(at_once=AT_ONCE)
    def phone_scans(self, at_once: bool) -> None:
        self.host.scan()
        self.go_on(at_once)

    @rule(at_once=AT_ONCE)
    def phone_logs_out(self, at_once: bool) -> None:
        self.host.log_out()
        self.go_on(at_once)

    @rule(is_online=st.booleans(), at_once=AT_ONCE)
    def line(self, is_online: bool, at_once: bool) -> None:
        self.host.go(online=is_online)
        self.go_on(at_once)

    @rule(manner=MANNERS, closes_slowly=st.booleans())
    def next_page(self, manner: Manner, closes_slowly: bool) -> None:
        self.host.manner = manner
        self.host.close_seconds = 4 if closes_slowly else 0

    @rule(frees=st.booleans())
    def page_hangs(self, frees: bool) -> None:
        if self.host.window is not None:
            self.host.window.is_hung = True
            self.host.frees_pages = frees

    @rule(at_once=AT_ONCE)
    def page_shows_the_next_code(self, at_once: bool) -> None:
        if self.host.window is not None and not self.host.is_linked:
            self.host.window.shows_code()
        self.go_on(at_once)

    @rule(browser=st.booleans(), next_one=MANNERS, at_once=AT_ONCE)
    def page_is_lost(self, browser: bool, next_one: Manner, at_once: bool) -> None:
        """A session that was good for long enough has the first delay before it again."""
        if self.host.window is None:
            return
        before = self.supervisor.live(self.house.tenant_id).reconnect.attempt
        since, now = self.ready_since, self.world.clock.monotonic()
        is_clear = not self.asked and since is not None
        self.host.manner = next_one
        if browser:
            self.host.lose_browser()
        else:
            self.host.window.end("crashed")
        self.go_on(at_once)
        after = self.supervisor.live(self.house.tenant_id).reconnect
        if at_once or not is_clear or not after.active:
            return
        assert since is not None
        if now - since >= STABLE_SECONDS:
            assert after.attempt == 1
        elif now - since < STABLE_SECONDS - 6 * STEP_SECONDS:
            assert after.attempt == before + 1

    @rule(lasts=st.booleans(), browser=st.booleans())
    def page_is_lost_twice(self, lasts: bool, browser: bool) -> None:
        self.host.go(online=True)
        self.page_is_lost(browser, Manner.FINE, at_once=False)
        self.wait(BACK_SECONDS + (STABLE_SECONDS if lasts else 0))
        self.page_is_lost(browser, Manner.FINE, at_once=False)

    @rule(browser=st.booleans())
    def next_page_keeps_no_deadline(self, browser: bool) -> None:
        self.page_is_lost(browser, Manner.DEAF, at_once=False)
        self.wait(DEAF_SECONDS)

    @rule(seconds=st.sampled_from([10, 30, 90, 200, 700]))
    def time_passes(self, seconds: int) -> None:
        self.go_on(at_once=False)
        rested = self.is_resting
        loads = self.host.loads
        self.wait(seconds)
        if rested and self.is_resting:
            assert self.host.loads == loads, "it tries again although only a person can help"
            assert not self.host.left

    def wait(self, seconds: float) -> None:
        for _ in range(int(seconds // STEP_SECONDS)):
            self.run(self.house.wait(STEP_SECONDS))
            self.go_on(at_once=False)

    # What must hold.

    @property
    def exists(self) -> bool:
        """Whether nobody asked for the tenant's end."""
        return not self.is_removed

    @property
    def is_resting(self) -> bool:
        return (
            self.exists
            and not self.asked
            and self.tenant.worker.reason in NEEDS_A_PERSON
            and self.tenant.wanted is Wanted.STOPPED
        )

    def go_on(self, at_once: bool) -> None:
        """Let happen what happens, unless the next thing comes at once."""
        self.is_settled = not at_once
        if at_once:
            return
        self.run(self.house.settle())
        self.hear()
        if self.exists:
            self.tenant = self.run(self.house.tenant())
            self.look_at_the_tries()
            self.look_at_the_beats()

    def hear(self) -> None:
        """What became of what was asked."""
        while self.asked and self.asked[0][1].done():
            verb, task = self.asked.pop(0)
            if isinstance(task.exception(), Conflict):
                assert verb == "pair"
                continue
            task.result()
            self.ready_since = None
            match verb:
                case "start" | "restart" | "force_restart" | "pair":
                    self.attempts = 0
                case "pause":
                    self.is_paused = True
                case "resume":
                    self.is_paused = False
                case "stop" if not self.asked:
                    self.is_stopped()
                case "remove":
                    assert not self.host.left
                    assert not self.host.is_linked

    def is_stopped(self) -> None:
        tenant = self.run(self.house.tenant())
        assert tenant.wanted is Wanted.STOPPED
        assert tenant.worker.status is WorkerStatus.STOPPED
        assert tenant.session.state is SessionState.DISCONNECTED
        assert self.house.derived is None
        assert not self.host.left

    def look_at_the_tries(self) -> None:
        """How often and when a lost session is tried again."""
        reconnect = self.supervisor.live(self.tenant.id).reconnect
        if self.loads != self.host.loads or self.house.derived is None:
            self.loads, self.ready_since = self.host.loads, None
        if self.ready_since is None and self.tenant.session.state is SessionState.CONNECTED:
            self.ready_since = self.world.clock.monotonic()
        self.attempts = max(self.attempts, reconnect.attempt)
        if reconnect.active:
            assert reconnect.attempt > 0
            assert reconnect.next_delay_ms is not None
            grown = FIRST_DELAY_SECONDS * 2 ** (reconnect.attempt - 1)
            assert 0 <= reconnect.next_delay_ms <= min(grown, LONGEST_DELAY_SECONDS) * 1000
        if self.has_given_up:
            assert self.attempts >= ATTEMPTS

    @property
    def has_given_up(self) -> bool:
        return (
            not self.asked
            and self.tenant.worker.status is WorkerStatus.ERROR
            and self.tenant.wanted is Wanted.RUNNING
            and self.house.derived is None
        )

    def look_at_the_beats(self) -> None:
        """A promise is kept, or its breach is told."""
        now, worker = self.world.clock.now(), self.tenant.worker
        if worker.status is not WorkerStatus.RUNNING or worker.heartbeat_at is None:
            self.beaten_at = None
        elif self.beaten_at is None:
            self.beaten_at = now
        else:
            # A change of states writes the time of the database's host, which is not moved.
            self.beaten_at = max(self.beaten_at, worker.heartbeat_at)
            silent = (now - self.beaten_at).total_seconds()
            assert silent < STALE_SECONDS + BEAT_SECONDS + 2 * STEP_SECONDS
        if self.host.deaf_for > TOLD_SECONDS:
            assert self.asked or (worker.status, self.house.derived) == ("ERROR", "STALE")

    @invariant()
    def has_one_page_at_most(self) -> None:
        assert self.host.overlaps == 0
        assert len(self.host.left) <= 1

    @precondition(lambda self: self.is_settled and self.exists)
    @invariant()
    def is_in_states_of_the_table(self) -> None:
        now: dict[str, str] = {}
        for change in self.run(self.house.changes()):
            assert any(is_of(change, row) for row in TABLE.values()), change
            now |= change
        tenant = self.tenant
        assert (tenant.status, tenant.session.state, tenant.worker.status) == (
            now.get("tenant", TenantStatus.NEW),
            now.get("session", SessionState.DISCONNECTED),
            now["worker"],
        )

    @precondition(lambda self: self.is_settled and self.exists and not self.asked)
    @invariant()
    def says_what_the_page_shows(self) -> None:
        window = self.host.window
        is_ready = window is not None and window.looks == READY
        assert self.host.was_deaf or self.tenant.worker.reason != "stale"
        assert self.is_paused is (self.tenant.status is TenantStatus.PAUSED)
        if window is not None and window.is_hung:
            return
        is_connected = self.tenant.session.state is SessionState.CONNECTED
        assert is_ready or not is_connected
        # A page that was given up shows what it likes until the next try.
        if not self.supervisor.live(self.tenant.id).reconnect.active:
            assert is_connected or not is_ready

    # The end.

    @property
    def is_as_wanted(self) -> bool:
        if self.asked:
            return False
        if not self.exists:
            return not self.host.left
        tenant, derived = self.tenant, self.house.derived
        if tenant.wanted is Wanted.STOPPED or self.has_given_up:
            return (
                derived is None
                and not self.host.left
                and tenant.worker.status is not WorkerStatus.RUNNING
                and tenant.session.state is SessionState.DISCONNECTED
            )
        shown = SessionState.CONNECTED if self.host.is_linked else SessionState.QR_READY
        return (
            tenant.worker.status is WorkerStatus.RUNNING
            and tenant.session.state is shown
            and derived == ("PAUSED" if self.is_paused else shown)
            and len(self.host.left) == 1
        )

    def teardown(self) -> None:
        if not hasattr(self, "house"):
            return
        try:
            self.come_to_rest()
        finally:
            left = self.run(self.house.close())
        assert not left, "tasks are left over"

    def come_to_rest(self) -> None:
        """The world is left in peace: what is wanted comes about, and a stop ends it."""
        self.host.manner, self.host.frees_pages = Manner.FINE, True
        self.host.is_heard.set()
        self.host.go(online=True)
        self.go_on(at_once=False)
        for _ in range(PEACE_SECONDS // STEP_SECONDS):
            if self.is_as_wanted:
                break
            self.wait(STEP_SECONDS)
        assert self.is_as_wanted
        self.stop(at_once=False)
        self.wait(STEP_SECONDS)
        assert not self.asked


@pytest.mark.timeout(300)
def test_whatever_is_asked_and_happens_what_is_wanted_comes_about(dsn: str) -> None:
    world = World(dsn)
    try:
        machine = type("Machine", (SupervisorAgainstAModel,), {"world": world})
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=25,
                stateful_step_count=20,
                deadline=None,
                # What fails takes its time to fail, and does so in time's own order: the first way
                # to it is told, not the shortest, and none is kept.
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        world.close()
