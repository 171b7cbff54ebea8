from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from flowhqd.messages.dedup import DedupWindow
from tests.clock import ManualClock

KEYS = st.sampled_from("abcdefgh")


class DedupAgainstAModel(RuleBasedStateMachine):
    """A plain dict of when each key was added last says what must be remembered."""

    @initialize(ttl=st.integers(1, 20), size=st.integers(1, 6))
    def open(self, ttl: int, size: int) -> None:
        self.clock = ManualClock()
        self.ttl, self.size = ttl, size
        self.window = DedupWindow(self.clock, ttl, size)
        self.added: dict[str, float] = {}
        self.hits = 0

    def remembered(self) -> list[str]:
        """The newest keys that are young enough, oldest first."""
        now = self.clock.monotonic()
        return [key for key, at in self.added.items() if now - at < self.ttl][-self.size :]

    @rule(key=KEYS)
    def add(self, key: str) -> None:
        self.window.add(key)
        self.added.pop(key, None)
        self.added[key] = self.clock.monotonic()
        self.added = {kept: self.added[kept] for kept in self.remembered()}

    @rule(key=KEYS)
    def ask(self, key: str) -> None:
        known = key in self.remembered()
        self.hits += known
        assert self.window.seen(key) is known

    @rule(seconds=st.integers(1, 12))
    def pass_time(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @invariant()
    def counts_are_right(self) -> None:
        assert len(self.window) == len(self.remembered())
        assert self.window.hits == self.hits


TestDedup = DedupAgainstAModel.TestCase
TestDedup.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_zero_remembers_nothing() -> None:
    window = DedupWindow(ManualClock(), 0)
    window.add("a")
    assert not window.seen("a")
    assert (len(window), window.hits) == (0, 0)
