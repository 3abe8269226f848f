"""One arm, measured: saturated by wrk, then at a fixed rate by the open-loop generator.

warm-up ─► wrk, keep-alive ─► wrk, fresh ─► open loop, keep-alive ─► open loop, fresh
"""

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench import scraping
from bench.arms import Running
from bench.load import Report
from bench.measuring import Neighbours, PeakMemory, cpu_seconds, family
from bench.running import program

_COMPLETED = re.compile(r"(\d+) requests in")
_TROUBLE = re.compile(r"(Socket errors:.*|Non-2xx or 3xx responses:.*)")
ROOT = Path(__file__).parents[1]
SETTLE_S = 0.2
SETTLED = 0.03
MAX_SETTLE_S = 10.0
"""What copies get to end in: they belong to the phase that made them. Processes that use less than
3 % of a core over 0.2 s have nothing left to do."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How long each phase takes and how hard the fixed rate is."""

    wrk_s: float
    open_s: float
    rate: float
    connections: int = 32
    fresh: bool = True


@dataclass(frozen=True, slots=True)
class Phase:
    """One measurement. CPU is microseconds per request by role; `sent` is the open loop's."""

    requests_per_s: float
    cpu_us: dict[str, float]
    trouble: str
    fates: dict[str, int]
    copied_share: float
    neighbours_share: float
    sent: Report | None


@dataclass(frozen=True, slots=True)
class Measurement:
    """All phases of one arm in one round, by name."""

    arm: str
    mode: str
    phases: dict[str, Phase]
    peak_kib: dict[str, int]


def measure(
    arm: str, mode: str, target: Running, effort: Effort, candidate_count: int = 0
) -> Measurement:
    """Runs all phases. `candidate_count` is the port of a candidate that counts its requests."""
    kinds = ("keep-alive", "fresh") if effort.fresh else ("keep-alive",)
    saturate(target.port, 1.0, effort.connections, fresh=False)
    with PeakMemory(family(target.process)) as memory:
        phases = {
            f"{tool}, {kind}": _phase(tool, kind, target, effort, candidate_count)
            for tool in ("wrk", "open loop")
            for kind in kinds
        }
    return Measurement(arm, mode, phases, memory.peak_kib)


def _phase(tool: str, kind: str, target: Running, effort: Effort, candidate_count: int) -> Phase:
    fresh = kind == "fresh"
    processes = family(target.process)
    before, copies = _fates(target), _copies(candidate_count)
    neighbours, cpu_s = Neighbours(), cpu_seconds(processes)
    sent = None
    if tool == "wrk":
        requests, seconds, trouble = saturate(
            target.port, effort.wrk_s, effort.connections, fresh=fresh
        )
    else:
        sent = send(target.port, effort.rate, effort.open_s, fresh=fresh)
        requests, seconds, trouble = sent.answered, effort.open_s, sent.trouble
    neighbours_share = neighbours.share()
    spent = _settle(processes)
    return Phase(
        requests_per_s=requests / seconds,
        cpu_us={r: 1e6 * (s - cpu_s.get(r, 0)) / max(1, requests) for r, s in spent.items()},
        trouble=trouble,
        fates=_fates(target).since(before).counts,
        copied_share=(_copies(candidate_count) - copies) / max(1, requests),
        neighbours_share=neighbours_share,
        sent=sent,
    )


def _settle(processes: list[psutil.Process]) -> dict[str, float]:
    """Waits until the processes rest and gives the CPU seconds that they have spent by then."""
    end_s = time.monotonic() + MAX_SETTLE_S
    spent = cpu_seconds(processes)
    while processes and time.monotonic() < end_s:
        time.sleep(SETTLE_S)
        before, spent = spent, cpu_seconds(processes)
        if sum(spent.values()) - sum(before.values()) < SETTLED * SETTLE_S:
            break
    return spent


def _fates(target: Running) -> scraping.Fates:
    return scraping.fates(target.admin) if target.admin else scraping.Fates({})


def _copies(candidate_count: int) -> int:
    return scraping.nginx_requests(candidate_count) if candidate_count else 0


def saturate(port: int, seconds: float, connections: int, *, fresh: bool) -> tuple[int, float, str]:
    """As fast as it goes, by wrk: answers, the seconds that took, what went wrong."""
    headers = ["-H", "Connection: close"] if fresh else []
    url = f"http://127.0.0.1:{port}/api/users/1"
    duration = f"-d{max(1, round(seconds))}s"
    command = [program("wrk"), "-t1", f"-c{connections}", duration, *headers, url]
    start_s = time.monotonic()
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    took_s = time.monotonic() - start_s
    completed = _COMPLETED.search(out)
    return int(completed[1]) if completed else 0, took_s, "; ".join(_TROUBLE.findall(out))


def send(port: int, rate: float, seconds: float, *, fresh: bool, seed: int = 1) -> Report:
    """At a fixed rate, by the open-loop generator in a process of its own."""
    command = [
        *(sys.executable, "-m", "bench.load", str(port), "--rate", str(rate)),
        *("--seconds", str(seconds), "--seed", str(seed), *(["--fresh"] if fresh else [])),
    ]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    out = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return Report(**json.loads(out.stdout))
