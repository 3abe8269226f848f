"""Shares and their intervals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.findings.shares import share


@given(st.integers(0, 10**9), st.integers(1, 10**9))
def test_a_share_lies_in_its_interval(count: int, total: int) -> None:
    """And both in 0 to 1, whatever the counters say; only all or nothing touches an end."""
    rate, low, high = share(count, total)
    assert 0 <= low <= rate <= high <= 1
    assert (rate == 1) == (count >= total)
    assert (low > 0) == (count > 0)
    assert (high < 1) == (count < total)


@given(st.integers(0, 100), st.integers(1, 100))
def test_more_exchanges_make_it_narrower(count: int, total: int) -> None:
    """The same share of ten times as many."""
    few, many = share(count, total), share(10 * count, 10 * total)
    assert many.high - many.low < few.high - few.low


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [(0, 10, 0.0, 0.2775), (1, 10, 0.0179, 0.4042), (5, 10, 0.2366, 0.7634),
     (312, 10412, 0.0269, 0.0334), (10, 10, 0.7225, 1.0), (0, 0, 0.0, 1.0)],
)  # fmt: skip
def test_the_interval_is_wilsons(count: int, total: int, low: float, high: float) -> None:
    """Figures of published tables; of nothing nothing is known."""
    found = share(count, total)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)
