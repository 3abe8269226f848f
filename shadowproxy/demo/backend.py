"""`python -m shadowproxy.demo.backend legacy|candidate [--port N] [--seed N]`: one shop, serving.

Writes one line, `{"port": N}`, to standard output when it accepts connections. Ends on SIGTERM and
when its standard input closes: a demo that was killed leaves no shop behind.
"""

import argparse
import asyncio
import json
import os
import signal
import sys

from aiohttp import web

from shadowproxy.demo.shop import Variant, build_app


async def serve(variant: Variant, port: int, seed: int) -> None:
    """Serves on loopback until told to end."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGINT, stop.set)
    loop.add_reader(sys.stdin, _end_with_input, stop)
    runner = web.AppRunner(build_app(variant, seed), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    sys.stdout.write(json.dumps({"port": runner.addresses[0][1]}) + "\n")
    sys.stdout.flush()
    await stop.wait()
    loop.remove_reader(sys.stdin)
    await runner.cleanup()


def _end_with_input(stop: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 1024):
        stop.set()


def main() -> None:
    """Reads the command line and serves."""
    parser = argparse.ArgumentParser(prog="shadowproxy.demo.backend")
    parser.add_argument("variant", type=Variant, choices=list(Variant))
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    asyncio.run(serve(chosen.variant, chosen.port, chosen.seed))


if __name__ == "__main__":
    main()
