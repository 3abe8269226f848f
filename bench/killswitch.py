"""python -m bench.killswitch: from turning shadowing off to the last copy that is sent.

Promised: 100 ms at the 99th percentile, with four edges under load. The time runs from before the
call to the admin server to the arrival of the last copy at the candidate.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import cast

import uvloop

from bench import scraping
from bench.arms import ONE_EDGE, origins, ours
from bench.load import quantile
from bench.origin import BODY
from bench.running import end_on_sigterm, program, running, wait_until

PROMISED_MS = 100
QUIET_S = 1.0
"""No copy for this long: the last one was the last one."""
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(
    BODY
)


class _Counting(asyncio.Protocol):
    """A candidate that remembers when its last request came; `GET /_last` asks for it."""

    last_ns = 0
    count = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if data.startswith(b"GET /_last "):
            body = json.dumps([_Counting.last_ns, _Counting.count]).encode()
            self._transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
            )
            return
        requests = data.count(b"\r\n\r\n")
        _Counting.last_ns = time.monotonic_ns()
        _Counting.count += requests
        self._transport.write((_ANSWER + BODY) * requests)


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Counting, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    """Turns the dial off and on again many times; exits with 1 over the promise."""
    end_on_sigterm()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--times", type=int, default=20, help="per kind of load")
    parser.add_argument("--edges", type=int, default=4)
    parser.add_argument("--rate", type=float, default=2000)
    options = parser.parse_args()
    if options.serve:
        uvloop.run(_serve())
        return
    broken = False
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        backends = stack.enter_context(origins(folder))
        command = [sys.executable, "-m", "bench.killswitch", "--serve"]
        candidate_process = stack.enter_context(running(command, folder / "candidate"))
        assert candidate_process.stdout is not None
        candidate = int(candidate_process.stdout.readline())
        settings = (*ONE_EDGE, f"workers={options.edges}")
        target = ours(stack, backends.legacy, candidate, folder / "ours", *settings)
        for kind in ("fixed rate", "saturated"):
            with _load(kind, target.port, options.rate, options.times, folder) as load:
                took_ms = [_once(target.admin, candidate, load) for _ in range(options.times)]
            broken |= _show(kind, options.edges, took_ms)
    sys.exit(broken)


@contextmanager
def _load(
    kind: str, port: int, rate: float, times: int, folder: Path
) -> Iterator[subprocess.Popen[str]]:
    seconds = int(times * (QUIET_S + 1)) + 10
    saturating = [program("wrk"), "-t1", "-c32", f"-d{seconds}s", f"http://127.0.0.1:{port}/"]
    steady = [
        *(sys.executable, "-m", "bench.load", str(port), "--rate", str(rate)),
        *("--seconds", str(seconds)),
    ]
    with running(saturating if kind == "saturated" else steady, folder / "load") as load:
        yield load


def _once(admin: int, candidate: int, load: subprocess.Popen[str]) -> float:
    scraping.turn_shadow(admin, "on")
    seen = _last(candidate)[1]
    wait_until(lambda: _last(candidate)[1] > seen + 100, load, "copies")
    called_ns = time.monotonic_ns()
    scraping.turn_shadow(admin, "off")
    while time.monotonic_ns() - max(called_ns, _last(candidate)[0]) < QUIET_S * 1e9:
        time.sleep(0.05)
    return max(0, _last(candidate)[0] - called_ns) / 1e6


def _last(candidate: int) -> tuple[int, int]:
    last_ns, count = json.loads(scraping.get(candidate, "/_last")[1])
    return last_ns, count


def _show(kind: str, edges: int, took_ms: list[float]) -> bool:
    ordered = sorted(round(1000 * each) for each in took_ms)
    p50, p99 = quantile(ordered, 0.5) / 1000, quantile(ordered, 0.99) / 1000
    print(f"{kind}, {edges} edges, {len(took_ms)} times: p50 {p50:.1f} ms, p99 {p99:.1f} ms")
    return p99 > PROMISED_MS


if __name__ == "__main__":
    main()
