"""Quantiles."""

import math
import random

from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.demo.latencies import Latencies, bucket_quantile_s


@given(st.lists(st.floats(1e-5, 50), min_size=1, max_size=200), st.floats(0.01, 1))
def test_a_quantile_is_within_its_bucket(durations_s: list[float], share: float) -> None:
    """A quantile is never below the exact one and at most 5 % above it."""
    latencies = Latencies()
    for duration_s in durations_s:
        latencies.add(duration_s)
    wanted = share * len(durations_s)
    exact = next(value for rank, value in enumerate(sorted(durations_s), 1) if rank >= wanted)
    found = latencies.quantile_s(share)
    assert found is not None
    assert exact <= found * (1 + 1e-9)
    assert found <= exact * 1.05 * (1 + 1e-9)


def test_nothing_has_no_quantile() -> None:
    """Without a duration there is no answer, rather than zero."""
    assert Latencies().quantile_s(0.5) is None
    assert bucket_quantile_s([], 0.5) is None
    assert bucket_quantile_s([(1.0, 0.0), (math.inf, 0.0)], 0.5) is None


def test_buckets_interpolate() -> None:
    """The median of ten durations spread over one bucket is its middle."""
    assert bucket_quantile_s([(1.0, 0.0), (2.0, 10.0), (math.inf, 10.0)], 0.5) == 1.5


def test_beyond_the_last_bound_the_last_bound_is_answered() -> None:
    """What lies in the infinite bucket is at least its lower bound; no infinity is shown."""
    assert bucket_quantile_s([(1.0, 1.0), (math.inf, 10.0)], 0.99) == 1.0


def test_order_does_not_matter() -> None:
    """The histogram of a shuffled sequence is the same."""
    durations_s = [random.Random(1).expovariate(100) for _ in range(500)]
    forwards, backwards = Latencies(), Latencies()
    for one, other in zip(durations_s, reversed(durations_s), strict=True):
        forwards.add(one)
        backwards.add(other)
    assert forwards.quantile_s(0.9) == backwards.quantile_s(0.9)
