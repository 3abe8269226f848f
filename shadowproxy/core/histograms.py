"""Histograms of few buckets, and estimates of quantiles from those."""

from dataclasses import dataclass


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
