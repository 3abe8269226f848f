"""A histogram that any number of latencies fits into, and quantiles of histograms.

Own buckets grow by 5 % each, from 10 µs to above a minute: a quantile is right within 5 %.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence

_SMALLEST_S = 1e-5
_GROWTH = 1.05
_BUCKETS = math.ceil(math.log(60 / _SMALLEST_S, _GROWTH))
_BOUNDS_S = tuple(_SMALLEST_S * _GROWTH**index for index in range(_BUCKETS))


class Latencies:
    """Counts durations in logarithmic buckets; constant memory."""

    def __init__(self) -> None:
        self._counts = [0] * (_BUCKETS + 1)
        self.count = 0

    def add(self, duration_s: float) -> None:
        """Takes one duration in."""
        self._counts[bisect_left(_BOUNDS_S, duration_s)] += 1
        self.count += 1

    def quantile_s(self, share: float) -> float | None:
        """The duration that `share` of all stay below; None while there is none."""
        wanted = share * self.count
        seen = 0
        for bound, count in zip((*_BOUNDS_S, math.inf), self._counts, strict=True):
            seen += count
            if count and seen >= wanted:
                return bound
        return None


def bucket_quantile_s(buckets: Sequence[tuple[float, float]], share: float) -> float | None:
    """A quantile of a Prometheus histogram, linear inside its bucket.

    `buckets` are (upper bound, cumulative count), ascending, the last bound infinite. A quantile in
    the last bucket is answered with the bound below it. None while nothing was counted.
    """
    total = buckets[-1][1] if buckets else 0
    if not total:
        return None
    wanted = share * total
    below_s, below = 0.0, 0.0
    for bound_s, cumulative in buckets:
        if cumulative >= wanted and cumulative > below:
            if math.isinf(bound_s):
                break
            return below_s + (bound_s - below_s) * (wanted - below) / (cumulative - below)
        below_s, below = bound_s, cumulative
    return below_s
