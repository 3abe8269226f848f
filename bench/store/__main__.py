"""python -m bench.store: how quick the pages are over a large store, and judge beside them.

    a store of 1,000,000 exchanges, 500 findings, 5,000 samples
    control ◄── every page, one after the other ── this process ──PAIR──► judge ──► the same store

Exits with 1 when a promise is broken: every page within 200 ms at the 95th percentile, the overview
within 100 ms, 5,000 pairs a second recorded while pages are read, the store below its cap.
"""

import argparse
import asyncio
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.request import urlopen

from bench import machine
from bench.compare.judge import ROUTE, frame, until
from bench.rendering import table
from bench.running import end, end_on_sigterm, running, wait_until
from bench.store.filling import ENDPOINTS, EXCHANGES, GROUPS, SAMPLES, fill
from shadowproxy.core.cells import recorded
from shadowproxy.core.settings import (
    AdminSettings,
    BackendSettings,
    ListenSettings,
    ReportSettings,
    RouteSettings,
    Settings,
)
from shadowproxy.ipc.channel import Sender
from shadowproxy.ipc.dials import Dials
from shadowproxy.ipc.process import write_settings
from shadowproxy.ipc.tallies import read_cells

RESULTS: Final = Path(__file__).parent.parent / "results"
PAGE_S: Final = 0.200
OVERVIEW_S: Final = 0.100
RATE: Final = 5_000.0
CAP_BYTES: Final = 256 << 20
WARM: Final = 3
READERS_S: Final = 0.2
"""Between two pages while judge is busy: five a second, a team of people with pages that are live."""
SLICE_S: Final = 0.01


class Times:
    """What one page took, in seconds."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def share(self, share: float) -> float:
        """The time that this share took at most."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def main() -> None:
    """Prints two tables, quiet and busy."""
    end_on_sigterm()
    parser = argparse.ArgumentParser(prog="python -m bench.store", description=__doc__)
    parser.add_argument("--rounds", type=int, default=40, help="each page so often, quiet")
    parser.add_argument("--seconds", type=float, default=60.0, help="of pairs while pages are read")
    parser.add_argument("--keep", action="store_true", help="also into bench/results")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sp-") as name:
        said, is_kept = measured(Path(name), options.rounds, options.seconds)
    print(said)
    if options.keep:
        day = datetime.now(UTC).date().isoformat()
        file = RESULTS / f"report-{day}-{machine.commit()[:12]}.md"
        file.write_text(said + "\n")
    sys.exit(0 if is_kept else 1)


def measured(folder: Path, rounds: int, seconds: float) -> tuple[str, bool]:
    """What there is to say, and whether every promise was kept."""
    store = folder / "report.db"
    print(f"filling a store: {EXCHANGES:,} exchanges", file=sys.stderr, flush=True)
    fill(f"sqlite:///{store}", time.time())  # noqa: TID251 - the store's buckets are of the wall clock
    runtime = folder / "run"
    runtime.mkdir(mode=0o700)
    with socket.create_server(("127.0.0.1", 0)) as listening, _processes(runtime, store, listening):
        base = f"http://127.0.0.1:{listening.getsockname()[1]}"
        addresses = _addresses(base)
        quiet = _read(base, addresses, rounds)
        rate, busy = asyncio.run(_both(runtime, base, addresses, seconds))
    size = sum(file.stat().st_size for file in folder.glob("report.db*"))
    is_kept = all(
        times.share(0.95) <= (OVERVIEW_S if page == "/" else PAGE_S)
        for found in (quiet, busy)
        for page, times in found.items()
    )
    is_kept = is_kept and rate >= RATE * 0.99 and size <= CAP_BYTES
    lines = [
        f"# Report, {datetime.now(UTC).date().isoformat()}, commit {machine.commit()[:12]}",
        "",
        f"{EXCHANGES:,} exchanges, {GROUPS} findings, {SAMPLES:,} samples of 2 × 10 KB, {ENDPOINTS}"
        f" endpoints, two weeks. Times of whole requests on loopback, in ms.",
        "",
        *_rows(quiet, busy),
        "",
        f"Judge recorded {rate:,.0f} different pairs a second while {1 / READERS_S:g} pages a second were"
        f" read ({seconds:g} s, {RATE:,.0f} were sent). The store is {size / 2**20:.0f} MiB, its cap"
        f" {CAP_BYTES >> 20} MiB. {'Every promise is kept.' if is_kept else 'A PROMISE IS BROKEN.'}",
    ]
    return "\n".join(lines), is_kept


