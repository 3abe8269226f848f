"""Rules that are proposed for a finding."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadowproxy.compare import Rules, compare, response
from shadowproxy.compare.differences import MISSING, Difference
from shadowproxy.compare.rules import read_rule
from shadowproxy.core.words import Kind
from shadowproxy.pages.proposals import as_yaml, place_of, propose, seen_of
from shadowproxy.pages.trying import ABSENT
from tests.config.files import LEGACY, load_text

NAMES = st.sampled_from(["", "/", "~", "a", "id", "a b", "'", "\\", "0", "<b>", "*", "é"])
LEAVES = (
    st.none() | st.booleans() | st.integers(-3, 300) | st.sampled_from(["", "x", "X", "12", "[1]"])
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


def found(legacy: Any, candidate: Any, *rules: Any) -> list[Difference]:
    ours, theirs = (
        response(orjson.dumps(each), "application/json") for each in (legacy, candidate)
    )
    return list(compare(ours, theirs, Rules.of(rules)).differences)


def group_of(differences: list[Difference]) -> dict[str, Any]:
    """A finding's document, with one sample that holds these differences."""
    first = differences[0]
    shown = [
        {"path": each.path, "kind": str(each.kind)}
        | ({} if each.legacy is MISSING else {"legacy": each.legacy})
        | ({} if each.candidate is MISSING else {"candidate": each.candidate})
        for each in differences
    ]
    return {
        "path": first.general_path,
        "kind": str(first.kind),
        "types": ["", ""],
        "samples": [{"differences": shown}],
        "pairs": [],
    }


def finding(path: str, kind: str, *pairs: tuple[Any, Any], **more: Any) -> dict[str, Any]:
    differences = [
        Difference(
            path.replace("*", "3"),
            Kind(kind),
            MISSING if a is ... else a,
            MISSING if b is ... else b,
        )
        for a, b in pairs
    ]
    group = group_of(differences) if pairs else {"samples": [], "pairs": []}
    return {**group, "path": path, "kind": kind, **more}


def rules_for(*args: Any, **more: Any) -> list[dict[str, Any]]:
    return [each.rule for each in propose(finding(*args, **more))]


@settings(deadline=None)
@given(TREES, TREES)
def test_a_proposed_rule_hides_its_finding(legacy: Any, candidate: Any) -> None:
    """In the very bodies in which it was found: nothing of that kind is left at that place."""
    groups: dict[tuple[str, str], list[Difference]] = {}
    for each in found(legacy, candidate):
        groups.setdefault((each.general_path, each.kind), []).append(each)
    for key, differences in groups.items():
        proposals = propose(group_of(differences))
        assert proposals, key
        for proposal in proposals:
            left = [
                (each.general_path, each.kind) for each in found(legacy, candidate, proposal.rule)
            ]
            assert key not in left, proposal.rule


@pytest.mark.parametrize(
    ("args", "narrowest"),
    [
        (("/items/*/price", "type", (12, "12")), {"path": "$.items[*].price", "coerce": "string"}),
        (
            ("/at", "changed", ("2027-01-01T00:00:00Z", "2027-01-01T00:00:07Z")),
            {"path": "$.at", "time": {"tolerance": "10s"}},
        ),
        (
            ("/at", "changed", ("2027-01-01T00:00:00Z", "2031-01-01T00:00:07Z")),
            {"path": "$.at", "class": "timestamp"},
        ),
        (
            ("/id", "changed", *[(f"{at:08x}-e29b-41d4-a716-446655440000",
                                  f"{at + 1:08x}-e29b-41d4-a716-446655440000") for at in range(3)]),
            {"path": "$.id", "class": "uuid"},
        ),
        (("/n", "changed", (12.0, 12.01), (3, 3.018)), {"path": "$.n", "numbers": {"abs": 0.02}}),
        (("/n", "changed", (1000, 1007)), {"path": "$.n", "numbers": {"abs": 10}}),
        (("/n", "changed", (0.001, 0.0014)), {"path": "$.n", "numbers": {"abs": 0.0005}}),
        (("/s", "changed", ("A b", "a b")), {"path": "$.s", "strings": {"case": "ignore"}}),
        (("/s", "changed", ("a b", "a  b")), {"path": "$.s", "strings": {"collapse_ws": True}}),
        (("/s", "changed", ("a", "a ")), {"path": "$.s", "strings": {"trim": True}}),
        (("/u", "changed", ("http://a/?b=1", "http://a/?b=2")),
         {"path": "$.u", "url": {"ignore_query": True}}),
        (("/j", "changed", ('{"a":1,"b":2}', '{"b":2,"a":1}')), {"path": "$.j", "embedded": "json"}),
        (("/x", "removed", (None, ...)), {"path": "$.x", "null": "missing"}),
        (("/x", "added", (..., [])), {"path": "$.x", "empty": "missing"}),
        (("/x", "added", (..., 1)), {"path": "$.x", "ignore": True}),
        (("/t", "order", (["a", "b"], ["b", "a"])), {"path": "$.t", "array": {"by": "multiset"}}),
        (("", "order", ([{"id": 1}, {"id": 2}], [{"id": 2}, {"id": 1}])),
         {"path": "$", "array": {"by": "key", "key": "id"}}),
        (("#header/vary", "changed", ("a, b", "b, a")), {"header": "vary", "list": "unordered"}),
        (("#header/x-a", "removed", ("a", ...)), {"header": "x-a", "ignore": True}),
        (("/a~1b/''/*", "changed", ("x", "y")), {"path": "$['a/b']['\\'\\''][*]", "ignore": True}),
    ],
)  # fmt: skip
def test_the_narrowest_rule_comes_first_and_ignore_last(args: Any, narrowest: Any) -> None:
    """What is proposed follows from what the values have in common."""
    rules = rules_for(*args)
    assert rules[0] == narrowest
    assert rules[-1].get("ignore") is True


