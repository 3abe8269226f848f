"""How the proxy stands, read from the other processes' pages and files; nobody is asked.

Pages are read in the order judge, shadow, edges: who takes before who gives, so an exchange that
changes hands meanwhile shows as in flight and never as taken without having been given.
"""

import json
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from shadowproxy.core.cells import GLOBAL, ROUTE, route_base
from shadowproxy.core.settings import Settings
from shadowproxy.ipc.process import Process
from shadowproxy.ipc.tallies import read_cell, read_cells

FRESH_MS: Final = 3_000
"""A beat is due every 0.1 s; three seconds are what a process on a starved machine may take."""

OTHER: Final = "other"
_TAKERS_FIRST: Final = ("judge", "shadow", "control")


@dataclass(frozen=True, slots=True)
class Standing:
    """One reading. `pages` are the cells by process name."""

    settings: Settings
    pages: Mapping[str, list[int]]
    processes: tuple[Mapping[str, Any], ...]
    now_ms: int

    @property
    def routes(self) -> dict[str, int]:
        """Route label to slot: `other`, the configured ones, then those of earlier generations."""
        settings = self.settings
        configured = {route.name: route.slot for route in settings.routes}
        return {OTHER: 0} | configured | dict(settings.retired_routes)

    def total(self, name: str) -> int:
        """The sum of a global cell over all pages."""
        index = GLOBAL[name]
        return sum(cells[index] for cells in self.pages.values())

    def largest(self, name: str) -> int:
        """The largest value of a gauge."""
        index = GLOBAL[name]
        return max((cells[index] for cells in self.pages.values()), default=0)

    def of_route(self, slot: int, name: str) -> int:
        """The sum of a route's cell over all pages."""
        index = route_base(slot) + ROUTE[name]
        return sum(cells[index] for cells in self.pages.values())

    def gauge(self, process: str, name: str) -> int:
        """One process's cell, zero without a page."""
        cells = self.pages.get(process)
        return cells[GLOBAL[name]] if cells else 0

    def heartbeat_age_ms(self, process: str) -> int | None:
        """How long ago a process beat, None when it never did."""
        beat_ms = self.gauge(process, "heartbeat_ms")
        return max(0, self.now_ms - beat_ms) if beat_ms else None


def look(process: Process) -> Standing:
    """Reads everything; a few milliseconds, so not for the loop's own thread."""
    runtime_dir = process.runtime_dir
    pages = {name: read_cells(runtime_dir, name) for name in _page_names(runtime_dir)}
    processes = read_processes(runtime_dir, process.settings.workers)
    return Standing(process.settings, pages, processes, time.monotonic_ns() // 1_000_000)


def read_processes(runtime_dir: Path, workers: int) -> tuple[Mapping[str, Any], ...]:
    """The supervisor's view of every process that there should be."""
    seen: list[dict[str, Any]] = []
    with suppress(OSError, ValueError):
        seen = json.loads((runtime_dir / "processes.json").read_bytes())
    by_name = {process["name"]: process for process in seen}
    names = [f"edge-{slot}" for slot in range(workers)] + ["shadow", "judge", "control"]
    unseen = {"pid": 0, "restarts": 0, "up": False, "since": ""}
    return tuple(by_name.get(name, {"name": name} | unseen) for name in names)


def serving_edges(process: Process) -> int:
    """How many edges beat; two short reads each."""
    now_ms = time.monotonic_ns() // 1_000_000
    beats = (
        read_cell(process.runtime_dir, f"edge-{slot}", "heartbeat_ms")
        for slot in range(process.settings.workers)
    )
    return sum(beat_ms > 0 and now_ms - beat_ms < FRESH_MS for beat_ms in beats)


def _page_names(runtime_dir: Path) -> Iterable[str]:
    edges = sorted(path.stem for path in runtime_dir.glob("edge-*.tally"))
    return [*_TAKERS_FIRST, *edges]
