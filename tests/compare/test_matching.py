"""Which rules have a place in two answers."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadowproxy.compare import Observation, Rules
from shadowproxy.compare.budget import Budget
from shadowproxy.compare.matching import Look, Search
from shadowproxy.core.words import FailureKind
from shadowproxy.decode.bounds import BoundError
from tests.compare.documents import VALUES
from tests.compare.observing import answer
from tests.compare.test_laws import PATHS, matches


def search(*plain: dict[str, Any], sought: set[int] | None = None) -> Search:
    holding = Rules.of(plain).holding("", 200)
    return Search(range(len(plain)) if sought is None else sought, holding)


def ignoring(*paths: str) -> list[dict[str, Any]]:
    return [{"path": path, "ignore": True} for path in paths]


def looked(
    legacy: Any, candidate: Any, *plain: dict[str, Any], sought: set[int] | None = None
) -> set[int]:
    look = search(*plain, sought=sought).look(
        answer(json.dumps(legacy)), answer(json.dumps(candidate))
    )
    assert look.saw_body
    return set(look.matched)


def places(value: Any, steps: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every node of a tree."""
    items = (
        value.items() if isinstance(value, dict)
        else enumerate(value) if isinstance(value, list) else ()
    )  # fmt: skip
    return [steps, *(each for step, inner in items for each in places(inner, (*steps, step)))]


@settings(max_examples=300, deadline=None)
@given(VALUES, st.lists(PATHS, max_size=6))
def test_a_rule_is_matched_where_its_path_selects_a_node(value: Any, paths: list[str]) -> None:
    """As reading the path one segment at a time says, for any tree and any rules."""
    nodes = places(value)
    expected = {
        index for index, path in enumerate(paths) if any(matches(path, steps) for steps in nodes)
    }
    assert search(*ignoring(*paths)).matched_in(value, Budget()) == expected


def test_either_answer_is_enough() -> None:
    """A member that one side alone has is a place; a misspelt one is none."""
    rules = ignoring("$.a", "$.b", "$.c", "$[0]", "$..d.e")
    assert looked({"a": 1}, {"b": None}, *rules) == {0, 1}


def test_an_index_is_no_name() -> None:
    """`$[0]` is an element, `$['0']` a member."""
    rules = ignoring("$[0]", "$['0']")
    assert looked([1], [1], *rules) == {0}
    assert looked({"0": 1}, {"0": 1}, *rules) == {1}


def test_rules_that_are_not_sought_are_not_told() -> None:
    """Only those that were asked for."""
    assert looked({"a": 1, "b": 1}, {}, *ignoring("$.a", "$.b"), sought={1}) == {1}


@pytest.mark.parametrize("sought", [{0, 1, 2}, {1, 2}])
def test_paths_lead_into_embedded_documents(sought: set[int]) -> None:
    """Where a rule says that a text holds a document, matched before or not."""
    rules: list[dict[str, Any]] = [
        {"path": "$..payload", "embedded": "json"},
        {"path": "$.x.payload.user", "ignore": True},
        {"path": "$.x.payload.usr", "ignore": True},
    ]
    value = {"x": {"payload": '{"user": 1}'}}
    assert looked(value, {}, *rules, sought=sought) == sought - {2}
    assert looked({"x": {"payload": "{"}}, {}, *rules, sought=sought) == sought - {1, 2}


def test_header_rules_are_matched_by_a_field_of_that_name() -> None:
    """In either head, in any case, with no body at all."""
    rules = [{"header": name, "ignore": True} for name in ("X-A", "x-b", "x-c")]
    look = search(*rules).look(answer("", fields=("x-a: 1",)), answer("", fields=("X-B: 1",)))
    assert look == Look(frozenset((0, 1)), False)


@pytest.mark.parametrize(
    ("body", "content_type", "path"),
    [
        (b'{"a": 1}', None, "$.a"),
        (b"a=1", "application/x-www-form-urlencoded", "$.a[0]"),
        (b"<r><a>1</a></r>", "application/xml", "$.r.a[0]"),
        (b"a,b\n1,2\n", "text/csv", "$[0].b"),
        (b'{"a":1}\n{"a":2}\n', "application/x-ndjson", "$[1].a"),
        (b"\x81\xa1a\x01", "application/msgpack", "$.a"),
    ],
)
def test_every_format_is_looked_into(body: bytes, content_type: str | None, path: str) -> None:
    """As it is compared."""
    look = search(*ignoring(path, "$.nowhere")).look(answer(body, content_type), answer("", None))
    assert look == Look(frozenset((0,)), True)


@pytest.mark.parametrize(
    "side",
    [
        Observation(FailureKind.TIMEOUT),
        answer(""),
        answer("{"),
        answer(b"\xff\x00", "image/png"),
        answer(b"x", fields=("Content-Encoding: gzip",)),
        answer('{"a": 1}')._replace(is_cut=True),
        answer(bytes(32))._replace(is_digest=True),
    ],
)
def test_a_body_that_cannot_be_looked_into_says_nothing(side: Observation) -> None:
    """Neither that the rule has a place nor that it has none; the other side still counts."""
    rules = ignoring("$.a")
    assert search(*rules).look(side, side) == Look(frozenset(), False)
    assert search(*rules).look(side, answer('{"a": 1}')) == Look(frozenset((0,)), True)


def test_looking_is_bounded() -> None:
    """Over the budget nothing is said about what was not seen."""
    with pytest.raises(BoundError):
        search(*ignoring("$..x")).matched_in([[1, 2, 3]] * 10, Budget(20))
    wide = answer("[" + "[0],[0]," * 40_000 + "0]")
    assert search(*ignoring("$..x")).look(wide, wide) == Look(frozenset(), False)
    assert search(*ignoring("$[7].x")).look(wide, wide) == Look(frozenset(), True)


def test_many_descending_rules_stay_in_bounds() -> None:
    """200 rules of two `..` each over a tree that could be in 2^200 states."""
    names = [f"n{n}" for n in range(200)]
    rules = ignoring(*(f"$..{name}..{name}x" for name in names))
    tree: Any = 0
    for name in names:
        tree = {name: tree, name + "y": [tree] if name == "n0" else 0}
    budget = Budget()
    assert search(*rules).matched_in(tree, budget) == set()
    assert budget.left > 0


def test_deep_trees_break_nothing() -> None:
    """No recursion."""
    tree: Any = {"b": 1}
    for _ in range(20_000):
        tree = {"a": tree}
    assert search(*ignoring("$..b", "$..c")).matched_in(tree, Budget()) == {0}