@pytest.mark.parametrize(
    "pair", [(1, 2), (100, 170), (100, 98), (0, 0.5), (0.001, 0.002), (-5, 5), (0.5, 0.52)]
)
def test_numbers_that_are_far_apart_are_no_inaccuracy(pair: tuple[Any, Any]) -> None:
    """A tolerance that would hide them hides bugs: none is proposed, not even beside a small one."""
    assert rules_for("/n", "changed", pair) == [{"path": "$.n", "ignore": True}]
    assert rules_for("/n", "changed", (1000, 1001), pair) == [{"path": "$.n", "ignore": True}]


@pytest.mark.parametrize(
    "group",
    [finding("/n", "changed", (1, 2)), finding("/x", "added", (..., 1)), finding("", "media"),
     finding("#header/x-a", "removed", ("a", ...))],
)  # fmt: skip
def test_a_rule_that_hides_everything_says_so(group: dict[str, Any]) -> None:
    """It may be the only one, and is then chosen: its cost is beside it."""
    for proposal in propose(group):
        if proposal.rule.get("ignore") is True:
            assert proposal.costs.startswith("Everything here is hidden")


def test_a_media_type_is_let_be_by_its_field() -> None:
    """It is told at the body, and a rule for the body would not hide it."""
    rules = rules_for("", "media", types=["application/json", "text/html"])
    assert rules == [{"header": "content-type", "ignore": True}]


@pytest.mark.parametrize(
    ("path", "kind"),
    [("#status", "status"), ("", "empty"), ("", "invalid"), ("", "raw"), ("/a...", "changed")],
)
def test_where_no_rule_reaches_none_is_proposed(path: str, kind: str) -> None:
    """A status, a body as a whole, a path that was cut."""
    assert place_of(finding(path, kind)) == {}
    assert rules_for(path, kind) == []


@pytest.mark.parametrize(
    "value", ["[redacted]", "hash:0123456789abcdef", "[string]", "2027-01-01T00:00...", "...tail"]
)
def test_looks_of_hidden_values_prove_nothing(value: str) -> None:
    """A keyed hash looks like a token; the value that it stands for need not."""
    group = finding("/x", "changed", (value, value[:-1] + "0"), (value, "x"))
    assert [each.rule for each in propose(group)] == [{"path": "$.x", "ignore": True}]


def test_pairs_are_values_too() -> None:
    """Written short; those that are cut or only counted are left out."""
    pairs = [
        {"legacy": '"a"', "candidate": "12.5"},
        {"legacy": "null", "candidate": "(absent)"},
        {"legacy": "{3 members}", "candidate": "1"},
        {"legacy": '"abc..."', "candidate": '"abd"'},
        {"legacy": "(an integer of 300 bits)", "candidate": "1"},
        {"legacy": 7, "candidate": None},
    ]
    assert seen_of({"pairs": pairs}) == [("a", 12.5), (None, ABSENT)]


def test_a_rule_fits_all_values_or_is_not_proposed() -> None:
    """One pair that is no time, and no rule about times is offered."""
    rules = rules_for("/t", "changed", ("2027-01-01", "2027-01-02"), ("today", "yesterday"))
    assert rules == [{"path": "$.t", "ignore": True}]


@pytest.mark.parametrize("endpoint", ["", "GET /a/{id}", "GET /a/${b}/*", "GET /é"])
@pytest.mark.parametrize(
    "group",
    [
        finding("/a${b}/'c\"", "removed", (None, ...)),
        finding("/n", "changed", (12.0, 12.01)),
        finding("/n", "changed", (1e-9, 2e-9), (1e-9, 1.5e-9)),
        finding("/at", "changed", ("2027-01-01T00:00:00Z", "2027-01-01T00:00:07Z")),
        finding("/t", "order", ([{"id": 1}, {"id": 2}], [{"id": 2}, {"id": 1}])),
        finding("#header/vary", "changed", ("a, b", "b, a")),
    ],
)
def test_what_is_to_be_pasted_is_the_rule(
    tmp_path: Path, endpoint: str, group: dict[str, Any]
) -> None:
    """In a configuration file it is accepted, and hides what the proposal hides."""
    for proposal in propose(group):
        assert json.loads(proposal.written) == proposal.rule
        loaded = load_text(tmp_path, f"{LEGACY}{as_yaml(proposal, endpoint)}\n")
        compare_settings = loaded.settings.compare
        rules = dict(compare_settings.endpoints)[endpoint] if endpoint else compare_settings.rules
        (rule,) = rules
        assert replace(read_rule(rule), plain={}) == replace(read_rule(proposal.rule), plain={})


@pytest.mark.parametrize(
    "group",
    [
        {},
        {"path": None, "kind": 7, "samples": "x", "pairs": [None]},
        {"path": "/x", "kind": "nonsense"},
        {"path": "x", "kind": "changed"},
        {"path": "/x", "kind": "changed", "pairs": [{"legacy": "\ud800", "candidate": "1" * 5000}]},
        {"path": "#header/", "kind": "changed"},
        {"path": "#header/a\r\nb", "kind": "changed"},
        {"path": "/x", "kind": "changed", "samples": [{"differences": [
            {"path": "/x", "kind": "changed", "legacy": 10**5000, "candidate": float("nan")}]}]},
    ],
)  # fmt: skip
def test_strange_findings_raise_nothing(group: dict[str, Any]) -> None:
    """Whatever a document holds; and what is proposed is still a rule."""
    for proposal in propose(group):
        assert read_rule(proposal.rule).plain == proposal.rule
