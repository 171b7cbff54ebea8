"""The measurements, and the order in which they are made."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flowhqd.simulator import Customer, Phone, Simulator, SimulatorOptions
from tests.bench.memory import Memory, memory_at_rest
from tests.bench.subjects import OpenSubject, Subject
from tests.honesty.certificate import server_context

QUESTION = "Habari, bei gani?"
# What whatsapp-web.js needs to notice the sync at all, with several accounts at once.
SYNC_SECONDS = 2.5
PAUSE_SECONDS = 0.05
"""Before each single message, so that it finds everybody at rest."""
REPLY_SECONDS = 20.0
BURST_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured; accounts are linked first ``few``, then ``many``."""

    rounds: int
    few: int
    many: int
    chats: int
    messages: int
    burst: int
    starts: int


QUICK = Plan(rounds=3, few=1, many=4, chats=20, messages=50, burst=200, starts=3)


@dataclass(frozen=True, slots=True)
class Burst:
    """What became of many messages at once."""

    replies_per_second: float
    chats_in_order: int


@dataclass(frozen=True, slots=True)
class Round:
    """What one side did in one round; durations are seconds."""

    memory_of_few: Memory
    memory_of_many: Memory
    latencies: list[float]
    burst: Burst
    starts: list[float]


class WrongReply(Exception):
    """A customer got another answer than the one to what it asked."""


async def run(
    plan: Plan,
    subjects: Mapping[str, OpenSubject],
    directory: Path,
    say: Callable[[str], None],
) -> dict[str, list[Round]]:
    """Measure each side in every round; who comes first changes with each round.

    One side at a time runs, so that neither takes the other's processor or shares its memory.
    Raises AssertionError and TimeoutError when a side does not come up or does not answer, and
    WrongReply.
    """
    rounds: dict[str, list[Round]] = {name: [] for name in subjects}
    options = SimulatorOptions(tls=server_context(directory), sync_delay_seconds=SYNC_SECONDS)
    owners = itertools.count(255_712_000_001)
    async with Simulator(options) as simulator:
        for number in range(plan.rounds):
            order = list(subjects) if number % 2 == 0 else list(subjects)[::-1]
            for name in order:
                say(f"round {number + 1} of {plan.rounds}: {name}")
                room = directory / f"{name}-{number}"
                await asyncio.to_thread(room.mkdir, mode=0o711)
                phones = [simulator.phone(str(next(owners))) for _ in range(plan.many)]
                async with subjects[name](room, simulator) as subject:
                    rounds[name].append(await _measure(plan, subject, phones))
    return rounds


async def _measure(plan: Plan, subject: Subject, phones: Sequence[Phone]) -> Round:
    await subject.link(phones[: plan.few])
    memory_of_few = await memory_at_rest(subject.processes)
    await subject.link(phones[plan.few :])
    memory_of_many = await memory_at_rest(subject.processes)
    customers = [
        phones[number % len(phones)].customer(f"2557540{number:05}") for number in range(plan.chats)
    ]
    # The first message of each chat makes what the later ones find.
    for customer in customers:
        await _latency(customer)
    return Round(
        memory_of_few=memory_of_few,
        memory_of_many=memory_of_many,
        latencies=[
            await _latency(customers[number % len(customers)]) for number in range(plan.messages)
        ],
        burst=await _burst(customers, plan.burst),
        starts=[await _start(subject, phones[0]) for _ in range(plan.starts)],
    )


async def _start(subject: Subject, phone: Phone) -> float:
    """Seconds from the wish to start an account that has a login until it is connected."""
    await subject.stop(phone)
    began = time.perf_counter()
    await subject.start(phone)
    return time.perf_counter() - began


async def _latency(customer: Customer) -> float:
    """Seconds from a customer's message until the reply is on the customer's phone."""
    await asyncio.sleep(PAUSE_SECONDS)
    before = len(customer.received)
    began = time.perf_counter()
    asked = await customer.send(QUESTION)
    await customer.wait_for(before + 1, REPLY_SECONDS)
    took = time.perf_counter() - began
    _check(customer, before, [asked])
    return took


async def _burst(customers: Sequence[Customer], messages: int) -> Burst:
    """Many messages at once, each chat's in turn; timed from the first until the last reply."""
    before = [len(customer.received) for customer in customers]
    asked: list[list[str]] = [[] for _ in customers]
    began = time.perf_counter()
    for number in range(messages):
        chat = number % len(customers)
        asked[chat].append(await customers[chat].send(QUESTION))
    await asyncio.gather(
        *(
            customer.wait_for(count + len(ids), BURST_SECONDS)
            for customer, count, ids in zip(customers, before, asked, strict=True)
        )
    )
    took = time.perf_counter() - began
    chats = zip(customers, before, asked, strict=True)
    in_order = sum(_check(customer, count, ids) for customer, count, ids in chats)
    return Burst(messages / took, in_order)


def _check(customer: Customer, before: int, asked: list[str]) -> bool:
    """Whether the answers came in the order of the questions; raises WrongReply.

    Each question has exactly one answer, which quotes it.
    """
    quoted = [reply.quoted_id for reply in customer.received[before:]]
    if sorted(map(str, quoted)) != sorted(asked):
        raise WrongReply(f"{customer.number} asked {asked} and got replies to {quoted}")
    return quoted == asked
