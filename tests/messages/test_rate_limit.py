from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from flowhqd.messages.rate_limit import Allowed, RateLimit, Refused
from tests.clock import ManualClock

WINDOW = 60
# Whole and half seconds add up exactly, so a window's edge is an edge here too.
PAUSES = st.lists(st.integers(0, 2 * WINDOW + 20).map(lambda halves: halves / 2), max_size=80)


class RateLimitAgainstAModel(RuleBasedStateMachine):
    """The model: when the window opened, how old it gets, whose places it let through, who was
    refused first.

    Messages come again, as one does whose decision could not be stored, and give back what they
    took.
    """

    @initialize(limit=st.integers(0, 9))
    def open(self, limit: int) -> None:
        self.clock = ManualClock()
        self.rate = RateLimit(self.clock, limit, WINDOW)
        self.limit, self.window = limit, float(WINDOW)
        self.opened: float | None = None
        self.inside: set[UUID] = set()
        self.warned: UUID | None = None
        self.known: list[UUID] = []

    def turn(self) -> None:
        if self.opened is not None and self.clock.monotonic() >= self.opened + self.window:
            self.opened, self.inside, self.warned = None, set(), None

    def ask(self, message: UUID, can_wait: bool) -> None:
        self.turn()
        outcome = self.rate.acquire(message, can_wait=can_wait)
        if not self.limit:
            assert outcome == Allowed()
            return
        if self.opened is None:
            self.opened = self.clock.monotonic()
        room = self.limit - (self.limit // 4 if can_wait else 0)
        if message in self.inside or len(self.inside) < room:
            assert outcome == Allowed()
            self.inside.add(message)
            return
        assert isinstance(outcome, Refused)
        assert outcome.first is (not can_wait and self.warned in (None, message))
        assert outcome.retry_after == self.opened + self.window - self.clock.monotonic()
        if outcome.first:
            self.warned = message

    @rule(can_wait=st.booleans())
    def a_message(self, can_wait: bool) -> None:
        self.known.append(uuid4())
        self.ask(self.known[-1], can_wait)

    @rule(place=st.integers(0, 9), can_wait=st.booleans())
    def the_same_again(self, place: int, can_wait: bool) -> None:
        if self.known:
            self.ask(self.known[-1 - place % len(self.known)], can_wait)

    @rule(place=st.integers(0, 9))
    def give_back(self, place: int) -> None:
        if self.known:
            message = self.known[-1 - place % len(self.known)]
            self.turn()
            self.inside.discard(message)
            self.warned = None if self.warned == message else self.warned
            self.rate.release(message)

    @rule(limit=st.integers(0, 9), halves=st.integers(1, 4 * WINDOW))
    def resize(self, limit: int, halves: int) -> None:
        self.limit, self.window = limit, halves / 2
        self.rate.resize(self.limit, self.window)

    @rule(halves=st.integers(0, 2 * WINDOW + 20))
    def pass_time(self, halves: int) -> None:
        self.clock.advance(halves / 2)

    @invariant()
    def shows_the_window(self) -> None:
        self.turn()
        assert self.rate.used == len(self.inside)
        assert self.rate.warning_sent is (self.warned is not None)
        turns = None
        if self.opened is not None:
            left = self.opened + self.window - self.clock.monotonic()
            turns = self.clock.now() + timedelta(seconds=left)
        assert self.rate.resets_at() == turns


TestRateLimit = RateLimitAgainstAModel.TestCase
TestRateLimit.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)


@given(limit=st.integers(1, 6), pauses=PAUSES)
def test_no_window_lets_more_through_than_the_limit(limit: int, pauses: list[float]) -> None:
    clock = ManualClock()
    rate = RateLimit(clock, limit, WINDOW)
    left: list[float] = []
    for pause in pauses:
        clock.advance(pause)
        if rate.acquire(uuid4()) == Allowed():
            left.append(clock.monotonic())
    # A fixed window may let a limit through at its end, and another at the next one's beginning.
    for at in left:
        assert sum(at <= other < at + WINDOW for other in left) <= 2 * limit


@given(limit=st.integers(1, 6), pauses=PAUSES, can_wait=st.booleans())
def test_waiting_as_long_as_told_is_long_enough(
    limit: int, pauses: list[float], can_wait: bool
) -> None:
    clock = ManualClock()
    rate = RateLimit(clock, limit, WINDOW)
    for pause in pauses:
        clock.advance(pause)
        outcome = rate.acquire(uuid4(), can_wait=can_wait)
        if isinstance(outcome, Refused):
            clock.advance(outcome.retry_after)
            assert rate.acquire(uuid4(), can_wait=can_wait) == Allowed()


def test_what_can_wait_leaves_a_quarter_of_the_window_to_what_cannot() -> None:
    """A shop that sends its customers 1,000 notices goes on answering them."""
    rate = RateLimit(ManualClock(), 20, WINDOW)
    notices = [rate.acquire(uuid4(), can_wait=True) for _ in range(1_000)]
    assert notices.count(Allowed()) == 15
    replies = [rate.acquire(uuid4()) for _ in range(6)]
    assert replies == [Allowed()] * 5 + [Refused(first=True, retry_after=WINDOW)]


@given(
    limit=st.integers(1, 6),
    steps=st.lists(
        st.tuples(
            st.integers(0, 2 * WINDOW + 20).map(lambda halves: halves / 2),
            st.integers(1, 2 * WINDOW).map(lambda halves: halves / 2),
        ),
        max_size=80,
    ),
)
def test_no_edit_of_the_window_lets_more_through(
    limit: int, steps: list[tuple[float, float]]
) -> None:
    """However often it is edited, and also in its middle."""
    clock = ManualClock()
    rate = RateLimit(clock, limit, WINDOW)
    shortest = float(WINDOW)
    left: list[float] = []
    for pause, window in steps:
        clock.advance(pause)
        rate.resize(limit, window)
        shortest = min(shortest, window)
        outcome = rate.acquire(uuid4())
        if outcome == Allowed():
            left.append(clock.monotonic())
        else:
            assert isinstance(outcome, Refused)
            assert 0 < outcome.retry_after <= window
    for at in left:
        assert sum(at <= other < at + shortest for other in left) <= 2 * limit


def test_a_window_that_is_edited_turns_at_its_new_age() -> None:
    clock = ManualClock()
    rate = RateLimit(clock, 1, WINDOW)
    assert rate.acquire(uuid4()) == Allowed()
    clock.advance(20)
    rate.resize(1, 30)
    assert rate.acquire(uuid4()) == Refused(first=True, retry_after=10)
    rate.resize(1, 100)
    assert rate.acquire(uuid4()) == Refused(first=False, retry_after=80)
    rate.resize(1, 20)
    assert rate.acquire(uuid4()) == Allowed()
