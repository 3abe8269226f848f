"""python -m bench.compare.judge: pairs per second through a whole judge process.

    this process ─PAIR─► judge.sock ─► judge: decode, compare, group, redact, log, store ─► tally page

Timed from the first pair that is sent until the judge's verdicts are as many as the pairs; every
pair is another one, of 1 KB on each side, with three differences.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import psutil

from bench.compare.documents import record
from bench.measuring import cpu_seconds
from bench.running import end_on_sigterm, running, wait_until
from shadowproxy.core.cells import recorded
from shadowproxy.core.settings import (
    BackendSettings,
    ListenSettings,
    ReportSettings,
    RouteSettings,
    Settings,
)
from shadowproxy.ipc import frames
from shadowproxy.ipc.channel import Sender
from shadowproxy.ipc.dials import Dials
from shadowproxy.ipc.process import write_settings
from shadowproxy.ipc.tallies import read_cells

ROUTE: Final = 3
DEADLINE_S: Final = 120.0
LOOK_S: Final = 0.002
_RESPONSE: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Request-Id: 1\r\n\r\n"


def main() -> None:
    """Prints one line."""
    end_on_sigterm()
    parser = argparse.ArgumentParser(prog="python -m bench.compare.judge", description=__doc__)
    parser.add_argument("--pairs", type=int, default=20_000)
    print(measured(parser.parse_args().pairs))


def pair(number: int) -> tuple[bytes, bytes]:
    """Two bodies of 1 KB that differ in three values."""
    document: dict[str, Any] = {
        "items": [record(3 * number + n) for n in range(3)],
        "page": number,
        "next": None,
    }
    legacy = json.dumps(document).encode()
    document["items"][0]["rating"] = -1
    document["items"][1]["available"] = None
    del document["items"][2]["tags"]
    return legacy, json.dumps(document).encode()


def frame(number: int) -> bytes:
    """The exchange of a pair, as shadow hands it over."""
    sides = [
        frames.Side(0, 0, 200, 1500, 2500, len(body), _RESPONSE, body) for body in pair(number)
    ]
    head = b"GET /items/%d HTTP/1.1\r\nHost: bench\r\nX-Request-Id: %d\r\n\r\n" % (number, number)
    return frames.pack_pair(frames.Pair(ROUTE, time.monotonic_ns(), head, b"", sides[0], sides[1]))


def measured(pairs: int) -> str:
    """Pairs per second and CPU per pair, in words."""
    packed = [frame(number) for number in range(pairs)]
    with tempfile.TemporaryDirectory(prefix="sp-") as name:
        folder = Path(name)
        _prepare(folder)
        command = [sys.executable, "-m", "shadowproxy.runtime.process", "judge", "0", name]
        with running(command, folder) as process:
            wait_until((folder / "judge.sock").exists, process, "judge.sock")
            took_s, cpu_s = asyncio.run(_played(folder, packed, process))
    body_bytes = sum(map(len, pair(0))) // 2
    return (
        f"judge, whole process: {pairs / took_s:,.0f} pairs/s, {cpu_s / pairs * 1e6:.0f} µs of CPU "
        f"each ({pairs:,} different pairs of {body_bytes} bytes a side, 3 differences)"
    )


def _prepare(folder: Path) -> None:
    """What the supervisor leaves for its processes."""
    settings = Settings(
        (ListenSettings("127.0.0.1", 1),),
        BackendSettings("http", "127.0.0.1", 1),
        BackendSettings("http", "127.0.0.1", 1),
        routes=(RouteSettings("item", ROUTE, "/items/{id}"),),
        report=ReportSettings(f"sqlite:///{folder}/report.db"),
    )
    write_settings(folder, settings)
    Dials(folder).publish_generation(settings.generation)


async def _played(
    folder: Path, packed: list[bytes], process: subprocess.Popen[str]
) -> tuple[float, float]:
    """Seconds from the first pair to the last verdict, and the judge's CPU time between."""
    sender = Sender(folder / "judge.sock", 0)
    async with asyncio.timeout(DEADLINE_S), asyncio.TaskGroup() as group:
        task = group.create_task(sender.run())
        await until(lambda: sender.is_open)
        judge = [psutil.Process(process.pid)]
        before_s = sum(cpu_seconds(judge).values())
        start_s = time.monotonic()
        for each in packed:
            if not sender.send(
                each, urgent=True
            ):  # the channel is full: the judge is the bottleneck
                await until(lambda: sender.queued_bytes * 2 < sender.limit_bytes)
                assert sender.send(each, urgent=True)
        await until(lambda: recorded(read_cells(folder, "judge")) >= len(packed))
        took_s = time.monotonic() - start_s
        cpu_s = sum(cpu_seconds(judge).values()) - before_s
        task.cancel()
    return took_s, cpu_s


async def until(is_so: Callable[[], bool]) -> None:
    """Looks every few milliseconds; the caller has the deadline."""
    while True:
        if is_so():
            return
        await asyncio.sleep(LOOK_S)


if __name__ == "__main__":
    main()
