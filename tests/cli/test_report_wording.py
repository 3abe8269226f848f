"""Numbers for people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.cli.reporting.members import moment
from shadowproxy.cli.reporting.wording import amount, counted, duration, interval, percent


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.0, "0 %"), (1.0, "100 %"), (0.0042042, "0.42 %"), (0.5, "50 %"), (0.12345, "12.3 %"),
        (0.99999, "99.999 %"), (1e-9, "0.0000001 %"), (None, "-"),
    ],
)  # fmt: skip
def test_a_share_has_three_digits_that_count(share: float | None, said: str) -> None:
    """And is nothing or all only when it is."""
    assert percent(share) == said


@given(st.floats(0, 1), st.floats(0, 1))
def test_two_shares_that_differ_never_read_alike(share: float, limit: float) -> None:
    """However little they do; and neither reads like nothing or all."""
    ours, theirs = percent(share, limit), percent(limit, share)
    assert (ours == theirs) is (100 * share == 100 * limit)
    assert (ours == "0 %") is (share == 0)
    assert "e" not in ours


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.0, "0 ms"), (0.0009, "0.9 ms"), (0.01234567, "12.3 ms"), (0.9999, "1000 ms"),
     (1.0, "1 s"), (75.5, "75.5 s"), (None, "-")],
)  # fmt: skip
def test_a_duration_has_a_unit_that_fits(seconds: float | None, said: str) -> None:
    """Milliseconds below a second."""
    assert duration(seconds) == said


@given(st.floats(0, 1000), st.floats(0, 1000))
def test_two_durations_that_differ_never_read_alike(seconds: float, limit: float) -> None:
    """However little they do."""
    if duration(seconds, limit) == duration(limit, seconds):
        assert seconds == pytest.approx(limit, rel=1e-15, abs=0)


def test_counts_and_intervals() -> None:
    """With what is not known as a dash."""
    assert [amount(74_210), amount(None)] == ["74,210", "-"]
    assert [counted(1, "finding"), counted(2, "finding")] == ["1 finding", "2 findings"]
    assert interval(0.1, 0.25) == "10 % to 25 %"
    assert interval(0.1, None) == interval(None, None) == "-"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-11-28T09:30:59.123456+01:00", "2026-11-28 08:30 UTC"),
        ("2026-11-28T09:30:00Z", "2026-11-28 09:30 UTC"),
        ("2026-11-28T09:30:00", "2026-11-28 09:30 UTC"),
        ("0001-01-01T00:00:00+23:00", "0001-01-01T00:00:00+23:00"),
        ("yesterday\x1b", "yesterday\\x1b"),
        ("", ""),
    ],
)
def test_a_time_is_told_to_the_minute(text: str, said: str) -> None:
    """In UTC; what is none is shown as it is, escaped."""
    assert moment({"at": text}, "at") == said
