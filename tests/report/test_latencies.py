"""Latencies in buckets: each time in its own, quantiles within the bucket, sums of histograms."""

from bisect import bisect_right
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.report.latencies import (
    BUCKETS,
    CURVE,
    bucket_of,
    curve,
    edge_s,
    quantile_s,
)

times_us = st.integers(0, 10**9)
EDGES_US = [1e6 * edge_s(bucket) for bucket in range(BUCKETS)]


@given(times_us)
def test_a_time_is_in_the_bucket_that_begins_before_it(us: int) -> None:
    """By the definition: the last of all edges that is not above it."""
    assert bucket_of(us) == bisect_right(EDGES_US, us) - 1


def test_edges_are_41_percent_apart() -> None:
    """From 64 µs to 47 s, two for each doubling; what is outside belongs to the nearest."""
    assert edge_s(0) == 0.0
    ratios = [edge_s(k + 1) / edge_s(k) for k in range(1, BUCKETS)]
    assert all(1.41 < ratio < 1.42 for ratio in ratios)
    assert bucket_of(0) == bucket_of(63) == 0
    assert bucket_of(10**12) == BUCKETS - 1


@given(st.lists(times_us, min_size=1, max_size=60), st.sampled_from(CURVE))
def test_a_quantile_lies_in_the_right_bucket(times: list[int], share: float) -> None:
    """Within the bucket of the time that this share took at most."""
    counts = [0] * BUCKETS
    for us in times:
        counts[bucket_of(us)] += 1
    rank = max(1, ceil(round(share * len(times), 9)))
    bucket = bucket_of(sorted(times)[rank - 1])
    found = quantile_s(counts, share)
    assert found is not None
    assert edge_s(bucket) <= found <= edge_s(bucket + 1) * (1 + 1e-9)


@given(st.lists(st.integers(0, 9), min_size=BUCKETS, max_size=BUCKETS))
def test_a_curve_never_falls(counts: list[int]) -> None:
    """A larger share never took less; of nothing there is no curve."""
    points = curve(counts)
    assert bool(points) == any(counts)
    assert [share for share, _ in points] == list(CURVE)[: len(points)]
    assert points == sorted(points)
    assert (quantile_s(counts, 0.5) is None) == (not any(counts))
