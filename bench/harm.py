"""What a bad candidate costs users: one running proxy, its shadow dial turned off and on in turns.

    off on │ on off │ off on ...     pairs lie side by side in time, so a drifting machine cancels

Off and on are the same processes with the same connections; what differs is the shadow alone.
"""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import scraping
from bench.arms import ONE_EDGE, Backends, Running, ours
from bench.candidate import MODES
from bench.measuring import Neighbours, PeakMemory, cpu_seconds, family
from bench.phases import Effort, saturate, send
from bench.running import free_port, running

ALL_MODES = ("healthy", *MODES, "refusing")


@dataclass(frozen=True, slots=True)
class Harm:
    """One mode and kind of connection; each list has an entry per window."""

    mode: str
    kind: str
    requests_per_s: dict[str, list[float]]
    edge_cpu_us: dict[str, list[float]]
    p50_ms: dict[str, list[float]]
    p99_ms: dict[str, list[float]]
    trouble: list[str]
    fates: dict[str, int]
    peak_kib: dict[str, int]
    neighbours_share: list[float]


@contextmanager
def candidate(mode: str, backends: Backends, folder: Path) -> Iterator[int]:
    """The port of a candidate in that mode; `refusing` is a port where nobody listens."""
    if mode == "healthy":
        yield backends.candidate
    elif mode == "refusing":
        yield free_port()
    else:
        # Nice 19: it stands for a machine of its own, as far as that goes on this one.
        command = ["nice", "-n19", sys.executable, "-m", "bench.candidate", mode]
        with running(command, folder / f"candidate-{mode}") as process:
            assert process.stdout is not None
            yield int(process.stdout.readline())


def harm(mode: str, backends: Backends, folder: Path, effort: Effort, pairs: int) -> list[Harm]:
    """Measures one mode on keep-alive connections and, if the effort says so, on fresh ones."""
    with ExitStack() as stack:
        port = stack.enter_context(candidate(mode, backends, folder))
        target = ours(stack, backends.legacy, port, folder / f"harm-{mode}", *ONE_EDGE)
        saturate(target.port, 1.0, effort.connections, fresh=False)
        kinds = ("keep-alive", "fresh") if effort.fresh else ("keep-alive",)
        return [_windows(mode, kind, target, effort, pairs) for kind in kinds]


def _windows(mode: str, kind: str, target: Running, effort: Effort, pairs: int) -> Harm:
    fresh = kind == "fresh"
    before = scraping.fates(target.admin)
    found = Harm(mode, kind, _sides(), _sides(), _sides(), _sides(), [], {}, {}, [])
    processes = family(target.process)
    with PeakMemory(processes) as memory:
        for turn in range(pairs):
            for side in ("off", "on") if turn % 2 == 0 else ("on", "off"):
                scraping.turn_shadow(target.admin, side)
                neighbours, cpu_s = Neighbours(), cpu_seconds(processes)["edge"]
                requests, seconds, trouble = saturate(
                    target.port, effort.wrk_s, effort.connections, fresh=fresh
                )
                found.neighbours_share.append(neighbours.share())
                found.requests_per_s[side].append(requests / seconds)
                spent_s = cpu_seconds(processes)["edge"] - cpu_s
                found.edge_cpu_us[side].append(1e6 * spent_s / max(1, requests))
                sent = send(target.port, effort.rate, effort.open_s, fresh=fresh, seed=turn + 1)
                found.p50_ms[side].append(sent.p50_ms)
                found.p99_ms[side].append(sent.p99_ms)
                found.trouble.extend(f"{side}: {each}" for each in (trouble, sent.trouble) if each)
    found.peak_kib.update(memory.peak_kib)
    found.fates.update(scraping.fates(target.admin).since(before).counts)
    return found


def _sides() -> dict[str, list[float]]:
    return {"off": [], "on": []}
