"""What is looked at in a value."""

import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.noise.values import (
    FAR,
    MAX_COMPARED,
    MAX_HASHED,
    are_worded_alike,
    digits_of,
    has_fraction,
    hash_of,
    shared_end,
    shared_start,
    sign_of,
    type_of,
)
from tests.noise.locating import KEY

TEXTS = st.text(alphabet="ab", max_size=12)


@given(TEXTS, TEXTS)
def test_shared_ends_are_the_common_ones(a: str, b: str) -> None:
    """So many characters are alike, and the next ones are not."""
    start, end = shared_start(a, b), shared_end(a, b)
    assert a[:start] == b[:start]
    assert a[start : start + 1] != b[start : start + 1] or start == len(a) == len(b)
    a, b = a[::-1], b[::-1]
    assert a[:end] == b[:end]
    assert a[end : end + 1] != b[end : end + 1] or end == len(a) == len(b)


def test_shared_ends_are_bounded() -> None:
    """Of two equal texts of a MiB only so much is looked at."""
    text = "x" * (1 << 20)
    assert shared_start(text, text) == shared_end(text, text) == MAX_COMPARED
    assert shared_end("a" + text, text) == MAX_COMPARED


@given(st.integers(-(10**30), 10**30))
def test_digits_are_those_before_the_point(number: int) -> None:
    """The same for an integer and for a decimal of its value."""
    expected = len(str(abs(number))) if number else 0
    assert digits_of(number) == digits_of(Decimal(number)) == expected
    assert digits_of(Decimal(number) + Decimal("0.5")) >= expected - 1


@pytest.mark.parametrize(
    ("value", "sign", "digits", "fraction"),
    [(0.5, 1, 0, True), (-9.0, -1, 1, False), (math.inf, 1, FAR, False), (-math.inf, -1, FAR, False),
     (math.nan, 2, FAR, False), (Decimal("sNaN"), 2, FAR, False), (Decimal("-Infinity"), -1, FAR, False),
     (Decimal("1e-400"), 1, 0, True), (Decimal("1e999999"), 1, 1_000_000, False), (Decimal("-0"), 0, 0, False),
     (99.9, 1, 2, True)],
)  # fmt: skip
def test_numbers_of_every_sort(value: Any, sign: int, digits: int, fraction: bool) -> None:
    """Sign, digits before the point, and whether there is something behind it."""
    assert digits_of(10**5000) == FAR
    assert (sign_of(value), digits_of(value), has_fraction(value)) == (sign, digits, fraction)


def test_a_value_without_a_type_is_other() -> None:
    """Opaque bytes and a missing side; a boolean is no number."""
    assert [type_of(each) for each in (object(), True, 1, None)] == [
        "other", "boolean", "number", "null",
    ]  # fmt: skip


@given(st.text(max_size=9) | st.integers(), st.text(max_size=9) | st.integers())
def test_hashes_are_equal_for_equal_values(a: Any, b: Any) -> None:
    """And differ for others; a text is never an integer, another key gives another hash."""
    assert (hash_of(a, KEY) == hash_of(b, KEY)) == (type(a) is type(b) and a == b)
    assert hash_of(a, KEY) != hash_of(a, b"other")


def test_hashing_is_bounded_and_sees_both_ends_and_the_length() -> None:
    """What is in the middle of a large text is not hashed."""
    text = "x" * (4 * MAX_HASHED)
    others = ["y" + text[1:], text[1:] + "y", text + "x"]
    assert len({hash_of(each, KEY) for each in [text, *others]}) == 4
    middle = text[: 2 * MAX_HASHED] + "y" + text[2 * MAX_HASHED + 1 :]
    assert hash_of(middle, KEY) == hash_of(text, KEY)


def test_wording_is_all_but_digits() -> None:
    """At both ends of long texts as well."""
    assert are_worded_alike("took 1,234.5 ms", "took 7 ms")
    assert not are_worded_alike("took 7 ms", "took 7 s")
    long = "a" * 3 * MAX_COMPARED
    assert are_worded_alike(long + "1", long + "22")
    assert not are_worded_alike(long + "b", long + "c")
