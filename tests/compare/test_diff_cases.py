"""Pairs written down with their differences: other comparers' and those of the specification."""

import time
from typing import Any

import pytest

from tests.compare.loading import compared, expected_places, load, places

CASES = load("diff_cases.json")["cases"]
OWN = load("own_cases.json")["cases"]
LIMIT_S = 2.0
"""For one pair, whatever it is; what hostile bodies may cost is in test_laws."""


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_each_pair_has_exactly_these_differences(case: dict[str, Any]) -> None:
    """The multiset of (path, kind) is what was written down, within the time of any pair."""
    started_s = time.perf_counter()
    comparison = compared(case)
    assert time.perf_counter() - started_s < LIMIT_S
    assert places(comparison) == expected_places(case)


@pytest.mark.parametrize("case", OWN, ids=[case["id"] for case in OWN])
def test_each_rule_and_format_does_what_is_written_down(case: dict[str, Any]) -> None:
    """As above; `expected` null means some difference, `kinds_open` that only paths are settled."""
    started_s = time.perf_counter()
    comparison = compared(case)
    assert time.perf_counter() - started_s < LIMIT_S
    found = places(comparison)
    if case["expected"] is None:
        assert found
    elif case.get("kinds_open"):
        assert [path for path, _ in found] == [path for path, _ in expected_places(case)]
    else:
        assert found == expected_places(case)
        assert comparison.verdict == ("mismatch" if found else "match")


def test_ids_are_unique() -> None:
    """A failing id names one pair."""
    ids = [case["id"] for case in CASES + OWN]
    assert len(set(ids)) == len(ids)
