"""The simulator says what one more rule would hide, and how much of that is dangerous."""

from typing import Any

import pytest
from hypothesis import given, settings

from shadowproxy.compare import Observation, RuleError, Rules
from shadowproxy.compare.differences import MISSING, Difference
from shadowproxy.compare.simulating import MAX_EXAMPLES, MAX_PAIRS, Pair, leaves_class, simulate
from shadowproxy.core.words import FailureKind, Kind
from tests.compare.documents import edited
from tests.compare.observing import NO_RULES, answer
from tests.compare.test_laws import LENIENT, json_answer, judged, rules_with

UUIDS = "8c2f2f0e-51c1-4f43-b4a7-2f1f9e3a6f10", "0b1c2d3e-51c1-4f43-b4a7-2f1f9e3a6f11"


def pairs(*documents: tuple[Any, Any], endpoint: str = "") -> list[Pair]:
    return [
        Pair(json_answer(legacy), json_answer(candidate), endpoint)
        for legacy, candidate in documents
    ]


def test_a_rule_is_told_from_what_it_would_hide() -> None:
    """Mismatches that are none any more, differences that are gone, and those that left their class."""
    stored = pairs(
        ({"id": UUIDS[0], "v": 1}, {"id": UUIDS[1], "v": 1}),
        ({"id": UUIDS[0], "v": 1}, {"id": UUIDS[1], "v": 2}),
        ({"id": UUIDS[0], "v": 1}, {"id": None, "v": 1}),
        ({"id": UUIDS[0], "v": 1}, {"v": 1}),
        ({"id": UUIDS[0], "v": 1}, {"id": UUIDS[0], "v": 1}),
    )
    found = simulate({"path": "$.id", "ignore": True}, stored, NO_RULES)
    assert (found.pairs, found.mismatches, found.hidden_mismatches) == (5, 4, 3)
    assert (found.hidden_differences, found.leaving_class, found.new_differences) == (4, 2, 0)
    assert [(each.pair, each.leaves_class) for each in found.examples] == [
        (2, True), (3, True), (0, False),
    ]  # fmt: skip
    assert found.are_all


def test_a_class_rule_hides_nothing_dangerous() -> None:
    """The narrower rule hides the same noise and keeps the bug."""
    stored = pairs(({"id": UUIDS[0]}, {"id": UUIDS[1]}), ({"id": UUIDS[0]}, {"id": "oops"}))
    found = simulate({"path": "$.id", "class": "uuid"}, stored, NO_RULES)
    assert (found.mismatches, found.hidden_mismatches, found.leaving_class) == (2, 1, 0)


def test_what_rules_hide_already_is_not_counted() -> None:
    """Only what is gone by the new rule counts."""
    rules = Rules.of([{"path": "$.a", "ignore": True}])
    found = simulate({"path": "$", "ignore": True}, pairs(({"a": 1}, {"a": 2})), rules)
    assert (found.mismatches, found.hidden_differences) == (0, 0)
    assert len(rules.rules) == 1


def test_a_rule_of_an_endpoint_hides_nothing_elsewhere() -> None:
    """Pairs of other endpoints are counted, and stay."""
    stored = pairs(({"a": 1}, {"a": 2}), endpoint="GET /a") + pairs(({"a": 1}, {"a": 2}))
    found = simulate({"path": "$.a", "ignore": True}, stored, NO_RULES, "GET /a")
    assert (found.pairs, found.mismatches, found.hidden_mismatches) == (2, 2, 1)
    assert found.examples[0].endpoint == "GET /a"


def test_a_rule_that_asks_for_more_shows_it() -> None:
    """`numbers: strict` and another pairing show differences that were none."""
    found = simulate(
        {"path": "$", "numbers": "strict"}, pairs(({"a": 1, "b": 1}, {"a": 1.0, "b": 2})), NO_RULES
    )
    assert (found.hidden_differences, found.new_differences) == (0, 1)


