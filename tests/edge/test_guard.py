"""The impact guard: steps back at once, comes back step by step."""

from shadowproxy.core.cells import OVERHEAD_BOUNDS_S
from shadowproxy.edge.guard import MIN_ANSWERS, STEPS, Guard, p99

BUCKETS = len(OVERHEAD_BOUNDS_S) + 1
SLOW = OVERHEAD_BOUNDS_S.index(0.025)


def _feed(guard: Guard, counts: list[int], seconds: int, bucket: int, answers: int) -> float:
    held_back = guard.held_back
    for _ in range(seconds):
        counts[bucket] += answers
        held_back = guard.observe(list(counts), 0.0)
    return held_back


def test_within_the_budget_nothing_is_held_back() -> None:
    """Fast answers leave the share alone."""
    assert _feed(Guard(0.005, 10), [0] * BUCKETS, 30, 0, 1000) == 0.0


def test_over_the_budget_everything_is_held_back_at_once() -> None:
    """Two per cent of slow answers are over a p99 budget."""
    guard, counts = Guard(0.005, 10), [0] * BUCKETS
    _feed(guard, counts, 2, 0, 980)
    counts[SLOW] += 60
    assert guard.observe(list(counts), 0.0) == 1.0


def test_few_answers_prove_nothing() -> None:
    """Below MIN_ANSWERS a 99th percentile is not claimed."""
    assert _feed(Guard(0.005, 10), [0] * BUCKETS, 8, SLOW, MIN_ANSWERS // 10) == 0.0


def test_it_comes_back_one_step_per_quiet_window() -> None:
    """After the pause: half, nine tenths, all."""
    guard, counts = Guard(0.005, 5), [0] * BUCKETS
    _feed(guard, counts, 2, SLOW, 1000)
    assert guard.held_back == STEPS[-1]
    seen = {_feed(guard, counts, 1, 0, 1000) for _ in range(20)}
    assert seen == set(STEPS)
    assert guard.held_back == 0.0


def test_p99_is_the_bucket_that_holds_it() -> None:
    """99 of 100 in the first bucket: the first; 98: the next that has any."""
    window = [0] * BUCKETS
    window[0], window[SLOW] = 99, 1
    assert p99(window) == OVERHEAD_BOUNDS_S[0]
    window[0], window[SLOW] = 98, 2
    assert p99(window) == OVERHEAD_BOUNDS_S[SLOW]
