"""Nothing lost, nothing twice, nothing out of order, whatever dies meanwhile.

The long run is ``script/chaos``; its report is in docs/reliability.md.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.world import run


@pytest.mark.timeout(600)
async def test_a_short_seeded_run(open_directory: Path) -> None:
    directory = open_directory / "chaos"
    directory.mkdir(mode=0o711)
    report = await run(
        directory,
        seed=20261121,
        messages=400,
        per_second=12,
        pause_seconds=(0.5, 2.5),
        tenants=3,
        customers=4,
    )
    assert report.is_clean, str(report)
    assert report.faults.total() >= 8, str(report)
