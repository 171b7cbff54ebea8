"""Where the files live that are not Python: ``web/`` and ``sql/``.

A wheel carries them inside the package (``flowhqd/web``), so that an installed flowhqd is
self-contained; in a checkout, also an editable install, they stay at the top of the repository.
"""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def resource(name: str) -> Path:
    """The file or directory ``name``, such as ``"web/simulator"`` or ``"sql"``.

    Raises FileNotFoundError when neither the package nor the repository has it.
    """
    for root in (PACKAGE, PACKAGE.parent):
        path = root / name
        if path.exists():
            return path
    raise FileNotFoundError(f"flowhqd was installed without its {name!r}; reinstall it")
