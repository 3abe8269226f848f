"""JSON with every digit."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadowproxy.cli.exact_json import exact_json, tokens

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(VALUES)
def test_what_is_written_reads_back(value: Any) -> None:
    """To the last digit, in one line of printable ASCII; pieces make the whole."""
    text = exact_json(value)
    assert json.loads(text, parse_float=Decimal) == value
    assert text.isascii()
    assert text.isprintable()
    assert json.loads("".join(tokens(value, is_ascii=False)), parse_float=Decimal) == value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("1E+400"), "1E+400"),
        (Decimal("0.10"), "0.10"),
        (Decimal("123456789012345678901234567890.5"), "123456789012345678901234567890.5"),
        (10**30, "1" + "0" * 30),
        (1.5, "1.5"),
        (float("nan"), '"nan"'),
        (Decimal("Infinity"), '"Infinity"'),
        ("\x1b[2J\x7f\u202e", '"\\u001b[2J\\u007f\\u202e"'),
        ("\ud800", '"\\ud800"'),
        ([], "[]"),
        ({"a": {}, "b": [1, [True, None]]}, '{"a": {}, "b": [1, [true, null]]}'),
    ],
)
def test_numbers_and_texts(value: Any, expected: str) -> None:
    """What JSON has no word for is a text."""
    assert exact_json(value) == expected


def test_depth_is_no_matter() -> None:
    """Documents nest deeper than Python calls."""
    value: Any = 1
    for _ in range(20_000):
        value = [value]
    assert exact_json(value) == "[" * 20_000 + "1" + "]" * 20_000
