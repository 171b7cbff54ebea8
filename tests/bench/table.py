"""The figures as a table for people: Markdown that also reads well in a terminal."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import isnan, nan

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
    for label, figure, number, unit in _figures(plan):
        ours, theirs = ([figure(one) for one in rounds[side]] for side in (left, right))
        cells = [_cell(values, number, unit) for values in (ours, theirs)]
        rows.append([label, *cells, _ratio(ours, theirs)])
    return markdown(rows)


def _figures(plan: Plan) -> Iterator[tuple[str, Figure, str, str]]:
    """Each row's label, what it shows of a round, how a number is written, and its unit."""
    few, many = _accounts(plan.few), _accounts(plan.many)
    mib = "{:.0f}", " MiB"
    yield f"memory, {few}", lambda one: total(one.memory_of_few), *mib
    yield f"memory, {many}", lambda one: total(one.memory_of_many), *mib
    for part in Part:
        yield f"– {part}", _part(part), *mib
    yield "memory, base (reckoned)", lambda one: _base(plan, one), *mib
    yield "memory, further account", lambda one: _each(plan, one), *mib
    yield "inbound → reply, p50", _latency(50), "{:.0f}", " ms"
    yield "inbound → reply, p95", _latency(95), "{:.0f}", " ms"
    yield "replies per second", lambda one: one.burst.replies_per_second, "{:.1f}", ""
    in_order = f"chats in order, of {plan.chats}"
    yield in_order, lambda one: one.burst.chats_in_order, "{:.0f}", ""
    yield "start → CONNECTED", lambda one: statistics.median(one.starts), "{:.1f}", " s"


def _part(part: Part) -> Figure:
    """Not a number where nothing of the kind runs."""
    return lambda one: one.memory_of_many[part] or nan


def _latency(percent: int) -> Figure:
    """In milliseconds."""
    return lambda one: 1000 * percentile(one.latencies, percent)


def _each(plan: Plan, one: Round) -> float:
    """What each further account takes."""
    more = total(one.memory_of_many) - total(one.memory_of_few)
    return more / (plan.many - plan.few)


def _base(plan: Plan, one: Round) -> float:
    """What there would be without accounts, if all took the same."""
    return total(one.memory_of_few) - plan.few * _each(plan, one)


def _accounts(count: int) -> str:
    return "1 account" if count == 1 else f"{count} accounts"


def _cell(values: Sequence[float], number: str, unit: str) -> str:
    if any(map(isnan, values)):
        return "–"
    shown = number.format(statistics.median(values)) + unit
    if len(values) == 1:
        return shown
    return f"{shown} ({number.format(min(values))}–{number.format(max(values))})"


def _ratio(ours: Sequence[float], theirs: Sequence[float]) -> str:
    ratio = statistics.median(ours) / (statistics.median(theirs) or nan)
    return "–" if isnan(ratio) else f"{ratio:.2f}"


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """A table of cells, the first row being its head; numbers stand on the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    # Figures are read from the right.
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([lines[0], "| " + " | ".join(rule) + " |", *lines[1:]])
