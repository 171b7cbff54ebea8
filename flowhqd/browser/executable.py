"""Which Chromium to run."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from flowhqd.errors import StartupError

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")

CURE = (
    "install Chromium or Google Chrome from a deb package (on Debian: apt install chromium) "
    "and, if it is not on PATH, name it in PUPPETEER_EXECUTABLE_PATH"
)


def find_chromium(configured: Path | None = None) -> Path:
    """The configured executable, or the first usable one on PATH.

    Raises StartupError when there is none, and by name when there is only a snap: a snap runs in
    a mount namespace of its own, cannot see the profiles, and ignores the DevTools pipe.
    """
    if configured is not None:
        if not configured.is_file() or not os.access(configured, os.X_OK):
            raise StartupError(f"no executable Chromium at {configured}; {CURE}")
        if is_snap(configured):
            raise StartupError(f"{configured} is a snap, which flowhqd cannot drive; {CURE}")
        return configured
    snap: Path | None = None
    for name in NAMES:
        found = shutil.which(name)
        if found is None:
            continue
        if not is_snap(Path(found)):
            return Path(found)
        snap = snap or Path(found)
    if snap is not None:
        raise StartupError(f"the only Chromium here, {snap}, is a snap; {CURE}")
    raise StartupError(f"no Chromium found on PATH; {CURE}")


def is_snap(executable: Path) -> bool:
    """Whether this starts a snap: directly, or through Ubuntu's stub script."""
    resolved = executable.resolve()
    if resolved.name == "snap" or "snap" in resolved.parts[:2]:
        return True
    with resolved.open("rb") as file:
        head = file.read(4096)
    return head.startswith(b"#!") and b"/snap/bin/" in head
