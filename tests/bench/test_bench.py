"""The parts of the bench that could be wrong without anybody noticing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.memory import Memory, Part, memory, part_of, processes_of, pss_kib, total
from tests.bench.run import Burst, Plan, Round
from tests.bench.table import percentile, table

ROLLUP = """\
55d0c7a00000-7ffd1b5f9000 ---p 00000000 00:00 0                          [rollup]
Rss:               81236 kB
Pss:               60416 kB
Pss_Dirty:         50000 kB
Pss_Anon:          49000 kB
SwapPss:               0 kB
"""
MIB = 1024 * 1024


def test_pss_is_read_from_its_own_line() -> None:
    assert pss_kib(ROLLUP) == 60416
    with pytest.raises(ValueError, match="Pss"):
        pss_kib(ROLLUP.replace("\nPss:", "\nElse:"))


@pytest.mark.parametrize(
    ("command", "part"),
    [
        ("/usr/bin/python3 -m flowhqd run", Part.PROGRAM),
        ("/usr/bin/node accounts.cjs {}", Part.PROGRAM),
        ("/opt/pg/bin/postgres -D /tmp/data", Part.DATABASE),
        ("postgres: flowhqd: checkpointer", Part.DATABASE),
        ("/usr/lib/chromium/chromium --user-data-dir=/tmp/x", Part.BROWSER),
        ("/usr/lib/chromium/chrome_crashpad_handler --monitor-self", Part.BROWSER),
        ("/opt/google/chrome/chrome --type=zygote", Part.BROWSER),
        ("/usr/lib/chromium/chromium --type=renderer --lang=en-US", Part.PAGES),
    ],
)
def test_every_process_is_there_for_something(command: str, part: Part) -> None:
    assert part_of(command.split()) is part


def test_touched_memory_is_counted() -> None:
    before = total(memory([os.getpid()]))
    touched = b"x" * (64 * MIB)
    assert 60 < total(memory([os.getpid()])) - before < 80
    assert len(touched) == 64 * MIB


def test_what_left_the_tree_is_found_by_its_directory(tmp_path: Path) -> None:
    sleep = [sys.executable, "-c", "import signal; signal.pause()"]
    with subprocess.Popen([*sleep, tmp_path / "data"]) as left, subprocess.Popen(sleep) as other:
        try:
            # Popen returns once the child's command line is its own.
            assert processes_of(other.pid, tmp_path) == {left.pid, other.pid}
        finally:
            left.kill()
            other.kill()
    assert memory([left.pid]) == dict.fromkeys(Part, 0.0)


@given(st.lists(st.floats(0.001, 100), min_size=1), st.integers(1, 99))
def test_a_percentile_lies_among_the_values(values: list[float], percent: int) -> None:
    found = percentile(values, percent)
    assert min(values) <= found * (1 + 1e-9)
    assert found <= max(values) * (1 + 1e-9)


def one_round(few: float, many: float, latency: float, database: float) -> Round:
    def parts(mib: float) -> Memory:
        return {
            Part.PROGRAM: mib - database,
            Part.DATABASE: database,
            Part.BROWSER: 0.0,
            Part.PAGES: 0.0,
        }

    return Round(
        parts(few), parts(many), [latency], Burst(50.0, 1 if database else 0), starts=[2.0]
    )


def test_the_table_shows_medians_spread_and_ratios() -> None:
    plan = Plan(rounds=2, few=1, many=4, chats=1, messages=1, burst=1, starts=1)
    shown = table(
        plan,
        {
            "ours": [one_round(100, 160, 0.010, 20), one_round(120, 180, 0.030, 20)],
            "theirs": [one_round(200, 680, 0.040, 0), one_round(200, 680, 0.040, 0)],
        },
    )
    head, rule, *lines = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in shown.splitlines()
    ]
    assert head == ["", "ours", "theirs", "ratio"]
    assert all(set(cell) <= {"-", ":"} for cell in rule)
    assert len({len(line) for line in shown.splitlines()}) == 1
    rows = {label: cells for label, *cells in lines}
    assert rows["memory, 4 accounts"] == ["170 MiB (160–180)", "680 MiB (680–680)", "0.25"]
    assert rows["memory, further account"] == ["20 MiB (20–20)", "160 MiB (160–160)", "0.12"]
    assert rows["memory, base (reckoned)"] == ["90 MiB (80–100)", "40 MiB (40–40)", "2.25"]
    assert rows["– PostgreSQL"] == ["20 MiB (20–20)", "–", "–"]
    assert rows["inbound → reply, p50"] == ["20 ms (10–30)", "40 ms (40–40)", "0.50"]
    assert rows["chats in order, of 1"] == ["1 (1–1)", "0 (0–0)", "–"]
