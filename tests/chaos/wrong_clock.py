"""``flowhqd`` on a host whose clock is wrong by the seconds in a file, which may change meanwhile.

``python -m tests.chaos.wrong_clock FILE run``. Only the wall clock lies, as it does after a step;
nothing else of the daemon is touched.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flowhqd.cli import main
from flowhqd.clock import SystemClock


def lie(file: Path) -> None:
    """Make every SystemClock wrong by what the file says at that moment."""

    def now(self: SystemClock) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(file.read_text()))

    SystemClock.now = now  # type: ignore[method-assign]


if __name__ == "__main__":
    lie(Path(sys.argv.pop(1)))
    main()
