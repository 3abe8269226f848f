"""Histograms as the pages have them: one cell a bucket, estimates of quantiles from those."""

from collections.abc import Sequence
from dataclasses import dataclass

from shadowproxy.control.standing import Standing


@dataclass(frozen=True, slots=True)
class Histogram:
    """`counts` has one more than `bounds_s`: what was above them all."""

    bounds_s: tuple[float, ...]
    counts: tuple[int, ...]
    sum_s: float

    @property
    def count(self) -> int:
        """All observations."""
        return sum(self.counts)

    def cumulative(self) -> list[tuple[str, float]]:
        """(le, count of observations up to it) as Prometheus has them."""
        so_far = 0
        buckets = []
        for bound, count in zip([*self.bounds_s, float("inf")], self.counts, strict=True):
            so_far += count
            buckets.append(("+Inf" if bound == float("inf") else str(bound), float(so_far)))
        return buckets

    def quantile_s(self, share: float) -> float | None:
        """The estimate that Prometheus' histogram_quantile would give; None without observations.

        Linear inside a bucket; above the last bound that bound, for nothing more is known.
        """
        wanted = share * self.count
        if not self.count:
            return None
        below, lower_s = 0, 0.0
        for bound_s, count in zip(self.bounds_s, self.counts, strict=False):
            if count and below + count >= wanted:
                return lower_s + (bound_s - lower_s) * (wanted - below) / count
            below, lower_s = below + count, bound_s
        return self.bounds_s[-1]


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
