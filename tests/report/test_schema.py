"""Names that are numbers, and sentences for every reason."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.core.lifecycle import REASONS
from shadowproxy.report.meanings import meaning
from shadowproxy.report.schema import COUNTERS, WIDTHS_S, endpoint_id, series


@given(st.text())
def test_an_endpoint_has_one_number(endpoint: str) -> None:
    """The same everywhere, and every database has room for it."""
    assert endpoint_id(endpoint) == endpoint_id(str(endpoint))
    assert 0 <= endpoint_id(endpoint) < 1 << 63


def test_numbers_stay() -> None:
    """They are in stores that exist: another hash would lose what is kept by endpoint."""
    assert endpoint_id("GET /a") == 5_227_164_885_427_047_655
    assert endpoint_id("GET /\ud800") != endpoint_id("GET /a")


def test_counters_are_the_columns_of_a_series() -> None:
    """In the same order, and each once."""
    columns = [column.name for column in series.columns if not column.primary_key]
    assert columns == list(COUNTERS)
    assert all(coarse % fine == 0 for fine, coarse in pairwise(WIDTHS_S))


def test_every_reason_means_something() -> None:
    """A sentence for each, none of them twice."""
    said = [
        meaning(str(state), str(reason)) for state, all_of in REASONS.items() for reason in all_of
    ]
    assert all(said)
    assert len(set(said)) == len(said)
