"""The count at the end: what arrived at the customers' phones, held against the log."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import asyncpg

from flowhqd.simulator import Customer

WRONG = ("lost", "doubled", "misplaced", "unexplained")
# Purposes of a message that answers one of a customer's; a request to wait does not.
_ANSWERS = ("reply", "away")


@dataclass(frozen=True)
class Asked:
    """A message of a customer; ``in_order`` is false for one that could be read only later."""

    id: str
    in_order: bool = True


@dataclass
class Report:
    """A finished run. Each list names messages; ``unanswered`` counts named reasons."""

    seed: int
    messages: int
    seconds: float
    faults: Counter[str]
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    misplaced: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)
    unanswered: Counter[str] = field(default_factory=Counter)
    complaints: Counter[str] = field(default_factory=Counter)
    """Errors in the daemon's log, which a fault should not have caused."""

    @property
    def is_clean(self) -> bool:
        return not any(getattr(self, name) for name in WRONG)

    def __str__(self) -> str:
        return (
            f"seed {self.seed}: {self.messages} messages in {self.seconds:.0f} s, "
            f"{self.faults.total()} faults ({_counted(self.faults)}); lost {len(self.lost)}, "
            f"answered twice {len(self.doubled)}, out of order {len(self.misplaced)}, unexplained "
            f"{len(self.unexplained)}; unanswered with a named reason: {_counted(self.unanswered)}"
            f"; errors in the log: {_counted(self.complaints)}"
        )

    def count(
        self, customer: Customer, asked: Sequence[Asked], rows: Sequence[asyncpg.Record]
    ) -> None:
        """Add one customer's messages; ``rows`` are the log of that customer's tenant."""
        chats = {customer.wid, f"{customer.lid}@lid"}
        mine = [row for row in rows if row["chat_id"] in chats]
        heard = {row["wa_message_id"]: row for row in mine if row["direction"] == "IN"}
        said = {row["wa_message_id"]: row for row in mine if row["direction"] == "OUT"}
        answers: Counter[str] = Counter()
        for reply in customer.received:
            row = said.get(reply.message_id)
            if row is None or reply.quoted_id is None:
                self.unexplained.append(f"{customer.number}: {reply.message_id} is in no log")
            elif row["purpose"] in _ANSWERS:
                answers[reply.quoted_id] += 1
        sent = Counter(reply.message_id for reply in customer.received)
        self.doubled += [f"{customer.number}: {one}" for one, n in answers.items() if n > 1]
        self.doubled += [f"{customer.number}: {one} itself" for one, n in sent.items() if n > 1]
        self._count_order(customer, asked)
        for one in asked:
            self._count_outcome(customer, one, heard.get(one.id), [*said.values()], answers[one.id])

    def _count_order(self, customer: Customer, asked: Sequence[Asked]) -> None:
        """Within each of a customer's chats, replies come in the order of the questions."""
        place = {one.id: number for number, one in enumerate(asked) if one.in_order}
        latest: defaultdict[str, int] = defaultdict(int)
        for reply in customer.received:
            number = place.get(reply.quoted_id or "")
            if number is None:
                continue
            if number < latest[reply.chat]:
                self.misplaced.append(f"{customer.number}: {reply.quoted_id}")
            latest[reply.chat] = max(latest[reply.chat], number)

    def _count_outcome(
        self,
        customer: Customer,
        asked: Asked,
        row: asyncpg.Record | None,
        said: Sequence[asyncpg.Record],
        answers: int,
    ) -> None:
        where = f"{customer.number}: {asked.id}"
        if row is None:
            self.lost.append(f"{where} was never logged")
            return
        replies = [
            out for out in said if out["in_reply_to"] == row["id"] and out["purpose"] in _ANSWERS
        ]
        outcome = row["status"], row["reason"]
        if answers:
            if row["status"] != "ANSWERED" or [out["status"] for out in replies] not in (
                ["SENT"], ["DELIVERED"], ["READ"],
            ):  # fmt: skip
                self.unexplained.append(f"{where} answered, logged as {outcome} {_told(replies)}")
        elif row["status"] == "ANSWERED" and replies and replies[0]["reason"]:
            self.unanswered[f"reply {replies[0]['status']}: {replies[0]['reason']}"] += 1
        elif row["status"] not in ("ANSWERED", "RECEIVED") and row["reason"]:
            self.unanswered[row["reason"]] += 1
        else:
            self.lost.append(f"{where} unanswered, logged as {outcome} {_told(replies)}")


def _told(replies: Sequence[asyncpg.Record]) -> str:
    return ", ".join(f"{out['status']} ({out['reason']})" for out in replies)


def _counted(counter: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {name}" for name, n in sorted(counter.items())) or "none"
