"""How many tenants the host's memory is enough for."""

from __future__ import annotations

from pathlib import Path

MB, GB = 1 << 20, 1 << 30

TENANT_BYTES = 250 * MB
"""An assumption. A light page took 20 MB; real WhatsApp Web loads far more, and how much depends on
the account. Measure yours: the PSS of Chromium's processes by the number of connected tenants."""
BROWSER_BYTES = 100 * MB
"""What a further Chromium process took beyond its tenants."""
BASE_BYTES = 450 * MB
"""The first Chromium (about 300 MB), the daemon and the embedded PostgreSQL."""


def tenants_in(available: int, tenants_per_browser: int, *, is_running: bool) -> int:
    """How many tenants these bytes are enough for, by the assumptions above."""
    left = available - (0 if is_running else BASE_BYTES)
    return max(0, left // (TENANT_BYTES + BROWSER_BYTES // tenants_per_browser))


def available_bytes(pid: int | None = None) -> int | None:
    """What the kernel has to give, within the limits of the control groups (version 2).

    ``pid`` is the process whose groups count; this one when left out. None where it is not told.
    """
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in lines}
        available = kilobytes["MemAvailable"] * 1024
    except (OSError, KeyError, IndexError, ValueError):
        return None
    return min([available, *group_room(Path(f"/proc/{pid or 'self'}/cgroup"))])


def group_room(membership: Path, root: Path = Path("/sys/fs/cgroup")) -> list[int]:
    """What the control group of a process, and each above it, still allows."""
    try:
        [line] = [each for each in membership.read_text().splitlines() if each.startswith("0::")]
    except (OSError, ValueError):
        return []
    group = root / line.removeprefix("0::").lstrip("/")
    room = []
    for each in (group, *group.parents):
        try:
            limit, used = (each / "memory.max").read_text(), (each / "memory.current").read_text()
            room.append(max(0, int(limit) - int(used)))
        except (OSError, ValueError):
            # The root has neither file, and a group without a limit says "max".
            continue
    return room
