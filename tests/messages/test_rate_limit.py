from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from flowhqd.messages.rate_limit import Allowed, RateLimit, Refused
from tests.clock import ManualClock

WINDOW = 60
# Whole and half seconds add up exactly, so a window's edge is an edge here too.
PAUSES = st.lists(st.integers(0, 2 * WINDOW + 20).map(lambda halves: halves / 2), max_size=80)


@given(limit=st.integers(1, 6), pauses=PAUSES)
def test_no_window_lets_more_through_than_the_limit(limit: int, pauses: list[float]) -> None:
    clock = ManualClock()
    rate = RateLimit(clock, limit, WINDOW)
    opened: float | None = None
    allowed = refused = 0
    for pause in pauses:
        clock.advance(pause)
        if opened is not None and clock.monotonic() >= opened + WINDOW:
            opened = None
        if opened is None:
            opened, allowed, refused = clock.monotonic(), 0, 0
        outcome = rate.acquire()
        if isinstance(outcome, Allowed):
            allowed += 1
            assert allowed <= limit
        else:
            assert allowed == limit, "refused although the window has room"
            refused += 1
            assert outcome.first is (refused == 1)
            assert outcome.retry_after == opened + WINDOW - clock.monotonic()
        assert rate.used == allowed
        assert rate.warning_sent is (refused > 0)


@given(limit=st.integers(1, 6), pauses=PAUSES)
def test_waiting_as_long_as_told_is_long_enough(limit: int, pauses: list[float]) -> None:
    clock = ManualClock()
    rate = RateLimit(clock, limit, WINDOW)
    for pause in pauses:
        clock.advance(pause)
        outcome = rate.acquire()
        if isinstance(outcome, Refused):
            assert rate.resets_at() == clock.now() + timedelta(seconds=outcome.retry_after)
            clock.advance(outcome.retry_after)
            assert rate.acquire() == Allowed()


def test_a_reply_that_can_wait_leaves_the_warning_to_one_that_cannot() -> None:
    rate = RateLimit(ManualClock(), 1, WINDOW)
    assert rate.acquire(warn=False) == Allowed()
    assert rate.acquire(warn=False) == Refused(first=False, retry_after=WINDOW)
    assert not rate.warning_sent
    assert rate.acquire() == Refused(first=True, retry_after=WINDOW)
    assert rate.acquire() == Refused(first=False, retry_after=WINDOW)


@given(pauses=PAUSES)
def test_zero_is_no_limit(pauses: list[float]) -> None:
    clock = ManualClock()
    rate = RateLimit(clock, 0, WINDOW)
    for pause in pauses:
        clock.advance(pause)
        assert rate.acquire() == Allowed()
    assert rate.resets_at() is None


def test_another_limit_counts_what_the_window_already_let_through() -> None:
    clock = ManualClock()
    rate = RateLimit(clock, 3, WINDOW)
    for _ in range(3):
        assert rate.acquire() == Allowed()

    rate.resize(4)
    assert rate.acquire() == Allowed()
    assert rate.acquire() == Refused(first=True, retry_after=WINDOW)
    rate.resize(2)
    assert rate.acquire() == Refused(first=False, retry_after=WINDOW)

    clock.advance(WINDOW)
    assert [rate.acquire() for _ in range(2)] == [Allowed(), Allowed()]
    assert rate.acquire() == Refused(first=True, retry_after=WINDOW)
    assert rate.default_limit == 3


def test_no_window_is_open_before_the_first_reply() -> None:
    clock = ManualClock()
    rate = RateLimit(clock, 1, WINDOW)
    assert rate.resets_at() is None
    clock.advance(WINDOW - 1)
    rate.acquire()
    clock.advance(2)
    assert isinstance(rate.acquire(), Refused), "the window opens with its first reply"