def test_header_rules_are_simulated_too() -> None:
    """A field that the candidate lost is dangerous to hide."""
    legacy = answer("{}", fields=("X-Served-By: a",))
    stored = [Pair(legacy, answer("{}", fields=("X-Served-By: b",))), Pair(legacy, answer("{}"))]
    found = simulate({"header": "x-served-by", "ignore": True}, stored, NO_RULES)
    assert (found.hidden_mismatches, found.leaving_class) == (2, 1)


def test_failures_are_no_mismatches() -> None:
    """A pair without two answers is looked at and hides nothing."""
    stored = [Pair(answer("{}"), Observation(FailureKind.TIMEOUT))]
    found = simulate({"path": "$", "ignore": True}, stored, NO_RULES)
    assert (found.pairs, found.mismatches, found.hidden_mismatches) == (1, 0, 0)


def test_pairs_and_examples_have_an_end() -> None:
    """No more pairs than MAX_PAIRS are taken, and the answer says so; one example for each place."""
    taken = []

    def endless() -> Any:
        while True:
            taken.append(1)
            yield Pair(answer("[1]"), answer("[2]"))

    found = simulate({"path": "$", "ignore": True}, endless(), NO_RULES)
    assert (found.pairs, found.are_all, len(found.examples)) == (MAX_PAIRS, False, 1)
    assert len(taken) == MAX_PAIRS + 1
    names = [f"n{chr(97 + n)}" for n in range(20)]
    wide = pairs((dict.fromkeys(names, 1), dict.fromkeys(names)), (dict.fromkeys(names, 1), {}))
    found = simulate({"path": "$", "ignore": True}, wide, NO_RULES)
    assert (found.hidden_differences, len(found.examples)) == (40, MAX_EXAMPLES)


def test_a_rule_that_means_nothing_is_refused() -> None:
    """As when it is accepted."""
    with pytest.raises(RuleError):
        simulate({"path": "$.a"}, [], NO_RULES)


@pytest.mark.parametrize(
    ("legacy", "candidate", "leaves"),
    [
        (UUIDS[0], UUIDS[1], False), (UUIDS[0], "none", True), (UUIDS[0], "", True),
        ("2027-01-01T00:00:00Z", "2027-01-02T00:00:00Z", False), ("2027-01-01", "soon", True),
        ("abcdefgh", "deadbeef", False), ("deadbeef", "abcdefgh!", True),
        ("a few words", "other words", False), ("a few words", "", True), ("", "words", True),
        (1, 2, False), (1, 10**30, False), (True, False, False),
    ],
)  # fmt: skip
def test_values_leave_their_class(legacy: Any, candidate: Any, leaves: bool) -> None:
    """A text leaves the class that it looks like; an empty one is a class of its own."""
    assert leaves_class(Difference("/a", Kind.CHANGED, legacy, candidate)) is leaves


def test_other_kinds_leave_but_order() -> None:
    """On one side only, of another type, undecodable: only the order is harmless."""
    for kind in Kind:
        is_harmless = kind in (Kind.ORDER, Kind.DUPLICATE_KEY)
        values = (1, None) if kind is Kind.CHANGED else (1, MISSING)
        assert leaves_class(Difference("/a", kind, *values)) is not is_harmless


@settings(max_examples=60, deadline=None)
@given(edited(), rules_with(LENIENT))
def test_a_simulation_says_what_the_rule_then_does(
    pair: tuple[Any, Any], rules: list[dict[str, Any]]
) -> None:
    """The counts are those of comparing with and without the last rule."""
    if not rules:
        return
    found = simulate(rules[-1], pairs(pair), Rules.of(rules[:-1]))
    before, after = judged(*pair, Rules.of(rules[:-1])), judged(*pair, Rules.of(rules))
    assert found.mismatches == bool(before.differences)
    assert found.hidden_mismatches == (bool(before.differences) and not after.differences)
    change = len(before.differences) - len(after.differences)
    assert found.hidden_differences - found.new_differences == change
    assert found.leaving_class <= found.hidden_differences
