"""``python -m flowhqd.simulator --port N``: the simulator by itself."""

from __future__ import annotations

import argparse
import asyncio

from flowhqd.simulator import Simulator, SimulatorOptions


async def serve(port: int) -> None:
    async with Simulator(SimulatorOptions(port=port)) as simulator:
        print(f"WhatsApp Web simulator: {simulator.url} (control API under /control/)", flush=True)
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="flowhqd.simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=8089, help="TCP port on loopback")
    try:
        asyncio.run(serve(parser.parse_args().port))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
