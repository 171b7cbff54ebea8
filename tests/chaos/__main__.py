"""The long run: ``script/chaos --messages 20000 --seed 1``."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from tests.chaos.report import WRONG
from tests.chaos.world import run


def main() -> None:
    parser = argparse.ArgumentParser(prog="script/chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--per-second", type=float, default=12.0)
    parser.add_argument("--tenants", type=int, default=8)
    parser.add_argument("--customers", type=int, default=6, help="per tenant")
    parser.add_argument("--pause", type=float, nargs=2, default=(0.5, 3.0), metavar=("MIN", "MAX"))
    parser.add_argument("--without", action="append", default=[], help="a fault to leave out")
    parser.add_argument("--only", action="append", default=[], help="cause no other fault")
    parser.add_argument("--keep", action="store_true", help="keep the daemon's log")
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="flowhqd-chaos-", dir="/tmp"))
    directory.chmod(0o711)
    try:
        report = asyncio.run(
            run(
                directory,
                seed=options.seed,
                messages=options.messages,
                per_second=options.per_second,
                pause_seconds=(options.pause[0], options.pause[1]),
                tenants=options.tenants,
                customers=options.customers,
                only=options.only,
                without=options.without,
                progress=lambda line: print(line, file=sys.stderr, flush=True),
            )
        )
    finally:
        if options.keep:
            print(f"kept: {directory}", file=sys.stderr)
        else:
            shutil.rmtree(directory)
    print(report)
    for name in WRONG:
        for one in getattr(report, name):
            print(f"{name}: {one}")
    sys.exit(0 if report.is_clean else 1)


if __name__ == "__main__":
    main()
