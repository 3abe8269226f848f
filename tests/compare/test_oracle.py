"""DeepDiff, made exact, finds what we find; where it does not by default is written down."""

import json
from typing import Any

import pytest
from deepdiff import DeepDiff
from hypothesis import given, settings

from shadowproxy.compare import Rules, compare, response
from tests.compare.documents import edited, exact, text_of
from tests.compare.loading import places

BY_INDEX = Rules.of({"path": path, "array": {"by": "index"}} for path in ("$", "$..*"))

EXACT: dict[str, Any] = {
    "ignore_order": False,
    "zip_ordered_iterables": True,
    "ignore_private_variables": False,
    "threshold_to_diff_deeper": 0,
}
"""Elements by index, names with `__` too, objects without a shared member still looked into."""

KINDS = {
    "values_changed": "changed",
    "type_changes": "type",
    "dictionary_item_added": "added",
    "dictionary_item_removed": "removed",
    "iterable_item_added": "added",
    "iterable_item_removed": "removed",
}


def ours(legacy: Any, candidate: Any, rules: Rules = BY_INDEX) -> list[tuple[str, str]]:
    sides = [response(text_of(each), "application/json") for each in (legacy, candidate)]
    return places(compare(sides[0], sides[1], rules))


def theirs(legacy: Any, candidate: Any, **options: Any) -> list[tuple[str, str]]:
    tree = DeepDiff(legacy, candidate, view="tree", **options)
    return sorted(
        (pointer(level.path(output_format="list")), KINDS[report])
        for report, levels in tree.items()
        for level in levels
    )


def pointer(steps: list[str | int]) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


@settings(max_examples=400, deadline=None)
@given(edited())
def test_deepdiff_finds_the_same(pair: tuple[Any, Any]) -> None:
    """By index and with exact numbers, path and kind of every difference are the same."""
    legacy, candidate = pair
    assert ours(legacy, candidate) == theirs(exact(legacy), exact(candidate), **EXACT)


DIVERGENCES: dict[str, tuple[str, str, list[tuple[str, str]], list[tuple[str, str]]]] = {
    "1 == True in Python": ("[1]", "[true]", [], [("/0", "type")]),
    "0 == False in Python": ('{"a":[0,1]}', '{"a":[false,1]}', [], [("/a/0", "type")]),
    "names with __ are hidden": ('{"__t":1}', '{"__t":2}', [], [("/__t", "changed")]),
    "int and float are two types": ("1", "1.0", [("", "type")], []),
    "integers above 2**53 are rounded beside floats": (
        "9007199254740993", "9007199254740992.0", [("", "type")], [("", "changed")],
    ),
    "an order is single changes": (
        "[1,2,3]", "[3,2,1]", [("/0", "changed"), ("/2", "changed")], [("", "order")],
    ),
}  # fmt: skip
"""Reason to (legacy, candidate, what DeepDiff says by default, what we say)."""


@pytest.mark.parametrize("reason", DIVERGENCES)
def test_divergences_from_its_defaults_are_known(reason: str) -> None:
    """Both sides of each divergence still say what is written down."""
    legacy, candidate, default, expected = DIVERGENCES[reason]
    values = json.loads(legacy), json.loads(candidate)
    assert theirs(*values) == default
    assert ours(*values, rules=Rules.of([])) == expected
