"""python -m bench.compare: what a comparison costs, from bytes to verdict; see README.md."""

import argparse
import gc
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from bench import machine
from bench.compare import comparers, judge
from bench.compare.documents import CHANGES, SIZES, pair
from bench.compare.timing import Timing, timed_apart
from bench.rendering import table
from bench.running import end_on_sigterm
from shadowproxy.runtime.process import GC_THRESHOLDS

RESULTS: Final = Path(__file__).parent.parent / "results"


@dataclass(frozen=True, slots=True)
class Effort:
    """How long one cell is repeated, and when a run is given up."""

    budget_s: float
    limit_s: float


@dataclass(slots=True)
class Cell:
    """One pair of bodies: what parsing it, comparing it, and each peer took."""

    size: str
    change: str
    ours: Timing
    parsing: Timing
    peers: dict[str, Timing | None] = field(default_factory=dict)


def main() -> None:
    """Prints the tables; the whole takes less than five minutes, `--quick` 40 seconds."""
    end_on_sigterm()
    parser = argparse.ArgumentParser(prog="python -m bench.compare", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="up to 100 KB, fewer repetitions")
    parser.add_argument("--pairs", type=int, help="through the judge; 0: not at all")
    parser.add_argument("--keep", action="store_true", help="also into bench/results")
    options = parser.parse_args()
    effort = Effort(0.06, 1.0) if options.quick else Effort(0.5, 10.0)
    sizes = list(SIZES)[: 3 if options.quick else None]
    gc.set_threshold(*GC_THRESHOLDS)  # as in every process of the product
    gc.freeze()
    cells = []
    given_up: set[tuple[str, str]] = set()
    for size in sizes:
        for change in CHANGES:
            print(f"{size}, {change}", file=sys.stderr, flush=True)
            cells.append(_cell(size, change, effort, given_up))
    parts = [f"{machine.line()}\ncommit {machine.commit()}", page(cells, effort)]
    pairs = options.pairs if options.pairs is not None else (4_000 if options.quick else 20_000)
    if pairs:
        parts.append(judge.measured(pairs))
    text = "\n\n".join(parts)
    print(text)
    if options.keep:
        name = f"compare-{datetime.now(UTC).date()}-{machine.commit()[:12]}.md"
        (RESULTS / name).write_text(f"# Comparing\n\n{text}\n")


def _cell(size: str, change: str, effort: Effort, given_up: set[tuple[str, str]]) -> Cell:
    legacy, candidate = pair(SIZES[size], change)
    ours = timed_apart(lambda: comparers.ours(legacy, candidate), effort.budget_s, effort.limit_s)
    parsing = timed_apart(
        lambda: comparers.parsing(legacy, candidate), effort.budget_s / 4, effort.limit_s
    )
    assert ours is not None
    assert parsing is not None
    cell = Cell(size, change, ours, parsing)
    for name in filter(comparers.is_installed, comparers.PEERS):
        timing = None
        if (name, change) not in given_up:  # ten times the size is not quicker
            timing = timed_apart(
                partial(comparers.peer, name, legacy, candidate), effort.budget_s, effort.limit_s
            )
        if timing is None:
            given_up.add((name, change))
        cell.peers[name] = timing
    return cell


def page(cells: list[Cell], effort: Effort) -> str:
    """Both tables and what their figures are."""
    return "\n".join(
        [
            "ms, p50 / p99. Ours is from bytes to verdict; a library's time has parsing by orjson",
            "added (p50 of it), the second table is without.",
            "",
            table(list(_rows(cells, effort, with_parsing=True))),
            "",
            "Without parsing:",
            "",
            table(list(_rows(cells, effort, with_parsing=False))),
        ]
    )


def _rows(cells: list[Cell], effort: Effort, with_parsing: bool) -> Iterator[list[str]]:
    first = comparers.OURS if with_parsing else "orjson, both"
    ratio = [f"{comparers.DEEPDIFF} / ours"] if with_parsing else []
    yield ["size", "candidate", first, *cells[0].peers, *ratio]
    for cell in cells:
        added_ms = cell.parsing.p50_ms if with_parsing else 0.0
        yield [
            cell.size,
            cell.change,
            shown(cell.ours if with_parsing else cell.parsing, 0.0, effort),
            *(shown(timing, added_ms, effort) for timing in cell.peers.values()),
            *([_ratio(cell)] if with_parsing else []),
        ]


def shown(timing: Timing | None, added_ms: float, effort: Effort) -> str:
    """`1.23 / 4.56`, one figure for a single run, `> 10 s` for what was given up."""
    if timing is None:
        return f"> {effort.limit_s:g} s"
    p50, p99 = timing.p50_ms + added_ms, timing.p99_ms + added_ms
    return f"{p50:.3g}" if timing.times == 1 else f"{p50:.3g} / {p99:.3g}"


def _ratio(cell: Cell) -> str:
    peer = cell.peers[comparers.DEEPDIFF]
    if peer is None:
        return ""
    return f"{(peer.p50_ms + cell.parsing.p50_ms) / cell.ours.p50_ms:.0f}"


if __name__ == "__main__":
    main()
