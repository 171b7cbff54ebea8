"""Nothing lost, nothing twice, nothing out of order, whatever dies meanwhile.

The long runs are ``script/chaos`` and ``tests/chaos/boot.py``; docs/reliability.md tells of them.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.boot import measure
from tests.chaos.world import run

# They take up to a minute each.
LONG = ("database away for long", "disk full")
# What may keep a message from its answer here: a crowd at once, a text that stays sealed, a page
# that was broken at both tries.
EXPECTED = {"queue_full", "undecryptable", "reply FAILED: send_failed"}


@pytest.mark.timeout(600)
async def test_a_short_seeded_run(open_directory: Path) -> None:
    directory = open_directory / "chaos"
    directory.mkdir(mode=0o711)
    report = await run(
        directory,
        seed=20261121,
        messages=400,
        per_second=12,
        pause_seconds=(0.2, 1.5),
        tenants=3,
        customers=4,
        faults=8,
        without=LONG,
    )
    assert report.is_clean, str(report)
    assert report.unanswered.keys() <= EXPECTED, str(report)


@pytest.mark.timeout(300)
async def test_all_tenants_are_connected_again_after_a_death(open_directory: Path) -> None:
    directory = open_directory / "boot"
    directory.mkdir(mode=0o711)
    *_, errors = await measure(directory, tenants=3, deaths=["SIGKILL"])
    assert errors == "errors in the log: none"
