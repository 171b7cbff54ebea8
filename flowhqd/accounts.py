"""The unprivileged account that Chromium and the embedded PostgreSQL run under.

Both refuse, or are unsafe, as root. When the daemon itself is not root there is nothing to change.
"""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from flowhqd.errors import StartupError

PREFERRED = ("flowhqd", "nobody")


class SpawnOptions(TypedDict, total=False):
    """Keyword arguments for ``subprocess`` and ``asyncio.create_subprocess_exec``."""

    user: int
    group: int
    extra_groups: list[int]
    umask: int


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the host that children run as."""

    name: str
    uid: int
    gid: int

    def spawn_options(self) -> SpawnOptions:
        """Options that make a child this account; files it makes are its own alone (0600)."""
        if os.geteuid() == self.uid:
            return SpawnOptions(umask=0o077)
        return SpawnOptions(umask=0o077, user=self.uid, group=self.gid, extra_groups=[])

    def own(self, path: Path, mode: int = 0o700) -> Path:
        """Make ``path`` a directory of this account, and its parents where missing."""
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(mode)
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid)
        return path

    def can_reach(self, path: Path) -> bool:
        """Whether this account may pass through every directory above ``path``."""
        for parent in path.resolve().parents:
            info = parent.stat()
            shift = 6 if info.st_uid == self.uid else 3 if info.st_gid == self.gid else 0
            if not (info.st_mode >> shift) & 0o1:
                return False
        return True


def unprivileged() -> Account:
    """The account for children: our own, or an unprivileged one when we are root.

    Raises StartupError on a host that has none.
    """
    if os.geteuid() != 0:
        entry = pwd.getpwuid(os.geteuid())
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    for name in PREFERRED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise StartupError(
        "running as root, but neither a user 'flowhqd' nor 'nobody' exists to run Chromium and "
        "PostgreSQL as; create one with: useradd --system flowhqd"
    )


def become_owner_of(path: Path) -> None:
    """Give up root for good, for the account that ``path`` belongs to; nothing if that is root.

    What an operator runs as root beside a service of its own account must leave nothing behind that
    the service cannot use. A path that is not there changes nothing.
    """
    if os.geteuid() != 0 or not path.exists() or path.stat().st_uid == 0:
        return
    entry = pwd.getpwuid(path.stat().st_uid)
    os.initgroups(entry.pw_name, entry.pw_gid)
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    os.environ["HOME"] = entry.pw_dir
