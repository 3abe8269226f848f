"""Sampling: monotone in the rate, stable per key, and a rate limit that holds."""

from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.core.sampling import RateLimit, draw_of_key, is_sampled

rates = st.floats(min_value=0, max_value=1)


@given(st.binary(), rates, rates)
def test_who_is_sampled_stays_sampled_at_a_higher_rate(key: bytes, a: float, b: float) -> None:
    """Monotone: raising the rate adds keys and takes none away."""
    draw = draw_of_key(key)
    assert 0 <= draw < 1
    assert is_sampled(min(a, b), draw) <= is_sampled(max(a, b), draw)
    assert is_sampled(1.0, draw)
    assert not is_sampled(0.0, draw)


def test_a_share_of_the_keys_is_sampled() -> None:
    """10 % of 20,000 keys are 10 %, within four standard deviations."""
    hits = sum(is_sampled(0.1, draw_of_key(b"user-%d" % number)) for number in range(20_000))
    assert abs(hits - 2000) < 4 * (20_000 * 0.1 * 0.9) ** 0.5


@given(st.lists(st.integers(0, 10**8), min_size=1, max_size=400), st.integers(1, 50))
def test_a_rate_limit_holds_over_any_window(gaps: list[int], per_s: int) -> None:
    """From the start on, never more than one second's worth plus what time has earned."""
    limit = RateLimit(per_s)
    now_ns, taken = 1, 0
    for gap in gaps:
        now_ns += gap
        taken += limit.take(now_ns)
        assert taken <= per_s + now_ns * 1e-9 * per_s + 1
