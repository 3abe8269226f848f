"""Histograms as the pages of tallies have them: one cell a bucket."""

from collections.abc import Sequence

from shadowproxy.control.standing import Standing
from shadowproxy.core.histograms import Histogram


def of_proxy(standing: Standing, name: str, bounds_s: tuple[float, ...]) -> Histogram:
    """A global histogram over all pages."""
    counts = [standing.total(cell) for cell in _buckets(name, bounds_s)]
    return Histogram(bounds_s, tuple(counts), standing.total(f"{name}/sum_us") / 1e6)


def of_route(standing: Standing, slot: int, name: str, bounds_s: tuple[float, ...]) -> Histogram:
    """A route's histogram over all pages."""
    counts = [standing.of_route(slot, cell) for cell in _buckets(name, bounds_s)]
    return Histogram(bounds_s, tuple(counts), standing.of_route(slot, f"{name}/sum_us") / 1e6)


def _buckets(name: str, bounds_s: Sequence[float]) -> list[str]:
    return [f"{name}/{bound}" for bound in (*bounds_s, "+Inf")]
