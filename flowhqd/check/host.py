"""The host: disk, memory, fonts, and who may use the state directory."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from pathlib import Path

from flowhqd import room
from flowhqd.accounts import Account, unprivileged
from flowhqd.check.finding import Finding, failure, ok, warning
from flowhqd.room import GB, MB
from flowhqd.settings import Settings

DISK_FAILURE_BYTES = 500 * MB
"""PostgreSQL's write-ahead log alone may take 256 MB."""
DISK_WARNING_BYTES = 2 * GB
"""An empty profile takes 6 MB; a used one, with WhatsApp Web's cache, is reckoned at 100 MB."""

FEW_TENANTS = 3

FONTS = (("lang=en", "letters"), ("charset=1f600", "emoji"))
FONTS_CURE = "apt install fonts-noto-core fonts-noto-color-emoji fontconfig"
FC_LIST_SECONDS = 20.0


async def findings(settings: Settings, pid: int | None) -> list[Finding]:
    """``pid`` is a running daemon; its control group's limits count rather than ours."""
    return [
        _permissions(settings, unprivileged()),
        _disk(settings),
        _memory(settings, pid),
        await asyncio.to_thread(_fonts),
    ]


def _permissions(settings: Settings, account: Account) -> Finding:
    """Whether the daemon, and the account of its children, can use what is or will be there."""
    state, me = settings.state_path, os.geteuid()
    for path in (state, settings.sessions_path, settings.logs_path):
        there = _existing(path)
        if not there.is_dir():
            return failure("permissions", f"{there} is no directory", f"move it away: {there}")
        if not os.access(there, os.W_OK | os.X_OK):
            return failure(
                "permissions",
                f"this user ({account.name}) may not write in {there}",
                f"chown -R {account.name}: {there}, or run this as root or as the daemon's user",
            )
    # The daemon's own, then what belongs to the account of Chromium and PostgreSQL.
    owners = {state / "daemon.lock": me, settings.logs_path: me}
    owners |= {settings.sessions_path: account.uid, state / "postgres" / "data": account.uid}
    for path, uid in owners.items():
        if path.exists() and path.stat().st_uid != uid:
            name = account.name if uid == account.uid else "root"
            return failure(
                "permissions",
                f"{path} belongs to user {path.stat().st_uid}, not to {name}",
                f"chown -R {name}: {path}",
            )
    for path in (settings.sessions_path, state / "postgres"):
        if not account.can_reach(_existing(path) / "inside"):
            return failure(
                "permissions",
                f"the user {account.name}, who runs Chromium and PostgreSQL, may not pass through "
                f"every directory above {path}",
                "chmod o+x them, or set STATE_PATH to a place such as /var/lib/flowhqd",
            )
    return ok("permissions", f"{state} can be used; Chromium runs as {account.name}")


def _disk(settings: Settings) -> Finding:
    worst = min(
        (_existing(path) for path in (settings.state_path, settings.sessions_path)),
        key=lambda path: shutil.disk_usage(path).free,
    )
    free = shutil.disk_usage(worst).free
    detail = f"{free / GB:.1f} GB free for {worst}"
    cure = f"make room there, or set STATE_PATH to a larger disk (du -xh {worst} | sort -h)"
    if free < DISK_FAILURE_BYTES:
        return failure("disk", detail, cure)
    return warning("disk", detail, cure) if free < DISK_WARNING_BYTES else ok("disk", detail)


def _memory(settings: Settings, pid: int | None) -> Finding:
    available = room.available_bytes(pid)
    if available is None:
        return warning("memory", "not known: /proc/meminfo cannot be read", "mount /proc")
    count = room.tenants_in(available, settings.tenants_per_browser, is_running=pid is not None)
    detail = (
        f"{available / GB:.1f} GB available: room for about {count} "
        f"{'more ' if pid else ''}tenants, if each takes {room.TENANT_BYTES // MB} MB (assumed)"
    )
    cure = "add memory, or raise the limit of flowhqd's control group"
    if count == 0:
        return failure("memory", detail, cure)
    return warning("memory", detail, cure) if count < FEW_TENANTS else ok("memory", detail)


def _fonts() -> Finding:
    missing = []
    for pattern, what in FONTS:
        try:
            done = subprocess.run(  # noqa: S603
                ["fc-list", f":{pattern}", "family"],  # noqa: S607
                capture_output=True,
                check=False,
                timeout=FC_LIST_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired):
            return warning("fonts", "not known: fc-list does not run", FONTS_CURE)
        if not done.stdout.strip():
            missing.append(what)
    if missing:
        return warning("fonts", f"there is no font with {' and '.join(missing)}", FONTS_CURE)
    return ok("fonts", "letters and emoji")


def _existing(path: Path) -> Path:
    """``path``, or the nearest directory above it that is there."""
    return next(each for each in (path, *path.parents) if each.exists())
