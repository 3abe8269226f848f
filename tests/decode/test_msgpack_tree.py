"""MessagePack: every type of the format, and lengths that lie."""

import math
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.decode.decoding import cheap_refusal, decoded, refusal

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=20,
)


def unpacked(value: Any) -> Any:
    return decoded("application/msgpack", msgpack.packb(value))


@given(VALUES)
def test_what_json_has_comes_back_as_it_was(value: Any) -> None:
    """The same values of the same types, and what the library itself reads."""
    assert repr(unpacked(value)) == repr(value) == repr(msgpack.unpackb(msgpack.packb(value)))


def test_what_json_has_not_is_written_out() -> None:
    """Bytes, extensions, times and odd numbers as objects with one reserved member."""
    assert unpacked([b"\0\xff", msgpack.ExtType(5, b"x"), math.nan, math.inf, -math.inf, 1.0]) == [
        {"$bytes": "AP8="},
        {"$ext": 5, "$bytes": "eA=="},
        {"$number": "NaN"},
        {"$number": "Infinity"},
        {"$number": "-Infinity"},
        1.0,
    ]


@pytest.mark.parametrize(
    ("seconds", "nanoseconds", "expected"),
    [
        (0, 0, "1970-01-01T00:00:00.000000000Z"),
        (1_700_000_000, 5, "2023-11-14T22:13:20.000000005Z"),
        (-1, 999_999_999, "1969-12-31T23:59:59.999999999Z"),
        (2**60, 1, f"{2**60}.000000001"),
    ],
)
def test_timestamps(seconds: int, nanoseconds: int, expected: str) -> None:
    """To the nanosecond; where the calendar ends, as seconds."""
    assert unpacked(msgpack.Timestamp(seconds, nanoseconds)) == {"$timestamp": expected}


def test_keys_that_are_no_strings_are_their_json_text() -> None:
    """A container as a key is undecodable: its text could double with each level."""
    assert unpacked({1: 1, None: 2, 1.5: 3, b"k": 4}) == {
        "1": 1, "null": 2, "1.5": 3, '{"$bytes":"aw=="}': 4,
    }  # fmt: skip
    assert decoded("application/msgpack", b"\x82\x01\xa1a\xc3\xa1b") == {"1": "a", "true": "b"}
    assert refusal("application/msgpack", b"\x81\x90\x01") == "undecodable key"


def test_of_equal_keys_the_last_one_wins() -> None:
    """As in JSON, unless somebody asks for duplicates there."""
    assert decoded("application/msgpack", b"\x82\xa1a\x01\xa1a\x02") == {"a": 2}


@pytest.mark.parametrize(
    "body",
    [
        b"", b"\xc1", b"\x01\x02", b"\x91", b"\x81\xa1a", b"\xa2a", b"\xa1\xff", b"\xc4", b"\xcb\0",
        b"\xc7\x05\xff12345", b"\xc7\x0c\xff\xff\xff\xff\xff" + bytes(8),
    ],
)  # fmt: skip
def test_broken_bodies_are_undecodable(body: bytes) -> None:
    """Truncated, followed by more, not UTF-8, or a time that is none."""
    assert refusal("application/msgpack", body).startswith("undecodable")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"\xdd\xff\xff\xff\xff", "undecodable truncated"),
        (b"\xdf\xff\xff\xff\xff" * 9, "undecodable truncated"),
        (b"\xdd\x00\x02\x00\x00" * 200_000, "bound nodes"),
        (b"\x91" * 100_000 + b"\x01", "undecodable depth"),
        (b"\x81\x01" * 100_000 + b"\x01", "undecodable depth"),
        (b"\xdb\xff\xff\xff\xff", "undecodable msgpack"),
        (b"\xc9\xff\xff\xff\xff\x05", "undecodable msgpack"),
        (b"\xdd\x00\x0f\x00\x00" + b"\x80" * 0xF0000, "bound nodes"),
        (b"\xdd\x00\x00\xff\xff" + b"\x80" * 0xFFFF, ""),
    ],
    ids=["array", "map", "arrays", "deep", "deep-map", "string", "extension", "many", "bound"],
)
def test_hostile_bodies_cost_little(body: bytes, expected: str) -> None:
    """No length is believed before its elements are there."""
    assert cheap_refusal("application/msgpack", body) == expected
