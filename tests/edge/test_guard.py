"""The impact guard: steps back at once, comes back step by step."""

from shadowproxy.core.cells import OVERHEAD_BOUNDS_S
from shadowproxy.edge.guard import MIN_SLOW, MIN_SLOW_SECONDS, STEPS, Guard

BUCKETS = len(OVERHEAD_BOUNDS_S) + 1
SLOW = OVERHEAD_BOUNDS_S.index(0.025)


def _feed(guard: Guard, counts: list[int], seconds: int, bucket: int, answers: int) -> float:
    held_back = guard.held_back
    for _ in range(seconds):
        counts[bucket] += answers
        held_back = guard.observe(list(counts))
    return held_back


def test_within_the_budget_nothing_is_held_back() -> None:
    """Fast answers leave the share alone."""
    assert _feed(Guard(0.005, 10), [0] * BUCKETS, 30, 0, 1000) == 0.0


def test_over_the_budget_everything_is_held_back_at_once() -> None:
    """Two per cent of slow answers are over a p99 budget."""
    guard, counts = Guard(0.005, 10), [0] * BUCKETS
    for _ in range(MIN_SLOW_SECONDS + 1):
        assert guard.held_back == 0.0
        counts[0] += 980
        counts[SLOW] += 20
        guard.observe(list(counts))
    assert guard.held_back == 1.0


def test_half_a_per_cent_of_slow_answers_is_within_the_budget() -> None:
    """The 99th percentile is not touched by the slowest 0.5 %."""
    guard, counts = Guard(0.005, 10), [0] * BUCKETS
    for _ in range(30):
        counts[0] += 995
        counts[SLOW] += 5
        assert guard.observe(list(counts)) == 0.0


def test_one_stall_is_not_an_impact() -> None:
    """Many slow answers within one second, and none before or after, hold nothing back."""
    guard, counts = Guard(0.005, 10), [0] * BUCKETS
    _feed(guard, counts, 3, 0, 100)
    _feed(guard, counts, 1, SLOW, 100)
    assert _feed(guard, counts, 12, 0, 100) == 0.0


def test_few_slow_answers_prove_nothing() -> None:
    """On a quiet service a handful of slow answers is no percentile."""
    guard, counts = Guard(0.005, 10), [0] * BUCKETS
    assert _feed(guard, counts, MIN_SLOW - 1, SLOW, 1) == 0.0


def test_a_bucket_across_the_budget_counts_as_within() -> None:
    """With a budget of 3 ms, answers between 2.5 and 5 ms are not blamed."""
    across = OVERHEAD_BOUNDS_S.index(0.005)
    assert _feed(Guard(0.003, 10), [0] * BUCKETS, 12, across, 1000) == 0.0
    assert _feed(Guard(0.003, 10), [0] * BUCKETS, 12, across + 1, 1000) == 1.0


def test_it_comes_back_one_step_per_quiet_window() -> None:
    """After the pause: half, nine tenths, all."""
    guard, counts = Guard(0.005, 5), [0] * BUCKETS
    _feed(guard, counts, MIN_SLOW_SECONDS + 1, SLOW, 1000)
    assert guard.held_back == STEPS[-1]
    seen = {_feed(guard, counts, 1, 0, 1000) for _ in range(20)}
    assert seen == set(STEPS)
    assert guard.held_back == 0.0
