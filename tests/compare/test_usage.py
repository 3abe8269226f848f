"""Rules that found nothing to be about are reported; no others are, and looking for them ends."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.compare import Observation, Rules, compare
from shadowproxy.compare.usage import FIRST_RESPONSES, LATE_EVERY, PATIENCE_S, Usage
from shadowproxy.core.settings import CompareSettings
from shadowproxy.core.words import FailureKind
from tests.compare.observing import answer

A = answer('{"a": 1, "b": {"c": 2}}')
RIGHT = {"path": "$.b.c", "class": "uuid"}
MISSPELT = {"path": "$.b.d", "ignore": True}


def counted(
    usage: Usage,
    rules: Rules,
    times: int = FIRST_RESPONSES,
    *,
    endpoint: str = "GET /a",
    legacy: Observation = A,
    candidate: Observation = A,
    hits: Mapping[int, int] = {},
    now_s: float = 0.0,
) -> Usage:
    for _ in range(times):
        usage.count(rules, endpoint, hits, legacy, candidate, now_s)
    return usage


def test_a_misspelt_rule_is_reported_after_so_many_responses() -> None:
    """The right one is not, though it never hid anything."""
    rules = Rules.of([RIGHT, MISSPELT])
    usage = counted(Usage(), rules, FIRST_RESPONSES - 1)
    assert usage.unmatched(0.0) == []
    assert counted(usage, rules, 1).unmatched(0.0) == [1]
    right, misspelt = usage.standings(0.0)
    assert (right.has_matched, right.hits, right.responses, right.is_reported) == (
        True,
        0,
        1,
        False,
    )
    assert (misspelt.has_matched, misspelt.responses) == (False, FIRST_RESPONSES)


def test_a_rule_is_reported_after_so_many_days() -> None:
    """Since it was first in force, with or without responses."""
    usage, rules = Usage(), Rules.of([MISSPELT])
    usage.follow(rules, 100.0)
    assert usage.unmatched(100.0 + PATIENCE_S - 1) == []
    assert usage.unmatched(100.0 + PATIENCE_S) == [0]
    assert counted(usage, rules, 1, hits={0: 1}).unmatched(100.0 + PATIENCE_S) == []


def test_hits_are_summed_and_are_a_match() -> None:
    """What comparing says; nothing is looked at then."""
    rules = Rules.of([{"path": "$.a", "ignore": True}])
    other = answer('{"a": 2, "b": {"c": 2}}')
    usage = Usage()
    for _ in range(3):
        hits = compare(A, other, rules).hits
        usage.count(rules, "GET /a", hits, A, other, 0.0)
    (standing,) = usage.standings(0.0)
    assert (standing.hits, standing.has_matched, standing.responses) == (3, True, 0)


def test_rules_of_an_endpoint_wait_for_its_responses() -> None:
    """Global ones count those of all endpoints."""
    settings = CompareSettings(rules=(MISSPELT,), endpoints=(("GET /b", (MISSPELT, RIGHT)),))
    rules = Rules.read(settings)
    usage = counted(Usage(), rules)
    assert usage.unmatched(0.0) == [0]
    assert [each.responses for each in usage.standings(0.0)] == [FIRST_RESPONSES, 0, 0]
    assert counted(usage, rules, endpoint="GET /b").unmatched(0.0) == [0, 1]


def test_a_rule_waits_for_a_status_that_it_is_about() -> None:
    """Answers of another one are not counted for it."""
    rules = Rules.of([{**MISSPELT, "when": {"status": ["404"]}}])
    usage = counted(Usage(), rules)
    assert usage.standings(0.0)[0].responses == 0
    missing = A._replace(status=404)
    assert counted(usage, rules, legacy=missing, candidate=missing).unmatched(0.0) == [0]


@pytest.mark.parametrize("side", [answer(""), answer("{"), Observation(FailureKind.TIMEOUT)])
def test_answers_without_a_tree_do_not_accuse_a_path(side: Observation) -> None:
    """Header rules are looked for in them all the same, if there is a head."""
    rules = Rules.of([MISSPELT, {"header": "x-a", "ignore": True}])
    usage = counted(Usage(), rules, legacy=side, candidate=side)
    assert usage.unmatched(0.0) == ([] if side.failure else [1])


def test_a_rule_that_comes_late_is_not_reported_any_more() -> None:
    """After the first responses it is looked for in few of them."""
    rules = Rules.of([MISSPELT])
    usage = counted(Usage(), rules)
    late = answer('{"b": {"d": 1}}')
    assert counted(usage, rules, LATE_EVERY, candidate=late).unmatched(0.0) == []


def test_an_expired_rule_is_not_reported() -> None:
    """It is not in force; looking for it would be in vain."""
    rule = {**MISSPELT, "expires": "2027-01-01"}
    rules = Rules.of([rule], date(2027, 2, 1))
    assert counted(Usage(), rules).unmatched(PATIENCE_S) == []


def test_a_reload_keeps_what_is_known_of_rules_that_stay() -> None:
    """By what they say and for which endpoint, in any order; others begin."""
    usage = counted(Usage(), Rules.of([RIGHT, MISSPELT]), 10, hits={0: 2})
    new = {"path": "$.b.e", "ignore": True}
    usage.follow(Rules.of([new, dict(reversed(MISSPELT.items())), RIGHT]), 50.0)
    assert [
        (each.hits, each.responses, each.since_s, each.has_matched)
        for each in usage.standings(50.0)
    ] == [(0, 0, 50.0, False), (0, 10, 0.0, False), (20, 0, 0.0, True)]
    usage.follow(Rules.of([]), 60.0)
    assert usage.standings(60.0) == []


def test_a_rule_that_is_written_twice_is_one() -> None:
    """It is looked for once in each response."""
    rules = Rules.of([MISSPELT, MISSPELT])
    usage = counted(Usage(), rules, FIRST_RESPONSES - 1)
    assert usage.unmatched(0.0) == []
    assert counted(usage, rules, 1).unmatched(0.0) == [0, 1]


@pytest.mark.parametrize("is_restored_first", [True, False])
def test_a_restart_keeps_it(is_restored_first: bool) -> None:
    """Through JSON, before or after the rules are there."""
    rules = Rules.of([RIGHT, MISSPELT])
    plain = json.loads(json.dumps(counted(Usage(), rules).to_plain()))
    usage = Usage()
    if is_restored_first:
        usage.restore(plain)
    usage.follow(rules, 7.0)
    if not is_restored_first:
        usage.restore(plain)
    assert usage.unmatched(7.0) == [1]
    assert usage.standings(7.0)[1].since_s == 0.0
    assert usage.to_plain() == plain


PLAIN = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["version", "rules", "hits", "responses", "since_s", "has_matched", "x"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(PLAIN, PLAIN)
def test_nothing_that_is_restored_raises(plain: Any, one: Any) -> None:
    """Whatever a file holds, it is left out or counted on."""
    key = next(iter(counted(Usage(), Rules.of([RIGHT]), 1).to_plain()["rules"]))
    for bad in (
        plain,
        {"version": 1, "rules": plain},
        {"version": 1, "rules": {key: one, "": one}},
    ):
        usage = Usage()
        usage.restore(bad)
        counted(usage, Rules.of([RIGHT, MISSPELT]), 1)
        assert len(usage.standings(0.0)) == 2
        json.dumps(usage.to_plain(), allow_nan=False)
