"""The figures as a table for people: Markdown that also reads well in a terminal."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence

from tests.bench.memory import Part, total
from tests.bench.run import Plan, Round

Figure = Callable[[Round], float]


def percentile(values: Sequence[float], percent: int) -> float:
    """By linear interpolation between the two nearest values."""
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def table(plan: Plan, rounds: Mapping[str, Sequence[Round]]) -> str:
    """The median of all rounds, with the least and the greatest; ``rounds`` has two sides.

    The ratio is the first side divided by the second.
    """
    left, right = rounds
    rows = [["", left, right, "ratio"]]
    for label, figure, pattern in _figures(plan):
        ours, theirs = ([figure(one) for one in rounds[side]] for side in (left, right))
        rows.append([label, _cell(ours, pattern), _cell(theirs, pattern), _ratio(ours, theirs)])
    return _markdown(rows)


def _figures(plan: Plan) -> Iterator[tuple[str, Figure, str]]:
    """Each row's label, what it shows of a round, and how that is written."""
    few, many = _accounts(plan.few), _accounts(plan.many)
    yield f"memory, {few}", lambda one: total(one.memory_of_few), "{:.0f} MiB"
    yield f"memory, {many}", lambda one: total(one.memory_of_many), "{:.0f} MiB"
    for part in Part:
        yield f"– {part}", lambda one, part=part: one.memory_of_many[part], "{:.0f} MiB"  # type: ignore[misc]
    yield "memory, base", lambda one: _base(plan, one), "{:.0f} MiB"
    yield "memory, each account", lambda one: _each(plan, one), "{:.0f} MiB"
    yield "inbound → reply, p50", lambda one: 1000 * percentile(one.latencies, 50), "{:.0f} ms"
    yield "inbound → reply, p95", lambda one: 1000 * percentile(one.latencies, 95), "{:.0f} ms"
    yield "replies per second", lambda one: one.replies_per_second, "{:.1f}"
    yield "start → CONNECTED", lambda one: statistics.median(one.starts), "{:.1f} s"


def _each(plan: Plan, one: Round) -> float:
    more = total(one.memory_of_many) - total(one.memory_of_few)
    return more / (plan.many - plan.few)


def _base(plan: Plan, one: Round) -> float:
    return total(one.memory_of_few) - plan.few * _each(plan, one)


def _accounts(count: int) -> str:
    return "1 account" if count == 1 else f"{count} accounts"


def _cell(values: Sequence[float], pattern: str) -> str:
    if not any(values):
        return "–"
    shown = pattern.format(statistics.median(values))
    if len(values) == 1:
        return shown
    number = pattern.partition("}")[0] + "}"
    return f"{shown} ({number.format(min(values))}–{number.format(max(values))})"


def _ratio(ours: Sequence[float], theirs: Sequence[float]) -> str:
    if not any(ours) or not any(theirs):
        return "–"
    return f"{statistics.median(ours) / statistics.median(theirs):.2f}"


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    # Figures are read from the right.
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([lines[0], "| " + " | ".join(rule) + " |", *lines[1:]])
