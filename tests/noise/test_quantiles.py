"""Times in buckets."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.noise.quantiles import MAX_US, Durations

TIMES = st.lists(st.integers(1, MAX_US), min_size=1, max_size=60)


def added(times: list[int]) -> Durations:
    durations = Durations()
    for us in times:
        durations.add(us)
    return durations


@pytest.mark.slow
@given(TIMES, st.floats(0, 1))
def test_a_quantile_is_near_the_time_itself(times: list[int], share: float) -> None:
    """It lies in the bucket of the time of that rank: an eighth of a doubling wide."""
    rank = min(len(times) - 1, max(0, -int(-share * len(times) // 1) - 1))
    exact = sorted(times)[rank]
    assert exact * 7 / 8 - 1 <= added(times).quantile_us(share) <= exact * 9 / 8 + 1


@given(TIMES)
def test_quantiles_rise(times: list[int]) -> None:
    """A larger share never took less."""
    durations = added(times)
    quantiles = [durations.quantile_us(n / 20) for n in range(21)]
    assert quantiles == sorted(quantiles)


@given(st.lists(st.integers(), max_size=40))
def test_no_time_raises(times: list[int]) -> None:
    """What is outside counts as the nearest, and all survive a restart."""
    durations = added(times)
    again = Durations.from_plain(json.loads(json.dumps(durations.to_plain())))
    assert again.total == durations.total == len(times)
    assert again.quantile_us(0.5) == durations.quantile_us(0.5)


def test_halving_keeps_the_shape() -> None:
    """What came before weighs half; of nothing there is no quantile."""
    durations = added([100] * 90 + [9000] * 10)
    before = durations.quantile_us(0.5)
    durations.halve()
    assert durations.total == 50
    assert durations.quantile_us(0.5) == before
    assert Durations().quantile_us(0.5) == 0
