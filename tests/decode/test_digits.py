"""Numbers of which a parser would lose something, and those that only look like it."""

import time
from decimal import Context, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadowproxy.compare import Rules, compare, response
from shadowproxy.core.words import Verdict
from shadowproxy.decode.digits import may_lose_digits


def written(sign: str, digits: str, point: int, exponent: str) -> str:
    """A JSON number."""
    whole, fraction = digits[:point].lstrip("0") or "0", digits[point:]
    return f"{sign}{whole}{'.' + fraction if fraction else ''}{exponent}"


BIG = (
    st.integers(-(2**70), 2**70)
    | st.integers(-(2**64), -(2**62))
    | st.integers(2**53 - 9, 2**53 + 9)
    | st.integers(10**15, 10**20)
)
NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    BIG.map(str),
    BIG.map(lambda number: repr(float(number))),
    st.builds(lambda whole, e: f"{whole}e{e}", st.integers(1, 10**16), st.integers(-330, 30)),
    st.builds(
        written,
        st.sampled_from(["", "-"]),
        st.text("0123456789", min_size=1, max_size=22),
        st.integers(1, 22),
        st.sampled_from(["", "", "e0", "E+5", "e-101", "e-3"]),
    ),
)


def respelled(number: str) -> str:
    """The same value, perhaps in other words."""
    return str(Decimal(number))


def nudged(number: str) -> str:
    """Another value that is as close as 24 digits allow."""
    return str(Decimal(number).next_plus(Context(prec=24)))


def plus_one(number: str) -> str:
    """Another value that a double may not tell from this one."""
    return str(Context(prec=400).add(Decimal(number), 1))


PAIRS = st.tuples(NUMBERS, NUMBERS) | NUMBERS.flatmap(
    lambda number: st.tuples(
        st.just(number), st.sampled_from([respelled(number), nudged(number), plus_one(number)])
    )
)


@settings(max_examples=500)
@given(st.lists(PAIRS, min_size=1, max_size=2))
def test_numbers_are_equal_exactly_when_they_are_so_as_written(
    pairs: list[tuple[str, str]],
) -> None:
    """Decimal arithmetic is the oracle: no digit is lost, and none is invented."""
    legacy, candidate = (f"[{', '.join(side)}]".encode() for side in zip(*pairs, strict=True))
    found = compare(response(legacy), response(candidate), Rules())
    is_equal = all(Decimal(ours) == Decimal(theirs) for ours, theirs in pairs)
    assert (found.verdict is Verdict.MATCH) is is_equal


@pytest.mark.parametrize(
    "text",
    [
        "0.30000000000000004", "0.300000000000000040", "-1.7976931348623157e+308", "5e-324", "1234567890123456789",
        "[9223372036854775807, -9223372036854775807]", "1.234567890123456E10", "9007199254740993",
        '"3f5b0e-0004-4f8e 00000000000000000000000000000000"', '"a9f0e-000"', '" .e-1000 "',
        '"12345678901234567890123"', '"1.2.3.4.5.6.7.8.9.10.11.12"', '"tel 12345678901234567 x"',
        '{"id": "d0e-0001", "hash": "123456789012345678e000000000000000000"}', "1e-99", "[1e300, 1]",
    ],
)  # fmt: skip
def test_what_no_parser_loses_is_read_quickly(text: str) -> None:
    """What every language writes for 0.1 + 0.2, identifiers of 63 bits, UUIDs, hashes."""
    assert not may_lose_digits(text.encode(), b"0")


@pytest.mark.parametrize(
    "text",
    [
        "0.1000000000000000055511151231257827", "18446744073709551615", "-9223372036854775809",
        "12345678901234567e0", "[1234567890123456789, 1e18]", "1e-400", "123.4567890123456789",
        "1e-100000", "[1234567890123456789, 1.2345678901234568e+18]", "-18446744073709551616.0",
        "9" * 41, "0." + "1" * 41, "\x1e12345678901234567890.0\x1e1", "1\n-12345678901234567890\n1",
    ],
)  # fmt: skip
def test_what_a_parser_would_lose_is_read_exactly(text: str) -> None:
    """Or what it might: on either side."""
    assert may_lose_digits(text.encode(), b"0")
    assert may_lose_digits(b"0", text.encode())


@pytest.mark.parametrize(
    "unit",
    [b"1.", b"0e-000", b"1" * 17 + b"e", b", 12345678901234567", b"1" * 50 + b"x", b" 1e-100"],
)
def test_looking_ends_soon_whatever_there_is(unit: bytes) -> None:
    """1 MB of what is suspicious."""
    body = unit * (1_000_000 // len(unit))
    started_s = time.process_time()
    may_lose_digits(body, body)
    assert time.process_time() - started_s < 0.25


@pytest.mark.parametrize("text", [b"x0e-000", b"x00000000000000000", b"-0000000000000000e.0"])
def test_what_only_looks_like_numbers_ends_the_search(text: bytes) -> None:
    """Long before all of it was looked at; what was not looked at may be lost."""
    body = b'"' + text * 300_000 + b'"'
    started_s = time.process_time()
    assert may_lose_digits(body, body)
    assert time.process_time() - started_s < 0.25
