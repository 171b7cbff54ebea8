from __future__ import annotations

import random
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from flowhqd.supervisor.live import ReconnectView
from flowhqd.supervisor.reconnect import JITTER, STABLE_SECONDS, Reconnect
from tests.clock import ManualClock


class Unlucky(random.Random):
    """Chance that always takes the same share."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self._share = share

    def random(self) -> float:
        return self._share


def reconnect(
    clock: ManualClock,
    *,
    initial: float = 5,
    maximum: float = 300,
    multiplier: float = 2,
    max_attempts: int = 10,
    share: float = 0,
) -> Reconnect:
    return Reconnect(
        clock,
        initial=initial,
        maximum=maximum,
        multiplier=multiplier,
        max_attempts=max_attempts,
        rng=Unlucky(share),
    )


@given(
    initial=st.floats(0.001, 86_400), longer=st.floats(1, 1000), multiplier=st.floats(1, 100),
    share=st.floats(0, 1, exclude_max=True), failures=st.integers(1, 200),
)  # fmt: skip
@example(initial=86_400, longer=1000, multiplier=100, share=0, failures=200)
def test_delays_grow_and_stay_between_the_first_and_the_longest(
    initial: float, longer: float, multiplier: float, share: float, failures: int
) -> None:
    maximum = initial * longer
    tries = reconnect(
        ManualClock(),
        initial=initial,
        maximum=maximum,
        multiplier=multiplier,
        max_attempts=0,
        share=share,
    )
    delays = [tries.failed(endless=False) for _ in range(failures)]
    known = [delay for delay in delays if delay is not None]
    assert len(known) == failures, "without an end there is always a next try"
    assert all(before <= after for before, after in pairwise(known))
    assert initial * (1 - JITTER) <= known[0]
    assert known[-1] <= maximum
    if longer > 2 and multiplier > 2:
        assert len(known) == 1 or known[0] < known[1]


def test_the_delays_of_the_defaults() -> None:
    tries = reconnect(ManualClock())
    delays = [tries.failed(endless=False) for _ in range(11)]
    assert delays == [5, 10, 20, 40, 80, 160, 300, 300, 300, 300, None]


def test_chance_only_shortens_a_delay() -> None:
    assert reconnect(ManualClock(), share=0.5).failed(endless=False) == 5 * (1 - JITTER / 2)


def test_a_cause_outside_never_ends_the_tries_and_uses_none_up() -> None:
    """Regression: after a long outage the first failure of another kind was the last."""
    tries = reconnect(ManualClock(), max_attempts=2)
    assert [tries.failed(endless=True) for _ in range(9)][-1] == 300
    assert [tries.failed(endless=False) for _ in range(3)] == [300, 300, None]
    assert tries.failed(endless=True) == 300


@given(lasted=st.floats(0, 2 * STABLE_SECONDS))
def test_only_a_session_that_lasted_starts_the_count_anew(lasted: float) -> None:
    clock = ManualClock()
    tries = reconnect(clock)
    for _ in range(3):
        tries.failed(endless=False)
    tries.connected()
    clock.advance(lasted)
    # A page that comes back after a moment offline is still the same session.
    tries.connected()
    delay = tries.failed(endless=False)
    assert (delay, tries.attempt) == ((5, 1) if lasted >= STABLE_SECONDS else (40, 4))


@given(waited=st.floats(0, 100))
def test_the_view_counts_down_to_the_next_try(waited: float) -> None:
    clock = ManualClock()
    tries = reconnect(clock)
    assert tries.view() == ReconnectView(active=False, attempt=0, next_delay_ms=None)
    tries.failed(endless=False)
    tries.failed(endless=False)
    clock.advance(waited)
    assert tries.view() == ReconnectView(
        active=True, attempt=2, next_delay_ms=round(max(0.0, 10 - waited) * 1000)
    )
    tries.connected()
    assert tries.view() == ReconnectView(active=False, attempt=2, next_delay_ms=None)


def test_the_view_says_when_there_is_no_next_try() -> None:
    tries = reconnect(ManualClock(), max_attempts=1)
    tries.failed(endless=False)
    assert tries.failed(endless=False) is None
    assert tries.view() == ReconnectView(active=False, attempt=1, next_delay_ms=None)
