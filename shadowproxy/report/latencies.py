"""Latencies as counts in buckets that can be added up in a database.

    bucket k: from 2^(6 + k/2) µs on, k = 0 ... 39: two for each doubling from 64 µs to 47 s

Laws: histograms of two proxies, or of ten seconds and of an hour, add up bucket by bucket; a quantile
lies in the right bucket, whose ends are 41 % apart, and is the same for the same counts.
"""

from collections.abc import Sequence
from typing import Final

BUCKETS: Final = 40
_FIRST_DOUBLING: Final = 6
CURVE: Final = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0)
"""The shares that a percentile curve is drawn through."""


def bucket_of(us: int) -> int:
    """Where a time belongs; what is outside of all belongs to the nearest. 0.2 µs."""
    if us < 64:
        return 0
    doubling = us.bit_length() - 1
    bucket = 2 * (doubling - _FIRST_DOUBLING) + (us * us >> (2 * doubling + 1))
    return bucket if bucket < BUCKETS else BUCKETS - 1


def edge_s(bucket: int) -> float:
    """The time, in seconds, at which a bucket begins; of the first it is 0."""
    return float(2 ** (_FIRST_DOUBLING + bucket / 2)) / 1e6 if bucket else 0.0


def quantile_s(counts: Sequence[int], share: float) -> float | None:
    """The time that this share took at most, in seconds; None of nothing."""
    total = sum(counts)
    if not total:
        return None
    left = share * total
    last = 0
    for bucket, count in enumerate(counts):
        if count and left <= count:
            low, high = edge_s(bucket), edge_s(bucket + 1)
            return low + (high - low) * max(0.0, left) / count
        left -= count
        last = bucket if count else last
    return edge_s(last + 1)


def curve(counts: Sequence[int]) -> list[list[float]]:
    """[share, seconds] for each of CURVE; empty of nothing."""
    if not any(counts):
        return []
    return [[share, quantile_s(counts, share) or 0.0] for share in CURVE]