def _rows(quiet: dict[str, Times], busy: dict[str, Times]) -> list[str]:
    head = ("page", "p50", "p95", "busy p50", "busy p95", "n")
    rows = [
        (
            page,
            *(
                f"{1000 * found[page].share(share):.0f}"
                for found in (quiet, busy)
                for share in (0.5, 0.95)
            ),
            str(len(busy[page].seconds)),
        )
        for page in quiet
    ]
    return table([list(head), *map(list, rows)]).splitlines()


@contextmanager
def _processes(runtime: Path, store: Path, listening: socket.socket) -> Iterator[None]:
    """The product's judge and control."""
    settings = Settings(
        (ListenSettings("127.0.0.1", 1),),
        BackendSettings("http", "127.0.0.1", 1),
        BackendSettings("http", "127.0.0.1", 1),
        admin=AdminSettings(ListenSettings("127.0.0.1", listening.getsockname()[1])),
        routes=(RouteSettings("item", ROUTE, "/items/{id}"),),
        report=ReportSettings(f"sqlite:///{store}", max_size_bytes=CAP_BYTES),
    )
    write_settings(runtime, settings)
    Dials(runtime).publish_generation(settings.generation)
    command = [sys.executable, "-m", "shadowproxy.runtime.process"]
    fd = listening.fileno()
    with running([*command, "judge", "0", str(runtime)], runtime / "judge") as judge:
        control = subprocess.Popen(
            [*command, "control", "0", str(runtime), str(fd)],
            pass_fds=(fd,),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            wait_until((runtime / "judge.sock").exists, judge, "judge.sock")
            yield
        finally:
            end(control)


def _addresses(base: str) -> list[str]:
    """Every page, and two findings and samples with all that they show."""
    groups = json.loads(_get(f"{base}/api/v1/groups"))["groups"]
    chosen = [groups[0]["id"], groups[-1]["id"]]
    samples = [
        json.loads(_get(f"{base}/api/v1/groups/{group}"))["samples"][0]["id"] for group in chosen
    ]
    return [
        "/", "/?since=1h", "/?since=24h", "/findings", "/findings?sort=share&since=1h",
        "/findings?q=value_3", *(f"/findings/{group}" for group in chosen),
        *(f"/samples/{sample}" for sample in samples), "/endpoints", "/endpoints?since=1h", "/noise",
        "/coverage", "/controls", "/status",
    ]  # fmt: skip


def _read(base: str, addresses: Sequence[str], rounds: int) -> dict[str, Times]:
    found = {_named(address): Times() for address in addresses}
    for number in range(rounds + WARM):
        for address in addresses:
            start_s = time.perf_counter()
            _get(base + address)
            if number >= WARM:
                found[_named(address)].seconds.append(time.perf_counter() - start_s)
    return found


def _named(address: str) -> str:
    """Findings and samples by what they are, not by their ids."""
    parts = address.split("/")
    return f"/{parts[1]}/{{id}}" if len(parts) > 2 else address


def _get(url: str) -> bytes:
    with urlopen(url, timeout=30) as answer:
        content: bytes = answer.read()
        return content


async def _both(
    runtime: Path, base: str, addresses: Sequence[str], seconds: float
) -> tuple[float, dict[str, Times]]:
    """Pairs at RATE and pages at once: pairs recorded per second, and what the pages took."""
    packed = [frame(number) for number in range(20_000)]
    sender = Sender(runtime / "judge.sock", 0)
    found = {_named(address): Times() for address in addresses}
    async with asyncio.TaskGroup() as tasks:
        running_sender = tasks.create_task(sender.run())
        await until(lambda: sender.is_open)
        sending = tasks.create_task(_send(sender, packed, seconds, runtime))
        while not sending.done():
            for name, times in (await asyncio.to_thread(_read_once, base, addresses)).items():
                found[name].seconds += times.seconds
        running_sender.cancel()
    return sending.result(), found


def _read_once(base: str, addresses: Sequence[str]) -> dict[str, Times]:
    found = {_named(address): Times() for address in addresses}
    for address in addresses:
        start_s = time.perf_counter()
        _get(base + address)
        took_s = time.perf_counter() - start_s
        found[_named(address)].seconds.append(took_s)
        time.sleep(max(0.0, READERS_S - took_s))
    return found


async def _send(sender: Sender, packed: Sequence[bytes], seconds: float, runtime: Path) -> float:
    """RATE pairs a second; what the judge does not take in time is sent as soon as it does.

    How many were recorded a second until the last one was sent.
    """
    start_s, sent = time.monotonic(), 0
    before = recorded(read_cells(runtime, "judge"))
    while (passed_s := time.monotonic() - start_s) < seconds:
        while sent < passed_s * RATE and sender.send(packed[sent % len(packed)]):
            sent += 1
        await asyncio.sleep(SLICE_S)
    return (recorded(read_cells(runtime, "judge")) - before) / (time.monotonic() - start_s)


if __name__ == "__main__":
    main()
