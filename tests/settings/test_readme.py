from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def test_the_readme_lists_the_variables_as_they_are() -> None:
    done = subprocess.run(
        [sys.executable, REPOSITORY / "script" / "readme-variables", "--check"],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
