"""Stretches of time: what they hold, and charts that are neither too fine nor full of holes."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, insert, select

from shadowproxy.report.schema import WIDTHS_S, traffic
from shadowproxy.report.windows import MAX_POINTS, Window, chart_width_s, fill
from tests.report.stores import ON_A_STORE, wipe

NOW = datetime(2026, 7, 8, 12, 34, 56, 789_000, tzinfo=UTC)
NOW_S = NOW.timestamp()


@ON_A_STORE
@given(
    st.lists(st.tuples(st.sampled_from(WIDTHS_S), st.integers(-100_000, 100)), max_size=10),
    st.floats(0.5, 200_000),
)
def test_a_window_holds_the_buckets_that_end_in_it(
    engine: Engine, found: list[tuple[int, int]], since_s: float
) -> None:
    """Of every width: those that reach beyond its beginning, and no others."""
    wipe(engine)
    keys = {(width_s, (int(NOW_S) + at_s) // width_s * width_s) for width_s, at_s in found}
    window = Window(NOW, since_s)
    with engine.begin() as connection:
        for width_s, start_s in keys:
            row = {"width_s": width_s, "start_s": start_s, "name": "x", "count": 1}
            connection.execute(insert(traffic).values(**row))
        chosen = select(traffic.c.width_s, traffic.c.start_s)
        held = {tuple(row) for row in connection.execute(chosen.where(window.holds(traffic)))}
        whole = connection.execute(chosen.where(Window(NOW).holds(traffic))).all()
    assert held == {key for key in keys if sum(key) > window.start_s}
    assert {tuple(row) for row in whole} == keys


def test_a_window_without_a_beginning() -> None:
    """All that is kept: since nothing."""
    assert (Window(NOW).start_s, Window(NOW).since) == (0.0, None)
    assert Window(NOW, 1.5).since == "2026-07-08T12:34:55.289+00:00"


@given(st.integers(0, 10_000), st.integers(0, 90 * 86_400))
def test_a_chart_has_at_most_so_many_points(first_s: int, span_s: int) -> None:
    """And is no coarser than it must be."""
    width_s = chart_width_s(first_s, first_s + span_s)
    assert span_s / width_s <= MAX_POINTS
    if width_s > 10:
        assert span_s / 10 > MAX_POINTS


@pytest.mark.parametrize(("last_s", "starts"), [
    (129, [100, 110, 120]), (95, [100, 110]), (139, [100, 110, 120, 130]),
])  # fmt: skip
def test_holes_are_filled(last_s: int, starts: list[int]) -> None:
    """Up to now, or to the last point where another clock is ahead; counts are 0, times unknown."""
    points: list[dict[str, Any]] = [
        {"start_s": 100, "count": 2, "p50_s": 0.1},
        {"start_s": 110, "count": 1, "p50_s": None},
    ]
    filled = fill(points, 10, last_s)
    assert [point["start_s"] for point in filled] == starts
    assert filled[:2] == points
    assert all(
        point == {"start_s": point["start_s"], "count": 0, "p50_s": None} for point in filled[2:]
    )


def test_a_clock_that_is_wrong_fills_no_memory() -> None:
    """A point of next century is left out of the chart."""
    points = [{"start_s": 100, "count": 2}, {"start_s": 4_000_000_000, "count": 1}]
    assert len(fill(points, 10, 200)) <= 2 * MAX_POINTS
    assert fill([], 10, 200) == []
