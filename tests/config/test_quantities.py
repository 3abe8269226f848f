"""Durations, sizes and shares."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.config.quantities import (
    approximate_duration,
    approximate_size,
    print_duration,
    print_share,
    print_size,
    read_duration,
    read_share,
    read_size,
)


@given(st.integers(0, 10**8), st.sampled_from(["ms", "s", "m", "h", "d"]))
def test_a_duration_survives_printing(count: int, unit: str) -> None:
    """Read, printed and read again is the same number of seconds."""
    try:
        seconds = read_duration(f"{count}{unit}")
    except ValueError:
        return
    assert read_duration(print_duration(seconds)) == seconds


@given(st.decimals(0, 10**4, places=3))
def test_a_fraction_of_a_duration_survives_printing(number: object) -> None:
    """Fractions too."""
    seconds = read_duration(f"{number}s")
    assert read_duration(print_duration(seconds)) == seconds


@given(st.integers(0, 1 << 50))
def test_a_size_survives_printing(size: int) -> None:
    """Any number of bytes is printed exactly."""
    assert read_size(print_size(size)) == size


@given(st.integers(0, 10**6))
def test_a_share_survives_printing(parts_per_million: int) -> None:
    """Every share that the dials page can hold is printed exactly."""
    share = read_share(f"{parts_per_million / 10**4:.4f}%")
    assert read_share(print_share(share)) == share


@given(st.text(max_size=20))
def test_any_text_is_a_value_or_refused(text: str) -> None:
    """Nothing but ValueError leaves the readers, and its sentence does not repeat the text."""
    for read in (read_duration, read_size, read_share):
        said = ""
        try:
            read(text)
        except ValueError as error:
            said = str(error)
        assert said.startswith("expected") or not said


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("250ms", 0.25), ("10s", 10), ("5m", 300), ("1h", 3600), ("14d", 1209600), ("1h30m", 5400),
     ("0s", 0), ("1.5s", 1.5)],
)  # fmt: skip
def test_durations(text: str, seconds: float) -> None:
    """Each unit means what it says."""
    assert read_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["10", "", "s", "-1s", "1 s", "1:30", "10S", "1m1h", "1s1s", "1e3s", "∞", "9999d", "1us"],
)
def test_what_is_no_duration(text: str) -> None:
    """A number without its unit, a clock time or a wrong order is refused, not guessed."""
    with pytest.raises(ValueError, match="expected"):
        read_duration(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("65536", 65536), ("1B", 1), ("64KiB", 65536), ("1MiB", 1 << 20), ("1MB", 10**6),
     ("1.5KiB", 1536), ("2gib", 2 << 30), ("1kB", 1000)],
)  # fmt: skip
def test_sizes(text: str, size: int) -> None:
    """Binary units are steps of 1024, decimal ones of 1000."""
    assert read_size(text) == size


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1M", "MiB .* or MB"), ("64Ki", "KiB .* or KB"), ("1.5B", "whole"), ("-1", "such as"),
     ("1 MiB", "such as"), ("0x10", "such as"), ("MiB", "such as"), ("9999999TiB", "at most")],
)  # fmt: skip
def test_what_is_no_size(text: str, expected: str) -> None:
    """`1M` could mean two things, so it is asked back."""
    with pytest.raises(ValueError, match=expected):
        read_size(text)


@pytest.mark.parametrize(
    ("text", "share"),
    [("5%", 0.05), ("0.05", 0.05), ("100%", 1), ("1", 1), ("0%", 0), ("0.1%", 0.001), (".5", 0.5)],
)
def test_shares(text: str, share: float) -> None:
    """A percentage and a fraction are the same thing."""
    assert read_share(text) == share


@pytest.mark.parametrize(
    "text", ["101%", "1.01", "-1%", "10", "%", "5 %", "5%%", "nan", "1e-3", ""]
)
def test_what_is_no_share(text: str) -> None:
    """Outside of 0 to 100 % nothing is a share; `10` is not taken for 10 %."""
    with pytest.raises(ValueError, match="expected a share"):
        read_share(text)


def test_durations_for_people_have_two_units() -> None:
    """Nobody needs the seconds of a week."""
    assert [approximate_duration(s) for s in (0.2, 61.2, 3600, 3661, 90061)] == [
        "0s", "1m 1s", "1h", "1h 1m", "1d 1h",
    ]  # fmt: skip


def test_sizes_for_people_have_one_decimal() -> None:
    """For reading, not for reading back."""
    assert [approximate_size(size) for size in (512, 1536, 26_306_674_688)] == [
        "512 B", "1.5 KiB", "24.5 GiB",
    ]  # fmt: skip
