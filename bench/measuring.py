"""CPU time and memory of an arm's processes, by role."""

import os
import re
import subprocess
import threading
import time
from collections import Counter, defaultdict
from pathlib import Path
from types import TracebackType

import psutil

SAMPLE_S = 0.25
_ROLE = re.compile(r"shadowproxy\.runtime\.(?:process (\w+)|(supervisor))")
_PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)


def family(process: subprocess.Popen[str] | None) -> list[psutil.Process]:
    """A process and all that it started."""
    if process is None:
        return []
    try:
        parent = psutil.Process(process.pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def role(process: psutil.Process) -> str:
    """edge, shadow, judge, control or supervisor for ours; `proxy` for everyone else's."""
    found = _ROLE.search(" ".join(process.cmdline()))
    return (found[1] or found[2]) if found else "proxy"


def cpu_seconds(processes: list[psutil.Process]) -> dict[str, float]:
    """CPU time spent so far, by role."""
    spent: defaultdict[str, float] = defaultdict(float)
    for process in processes:
        try:
            spent[role(process)] += _cpu_s(process)
        except (psutil.Error, OSError):
            continue
    return dict(spent)


def _cpu_s(process: psutil.Process) -> float:
    """Nanoseconds of the scheduler's where it keeps them: a clock tick is 10 ms of a 3 s phase."""
    tasks = Path(f"/proc/{process.pid}/task")
    try:
        spent = [int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()]
    except FileNotFoundError:
        times = process.cpu_times()
        return float(times.user + times.system)
    return sum(spent) / 1e9


def pss_kib(processes: list[psutil.Process]) -> dict[str, int]:
    """Proportional memory by role: what is shared counts by halves, thirds ..."""
    found: Counter[str] = Counter()
    for process in processes:
        try:
            rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
            name = role(process)
        except (psutil.Error, OSError):
            continue
        if (match := _PSS.search(rollup)) is not None:
            found[name] += int(match[1])
    return dict(found)


class PeakMemory:
    """Watches the memory of some processes; `peak_kib` is the largest sum seen, by role."""

    def __init__(self, processes: list[psutil.Process]) -> None:
        self.peak_kib: dict[str, int] = {}
        self._processes = processes
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "PeakMemory":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            now_kib = pss_kib(self._processes)
            if sum(now_kib.values()) > sum(self.peak_kib.values()):
                self.peak_kib = now_kib
            if self._ended.wait(SAMPLE_S):
                return


class Neighbours:
    """How much of the machine was used by processes that the bench did not start."""

    def __init__(self) -> None:
        self._start_s = time.monotonic()
        self._busy_s, self._own_s = _busy_s(), _own_s()

    def share(self) -> float:
        """Of all cores, since this was made; kernel work for nobody in particular is in it."""
        wall_s = (time.monotonic() - self._start_s) * (os.cpu_count() or 1)
        foreign_s = _busy_s() - self._busy_s - (_own_s() - self._own_s)
        return max(0.0, foreign_s / wall_s)


def _busy_s() -> float:
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - times.iowait - times.guest - times.guest_nice)


def _own_s() -> float:
    """This process, its ended children and its living descendants."""
    ended = os.times()
    living = psutil.Process().children(recursive=True)
    return sum(ended[:4]) + sum(cpu_seconds(living).values())
