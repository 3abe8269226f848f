"""JSON documents to draw, and plain ways to look at them."""

import json
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

NAMES = st.sampled_from(["a", "b", "id", "", "a/b", "~1", "__typename", "0", "é", "\ud800"])

TEXTS = st.sampled_from(["", "a", "A", " a", "1", "true", "null", "é", "e\u0301", "\ud800"])

NUMBERS = (
    st.integers(-2, 2)
    | st.sampled_from([1.0, -0.0, 0.1, 2**53, 2**53 + 1, 2.0**53, 10**30, 1e30])
    | st.floats(allow_nan=False, allow_infinity=False)
)

SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS

VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=14,
)

OBJECTS = st.recursive(SCALARS, lambda inner: st.dictionaries(NAMES, inner, max_size=4))
"""Documents without arrays: nothing to align."""


@st.composite
def edited(draw: st.DrawFn, documents: st.SearchStrategy[Any] = VALUES) -> tuple[Any, Any]:
    """Two documents, the second one mostly an edited first: random pairs differ at the root."""
    first = draw(documents)
    if draw(st.integers(0, 4)) == 0:
        return first, draw(documents)
    return first, _edit(draw, first, documents)


def _edit(draw: st.DrawFn, value: Any, documents: st.SearchStrategy[Any]) -> Any:
    if draw(st.integers(0, 5)) == 0:
        return draw(documents)
    if isinstance(value, dict):
        return {
            name: _edit(draw, inner, documents)
            for name, inner in value.items()
            if draw(st.integers(0, 7))
        }
    if isinstance(value, list):
        items = [_edit(draw, inner, documents) for inner in value if draw(st.integers(0, 7))]
        return draw(st.permutations(items)) if draw(st.integers(0, 3)) == 0 else items
    return value


def text_of(value: Any) -> bytes:
    """The document as an application would write it, lone surrogates escaped."""
    return json.dumps(value).encode()


def reversed_members(value: Any) -> Any:
    """The same value with the members of every object in the opposite order."""
    if isinstance(value, dict):
        return {name: reversed_members(value[name]) for name in reversed(value)}
    return [reversed_members(each) for each in value] if isinstance(value, list) else value


def exact(value: Any) -> Any:
    """The same value with every number as the Decimal of its spelling."""
    if isinstance(value, dict):
        return {name: exact(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [exact(inner) for inner in value]
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    return Decimal(str(value)) if is_number else value


def are_equal(a: Any, b: Any) -> bool:
    """JSON equality of two `exact` documents, as plainly as it can be written."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(are_equal(a[name], b[name]) for name in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(are_equal, a, b))
    return type(a) is type(b) and a == b
