"""Numbers, shares, durations and times as people read them."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.pages import figures

ODD: list[Any] = [None, True, "12", [], {}, math.nan, math.inf, -math.inf, 10**400, object()]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (10_412, "10,412"), (-3, "-3"), (1234.56, "1,234.6"), (0.0123, "0.0123"),
     (None, "–"), (math.nan, "–"), (True, "–"), ("12", "–")],
)  # fmt: skip
def test_numbers(value: Any, shown: str) -> None:
    """Thousands are set apart; what is no number is a dash."""
    assert figures.number(value) == shown


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0, "0 %"), (1, "100 %"), (0.5, "50 %"), (0.031, "3.1 %"), (0.00123, "0.12 %"),
     (0.9995, "99.95 %"), (1e-9, "< 0.001 %"), (1 - 1e-9, "> 99.999 %"), (None, "–")],
)  # fmt: skip
def test_shares(share: Any, shown: str) -> None:
    """Two digits of what matters."""
    assert figures.percent(share) == shown


@given(st.floats(0, 1))
def test_a_share_is_never_rounded_to_none_or_all(share: float) -> None:
    """`0 %` and `100 %` are said of exactly these."""
    points = 100 * share
    assert (figures.percent(share) == "0 %") == (points == 0)
    assert (figures.percent(share) == "100 %") == (points == 100)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0 s"), (9.4e-4, "940 µs"), (0.0009996, "1 ms"), (0.0018, "1.8 ms"), (0.9999, "1 s"),
     (2.35, "2.35 s"), (59.99, "1 minute"), (3661, "1 hour 1 minute"), (-0.001, "−1 ms"), (None, "–")],
)  # fmt: skip
def test_durations(seconds: Any, shown: str) -> None:
    """Three digits in the unit that suits."""
    assert figures.duration(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0 seconds"), (1, "1 second"), (90, "1 minute 30 seconds"), (1_209_600, "14 days"),
     (93_311.4, "1 day 1 hour"), (None, "–")],
)  # fmt: skip
def test_spans(seconds: Any, shown: str) -> None:
    """The two largest units."""
    assert figures.span(seconds) == shown


def test_sizes() -> None:
    """In powers of 1,024."""
    shown = [figures.size(count) for count in (0, 512, 1536, 3 << 30, None)]
    assert shown == ["0 B", "512 B", "1.5 KiB", "3 GiB", "–"]


def test_times_are_elements_in_utc() -> None:
    """ISO 8601 text and Unix seconds become the same element; other texts stay texts."""
    wanted = '<time datetime="2026-01-02T03:04:05+00:00">2026-01-02 03:04:05 UTC</time>'
    for value in ("2026-01-02T03:04:05Z", "2026-01-02T04:04:05+01:00", 1_767_323_045):
        assert str(figures.when(value)) == wanted
    assert figures.when("<b>") == "<b>"
    assert figures.when(None) == "–"


@pytest.mark.parametrize("value", ODD)
def test_nothing_raises(value: Any) -> None:
    """Whatever a document holds, there is something to show."""
    filters = (
        figures.number, figures.percent, figures.interval, figures.duration, figures.span,
        figures.size, figures.when, figures.segment, figures.words, figures.coded,
    )  # fmt: skip
    for each in filters:
        assert isinstance(each(value), str)
    assert isinstance(figures.plural(value, "answer"), str)
    assert isinstance(figures.interval({"low": value, "high": value}), str)


def test_code_in_sentences() -> None:
    """Parts between backticks are code, a single one is only a character; both are escaped."""
    assert figures.coded("`/a<b` differs") == "<code>/a&lt;b</code> differs"
    assert figures.coded("a ` b") == "a ` b"
    assert figures.coded("`a` and ` <b>") == "<code>a</code> and ` &lt;b&gt;"


def test_a_segment_stays_one() -> None:
    """Nothing in a text ends the segment of the path or the value of the query that it is in."""
    assert figures.segment("GET /a?b=c&d#e%\ud800") == "GET%20%2Fa%3Fb%3Dc%26d%23e%25%3F"
