from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from flowhqd.messages.loop_breaker import LoopBreaker
from tests.clock import ManualClock

WINDOW = 60
CONTACTS = [UUID(int=number) for number in range(4)]
CONTACT = st.sampled_from(CONTACTS)


class LoopBreakerAgainstAModel(RuleBasedStateMachine):
    """The times of all replies to each contact say whether one more may go out."""

    @initialize(limit=st.integers(0, 5))
    def open(self, limit: int) -> None:
        self.clock = ManualClock()
        self.limit = limit
        self.breaker = LoopBreaker(self.clock, limit, WINDOW)
        self.replies: dict[UUID, list[float]] = defaultdict(list)

    @rule(contact=CONTACT)
    def reply(self, contact: UUID) -> None:
        self.breaker.count(contact)
        if self.limit:
            self.replies[contact].append(self.clock.monotonic())

    @rule(limit=st.integers(0, 5))
    def resize(self, limit: int) -> None:
        self.breaker.resize(limit)
        self.limit = limit

    @rule(contact=CONTACT)
    def ask(self, contact: UUID) -> None:
        oldest = self.clock.monotonic() - WINDOW
        recent = sum(at > oldest for at in self.replies[contact])
        assert self.breaker.is_open(contact) is (0 < self.limit <= recent)

    @rule(keep=CONTACT, gone=CONTACT)
    def merge(self, keep: UUID, gone: UUID) -> None:
        if keep != gone:
            self.breaker.merge(keep, gone)
            self.replies[keep] += self.replies.pop(gone, [])

    @rule(seconds=st.integers(1, 45))
    def pass_time(self, seconds: int) -> None:
        self.clock.advance(seconds)


TestLoopBreaker = LoopBreakerAgainstAModel.TestCase
TestLoopBreaker.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
