"""One arm, measured: saturated by wrk, then at a fixed rate by the open-loop generator.

warm-up ─► wrk, keep-alive ─► wrk, fresh ─► open loop, keep-alive ─► open loop, fresh
"""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bench import scraping
from bench.arms import Running
from bench.measuring import PeakMemory, cpu_seconds, family
from bench.running import program

_COMPLETED = re.compile(r"(\d+) requests in")
_TROUBLE = re.compile(r"(Socket errors:.*|Non-2xx or 3xx responses:.*)")
ROOT = Path(__file__).parents[1]


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
    """One measurement. CPU is microseconds per request by role; `latency` is the generator's."""

    name: str
    requests_per_s: float
    cpu_us: dict[str, float]
    trouble: str
    latency: dict[str, float]
    limited: str
    fates: dict[str, int]
    copied_share: float


@dataclass(frozen=True, slots=True)
class Measurement:
    """All phases of one arm in one round."""

    arm: str
    candidate: str
    phases: dict[str, Phase]
    peak_kib: dict[str, int]


def measure(
    arm: str, mode: str, target: Running, effort: Effort, candidate_count: int = 0
) -> Measurement:
    """Runs all phases. `candidate_count` is the port of a candidate that counts its requests."""
    processes = family(target.process)
    _wrk(target.port, 1.0, effort.connections, ())
    phases: list[Phase] = []
    with PeakMemory(processes) as memory:
        for name in _names(effort):
            phases.append(_phase(name, target, effort, candidate_count))
            _settle(target)
    return Measurement(arm, mode, {phase.name: phase for phase in phases}, memory.peak_kib)


def _names(effort: Effort) -> Iterable[str]:
    kinds = ("keep-alive", "fresh") if effort.fresh else ("keep-alive",)
    return [f"{tool}, {kind}" for tool in ("wrk", "open loop") for kind in kinds]


def _phase(name: str, target: Running, effort: Effort, candidate_count: int) -> Phase:
    tool, kind = name.split(", ")
    processes = family(target.process)
    before = scraping.fates(target.admin) if target.admin else scraping.Fates({})
    copies = scraping.nginx_requests(candidate_count) if candidate_count else 0
    cpu_s, start_s = cpu_seconds(processes), time.monotonic()
    latency: dict[str, float] = {}
    limited = ""
    if tool == "wrk":
        headers = ("-H", "Connection: close") if kind == "fresh" else ()
        requests, trouble = _wrk(target.port, effort.wrk_s, effort.connections, headers)
    else:
        report = _open_loop(target.port, effort, kind == "fresh")
        requests, trouble, limited, latency = _read(report)
    seconds = time.monotonic() - start_s
    spent = cpu_seconds(processes)
    _settle(target)
    after = scraping.fates(target.admin) if target.admin else scraping.Fates({})
    copied = scraping.nginx_requests(candidate_count) - copies - 1 if candidate_count else 0
    return Phase(
        name=name,
        requests_per_s=requests / seconds,
        cpu_us={r: 1e6 * (s - cpu_s.get(r, 0)) / max(1, requests) for r, s in spent.items()},
        trouble=trouble,
        latency=latency,
        limited=limited,
        fates=after.since(before).counts,
        copied_share=copied / max(1, requests),
    )


def _settle(target: Running) -> None:
    """Lets copies that are still under way end: they belong to the phase that made them."""
    if target.process is not None:
        time.sleep(0.3)


def _wrk(port: int, seconds: float, connections: int, headers: tuple[str, ...]) -> tuple[int, str]:
    url = f"http://127.0.0.1:{port}/api/users/1"
    duration = f"{max(1, round(seconds))}s"
    command = [program("wrk"), "-t1", f"-c{connections}", f"-d{duration}", *headers, url]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    completed = _COMPLETED.search(out)
    return int(completed[1]) if completed else 0, "; ".join(_TROUBLE.findall(out))


def _open_loop(port: int, effort: Effort, fresh: bool) -> dict[str, object]:
    command = [
        *(sys.executable, "-m", "bench.load", str(port), "--rate", str(effort.rate)),
        *("--seconds", str(effort.open_s), *(["--fresh"] if fresh else [])),
    ]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    out = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    report: dict[str, object] = json.loads(out.stdout)
    return report


def _read(report: dict[str, object]) -> tuple[int, str, str, dict[str, float]]:
    latency = {
        name: float(value)
        for name, value in report.items()
        if name.endswith("_ms") and isinstance(value, int | float)
    }
    failed, unanswered, answered = report["failed"], report["unanswered"], report["answered"]
    assert isinstance(failed, dict)
    assert isinstance(answered, int)
    trouble = [f"{count} {what}" for what, count in failed.items()]
    if unanswered:
        trouble.append(f"{unanswered} unanswered")
    return answered, "; ".join(trouble), str(report["limited"]), latency
