"""Charts: their numbers stand where they belong, and can be read without seeing them."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html
from markupsafe import Markup

from shadowproxy.pages import charts, plotting
from shadowproxy.pages.charts import Line
from tests.browser.examples import ENDPOINTS, HOSTILE, SERIES

KEY = "key"
STARTS = [0.0, 300.0, 600.0, 900.0]


def _read(chart: Markup) -> Any:
    return html.fragment_fromstring(str(chart))


def _rows(chart: Any) -> list[list[str]]:
    return [[cell.text_content() for cell in row.iter("th", "td")] for row in chart.iter("tr")]


def test_a_chart_says_what_it_shows() -> None:
    """Its image has a title and a description; its table has every number."""
    lines = [Line("a", "legacy", [0.0, 0.5, None, 1.0]), Line("b", "candidate", [None] * 4)]
    chart = _read(charts.over_time(KEY, "Title", STARTS, lines))
    (image,) = chart.xpath(".//svg[@role='img']")
    assert image.get("aria-labelledby") == f"{KEY}-title"
    assert image.findtext("title") == "Title"
    assert image.findtext("desc") == "a: last 100 %, most 100 %; b: last –, most –."
    rows = _rows(chart)
    assert rows[0] == ["from", "a", "b"]
    assert [row[1] for row in rows[1:]] == ["0 %", "50 %", "–", "100 %"]


def test_points_stand_where_they_belong() -> None:
    """Left to right by time, upwards by value; a gap ends the line and another begins."""
    chart = _read(charts.over_time(KEY, "", STARTS, [Line("a", "x", [0.0, 0.5, None, 1.0])]))
    assert chart.xpath(".//path/@d") == ["M0 100L33.33 50M100 0"]


def test_lines_differ_without_colour() -> None:
    """Each has its own class and a label at its end; labels do not lie on each other."""
    series = {"points": [{"start_s": 60 * n, "exchanges": 10, "mismatch": 0} for n in range(1, 4)]}
    chart = _read(charts.mismatch_over_time(series))
    labels = chart.xpath(".//text[contains(@class, 'label')]")
    assert [label.text for label in labels] == ["mismatch", "failed"]
    places = [float(label.get("y").removesuffix("%")) for label in labels]
    assert places[1] - places[0] >= 9
    assert [each.get("class") for each in chart.iter("path")] == ["line mismatch", "line failed"]


def test_percentiles_have_both_sides_and_a_logarithmic_time() -> None:
    """Ten times as long is as far on every decade; the description compares the sides."""
    latency = {
        "legacy": {"p50_s": 0.01, "p99_s": 0.1, "curve": [[0.5, 0.01], [0.99, 0.1]]},
        "candidate": {"p50_s": 0.1, "p99_s": 1.0, "curve": [[0.5, 0.1], [0.99, 1.0]]},
    }
    chart = _read(charts.percentiles(KEY, "Times", latency))
    assert chart.xpath(".//path/@d") == ["M10.03 100L66.67 50", "M10.03 50L66.67 0"]
    assert "99 of 100 within 100 ms from legacy, 1 s from the candidate" in chart.findtext(
        ".//desc"
    )
    assert _rows(chart)[2] == ["99 %", "100 ms", "1 s"]


@pytest.mark.parametrize(
    "latency",
    [
        {},
        {"legacy": None},
        {"legacy": {"curve": [["a", 1], [2, 3], [0.5], None, [0.5, -1], [0.5, 0]]}},
    ],
)
def test_without_points_there_is_no_chart(latency: Any) -> None:
    """Odd points count as none."""
    assert charts.percentiles(KEY, "", latency) == ""
    assert charts.mismatch_over_time({"points": [{"start_s": "x"}, None]}) == ""
    assert charts.sparkline([None, "x", 1], "") == ""


def test_a_sparkline_says_its_numbers() -> None:
    """First, last and most."""
    line = _read(charts.sparkline([1, None, 5, 3], "Exchanges an hour"))
    assert line.get("aria-label") == "Exchanges an hour: first 1, last 3, most 5"
    assert line.xpath(".//path/@d") == ["M0 80M66.67 0L100 40"]


def test_traffic_is_a_small_line() -> None:
    """With what one point stands for."""
    label = _read(charts.traffic(SERIES)).get("aria-label")
    assert label == (
        "Compared exchanges, one point every 5 minutes: first 1,800, last 2,000, most 2,040"
    )


def test_a_long_series_is_cut_in_its_table_alone() -> None:
    """The newest rows stay; how many are left off is said."""
    points = [{"start_s": 60.0 * n, "exchanges": 1, "mismatch": 0} for n in range(1, 502)]
    chart = _read(charts.mismatch_over_time({"points": points}))
    assert len(_rows(chart)) == charts.MAX_ROWS + 1
    assert chart.findtext(".//caption") == "301 more in the API"


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_words_stay_words(text: str) -> None:
    """Titles and names of lines are escaped in markup and attributes."""
    calm = charts.over_time(KEY, "calm", STARTS, [Line("calm", "x", [1.0] * 4)])
    chart = charts.over_time(KEY, text, STARTS, [Line(text, "x", [1.0] * 4)])
    assert [each.tag for each in _read(chart).iter()] == [each.tag for each in _read(calm).iter()]
    assert "<script" not in chart
    assert "<img" not in charts.sparkline([1, 2], text)


def test_the_examples_are_drawn() -> None:
    """Both series and the curves of each endpoint."""
    assert charts.mismatch_over_time(SERIES)
    assert charts.latency_over_time(SERIES)
    for endpoint in ENDPOINTS:
        assert charts.percentiles(KEY, "", endpoint["latency"])


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_a_scale_holds_its_largest_value(largest: float) -> None:
    """And is never of no width."""
    scale = plotting.linear(largest)
    assert scale.top > 0
    if 1e-300 < largest < 1e300:
        assert 40 <= scale.place(largest) <= 100


@given(st.lists(st.floats(1e-9, 1e9), min_size=1))
def test_decades_hold_all_values(seconds: list[float]) -> None:
    """Smaller is never above larger."""
    scale = plotting.decades(seconds)
    places = [scale.place(value) for value in sorted(seconds)]
    assert places == sorted(places)
    assert all(0 <= place <= 100 for place in places)


@given(st.floats(0, 4e9), st.floats(0, 4e9))
def test_an_axis_of_time_has_few_round_ticks(one: float, other: float) -> None:
    """At most eight, in order, inside."""
    ticks = plotting.Period(min(one, other), max(one, other)).ticks()
    assert len(ticks) <= 8
    assert [tick.at for tick in ticks] == sorted(tick.at for tick in ticks)


@given(st.lists(st.floats(0, 100), max_size=5))
def test_labels_are_moved_apart_in_their_order(places: list[float]) -> None:
    """No two nearer than asked for, none below the plot."""
    moved = plotting.apart(places, 9)
    ordered = sorted(moved)
    assert all(after - before >= 9 - 1e-6 for before, after in pairwise(ordered))
    assert max(moved, default=0) <= 100 + 1e-6
