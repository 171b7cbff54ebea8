"""flowhqd beside the unmodified whatsapp-web.js on the same simulator; see docs/bench.md."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from flowhqd.accounts import unprivileged
from flowhqd.browser.executable import find_chromium
from tests.bench import dashboard, pages
from tests.bench.dashboard import Size
from tests.bench.memory import chromium_processes
from tests.bench.run import QUICK, Plan, Round, run
from tests.bench.subjects import flowhqd, whatsapp_web_js
from tests.bench.table import table
from tests.honesty import node

ROUND_SECONDS = 300.0
"""Five times what a round takes on a quiet machine with two cores."""
SUBJECTS = {"flowhqd": flowhqd, "whatsapp-web.js": whatsapp_web_js}


def main() -> None:
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--quick", action="store_true", help="flowhqd beside whatsapp-web.js")
    what.add_argument("--dashboard", action="store_true", help="the pages with 500 tenants")
    what.add_argument("--lighthouse", action="store_true", help="every page, as Lighthouse sees it")
    parser.add_argument("--rounds", type=int, default=QUICK.rounds, help="default %(default)s")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds: at least 1")
    if options.dashboard:
        with _directory() as directory:
            print(dashboard.report(Size(), asyncio.run(dashboard.run(Size(), directory))))
        print(f"\non {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end")
        return
    if options.lighthouse:
        load = os.getloadavg()[0]
        with _directory() as directory:
            looks = asyncio.run(pages.run(options.rounds, directory))
        print(pages.report(looks))
        print(f"\n{options.rounds} rounds; load {load:.1f} before, {os.getloadavg()[0]:.1f} after")
        sys.exit(any(not look.is_good for look in looks))
    node.install()
    began, load, others = time.monotonic(), os.getloadavg()[0], chromium_processes()
    plan = replace(QUICK, rounds=options.rounds)
    with _directory() as directory:
        try:
            rounds = asyncio.run(_run(plan, directory))
        except (asyncio.CancelledError, KeyboardInterrupt):
            sys.exit("script/bench: stopped before its end")
    print(table(plan, rounds))
    print(
        f"\n{plan.rounds} rounds in {time.monotonic() - began:.0f} s on {os.cpu_count()} cores; "
        f"load {load:.1f} before and {os.getloadavg()[0]:.1f} at the end, {others} processes of "
        f"other Chromiums\n{_chromium_version()}, Python {platform.python_version()}, "
        f"whatsapp-web.js {_library_version()}"
    )


async def _run(plan: Plan, directory: Path) -> dict[str, list[Round]]:
    """The run, which SIGTERM and the limit end as Ctrl-C does: what was started is stopped."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with asyncio.timeout(ROUND_SECONDS * plan.rounds):
        return await run(plan, SUBJECTS, directory, lambda line: print(line, file=sys.stderr))


@contextmanager
def _directory() -> Iterator[Path]:
    """A directory that every account may pass through, and that does not stay."""
    path = Path(tempfile.mkdtemp(prefix="flowhqd-bench-", dir="/tmp"))
    path.chmod(0o711)
    try:
        yield path
    finally:
        shutil.rmtree(path)


def _chromium_version() -> str:
    done = subprocess.run(
        [find_chromium(), "--version"],
        capture_output=True, text=True, check=True, cwd="/", timeout=10,
        **unprivileged().spawn_options(),
    )  # fmt: skip
    return " ".join(done.stdout.split()[:2])


def _library_version() -> str:
    package = node.MODULES / "whatsapp-web.js" / "package.json"
    return str(json.loads(package.read_text())["version"])


if __name__ == "__main__":
    main()
