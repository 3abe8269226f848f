"""Laws of the comparer: what holds for any two answers and any rules."""

import gzip
import json
import re
import zlib
from collections import Counter
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import jsonpatch
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shadowproxy.compare import Comparison, Observation, Rules, compare, response
from shadowproxy.compare.differences import Difference
from shadowproxy.compare.patching import patch
from shadowproxy.core.words import Verdict
from tests.compare.documents import (
    NAMES,
    OBJECTS,
    VALUES,
    are_equal,
    edited,
    exact,
    reversed_members,
    text_of,
)
from tests.compare.loading import load, observation, places

NO_RULES = Rules.of([])
JSON = "application/json"


def json_answer(value: Any) -> Observation:
    return response(text_of(value), JSON)


def judged(legacy: Any, candidate: Any, rules: Rules = NO_RULES) -> Comparison:
    return compare(json_answer(legacy), json_answer(candidate), rules)


# Answers of any format.

TYPES = st.sampled_from(
    [
        None, JSON, "application/problem+json", "application/x-ndjson", "application/json-seq",
        "application/xml", "text/xml; charset=latin-1", "text/html", "text/csv", "text/plain",
        "text/plain; charset=utf-16", "text/plain; charset=nonsense", "text/event-stream",
        "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
        "multipart/mixed", "application/msgpack", "application/octet-stream", "image/png",
        "application/x-protobuf", "; ;", "a/b; charset",
    ]
)  # fmt: skip
CODINGS = st.sampled_from([None, "gzip", "deflate", "br", "zstd", "gzip, br", "identity", "x"])
SEEDS = st.sampled_from(
    [
        b'{"a":1}\n{"a":2}', b"\x1e{}\n", b"<a b='1'><c/>t</a>", b"<!DOCTYPE a><a>&b;</a>",
        b"a,b\n1,2\n", b'a,b\n"1', b"a=1&a=2&b=%ff", b"data: 1\n\nevent: x\n", b"<p class=a>x<p>",
        b'--x\r\nContent-Disposition: form-data; name="n"\r\n\r\nv\r\n--x--\r\n', b"\x81\xa1a\x01",
        b"\xc1", b"\xdf\xff\xff\xff\xff", b"\xef\xbb\xbf{}", b"\xff\xfe{\x00}\x00", b"\x28\xb5\x2f\xfd",
        b"[NaN]", b'"\\ud800"', b"1e999999999", b"{" * 2000, b"\xc9\xff\xff\xff\xff\x01",
    ]
)  # fmt: skip
BODIES = st.binary(max_size=40) | SEEDS | VALUES.map(text_of)


@st.composite
def answers(draw: st.DrawFn) -> Observation:
    """Any bytes under any type and coding, some truly coded and some then damaged."""
    body, coding = draw(BODIES), draw(CODINGS)
    if coding in ("gzip", "deflate") and draw(st.booleans()):
        body = gzip.compress(body, mtime=0) if coding == "gzip" else zlib.compress(body)
        body = body[: draw(st.integers(0, len(body)))] if draw(st.booleans()) else body
    fields = [("Content-Encoding", coding)] if coding else []
    return response(body, draw(TYPES), draw(st.sampled_from([200, 201, 404])), fields)


@settings(deadline=None)
@given(answers())
def test_an_answer_matches_itself(answer: Observation) -> None:
    """compare(x, x) is a match without a reason, in any format, broken or not."""
    result = compare(answer, answer, NO_RULES)
    assert (result.verdict, list(result.differences), result.reason) == (Verdict.MATCH, [], "")


@settings(max_examples=300, deadline=None)
@given(answers(), answers())
def test_any_two_answers_are_judged(legacy: Observation, candidate: Observation) -> None:
    """Nothing raises, and differences are what makes a mismatch."""
    result = compare(legacy, candidate, NO_RULES)
    assert (result.verdict is Verdict.MISMATCH) == bool(result.differences)
    assert (result.verdict is Verdict.MATCH) == (not result.differences and not result.reason)


@settings(max_examples=200, deadline=None)
@given(answers(), answers())
def test_the_verdict_is_symmetric(legacy: Observation, candidate: Observation) -> None:
    """Which side is called legacy does not decide whether the two are equal."""
    there, back = compare(legacy, candidate, NO_RULES), compare(candidate, legacy, NO_RULES)
    assert there.verdict is back.verdict


# JSON.


@settings(max_examples=200, deadline=None)
@given(edited())
def test_a_match_is_equality(pair: tuple[Any, Any]) -> None:
    """JSON bodies match exactly when a plain recursive equality calls them equal."""
    result = judged(*pair)
    assert (result.verdict is Verdict.MATCH) == are_equal(exact(pair[0]), exact(pair[1]))


@settings(max_examples=200, deadline=None)
@given(edited())
def test_differences_do_not_depend_on_the_order_of_members(pair: tuple[Any, Any]) -> None:
    """The same differences, whatever order the members of either side come in."""
    legacy, candidate = pair
    expected = places(judged(legacy, candidate))
    assert places(judged(reversed_members(legacy), candidate)) == expected
    assert places(judged(legacy, reversed_members(candidate))) == expected


@settings(max_examples=200, deadline=None)
@given(edited())
def test_swapped_sides_differ_at_as_many_members(pair: tuple[Any, Any]) -> None:
    """By index, swapping the sides swaps added with removed and moves nothing."""
    rules = Rules.of({"path": p, "array": {"by": "index"}} for p in ("$", "$..*"))
    mirror = {"added": "removed", "removed": "added"}
    back = places(judged(pair[1], pair[0], rules))
    assert places(judged(*pair, rules)) == sorted((p, mirror.get(k, k)) for p, k in back)


@settings(max_examples=300, deadline=None)
@given(edited())
@example(([1], [True]))
@example(([{"id": 1, "v": 1}, {"id": 2}], [{"id": 2}, {"id": 1, "v": 2}]))
@example(([1, 2, 3, 4, 5], [0, 1, 3, 4, 5, 6]))
@example(({"a/b": [1, 2]}, {"a/b": [2, 1]}))
def test_our_patch_makes_the_candidate_of_legacy(pair: tuple[Any, Any]) -> None:
    """RFC 6902 by another library: legacy's document, patched, is the candidate's."""
    operations = patch(json_answer(pair[0]), json_answer(pair[1]), NO_RULES)
    patched = jsonpatch.JsonPatch(operations).apply(json.loads(text_of(pair[0])))
    assert are_equal(exact(patched), exact(pair[1]))
    assert bool(operations) == (judged(*pair).verdict is not Verdict.MATCH)


# Numbers.

SPELLINGS = st.from_regex(
    r"-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,24})?([eE][+-]?[0-9]{1,2})?", fullmatch=True
)


def written(number: str) -> Observation:
    return response(b'{"n":' + number.encode() + b"}", JSON)


@st.composite
def close_numbers(draw: st.DrawFn) -> tuple[str, str]:
    """Two spellings, often of one value or of neighbours."""
    first = draw(SPELLINGS)
    step = draw(st.sampled_from(["0", "1", "1e-20", "0.1", "-0.01", "5e-324"]))
    value = Decimal(first)
    other = format(value + Decimal(step), draw(st.sampled_from(["f", "E"])))
    return first, draw(st.sampled_from([other, first.upper(), draw(SPELLINGS)]))


@settings(max_examples=300, deadline=None)
@given(close_numbers())
@example(("9007199254740993", "9007199254740992.0"))
@example(("1e400", "10e399"))
@example(("-0", "0"))
def test_numbers_are_equal_by_their_written_value(pair: tuple[str, str]) -> None:
    """As Decimal says, whatever the digits, the exponent and the sign of zero."""
    result = compare(written(pair[0]), written(pair[1]), NO_RULES)
    assert (result.verdict is Verdict.MATCH) == (Fraction(pair[0]) == Fraction(pair[1]))


@settings(max_examples=300, deadline=None)
@given(close_numbers(), st.sampled_from(["0", "0.1", "0.01", "1e-20", "1", "1000"]))
@example(("0.7", "0.8"), "0.1")
@example(("1.00", "1.01"), "0.01")
@example(("0.3", "0.30000000000000004"), "0")
def test_a_tolerance_is_exact_at_its_border(pair: tuple[str, str], tolerance: str) -> None:
    """|a - b| <= abs, computed without rounding."""
    rules = Rules.of([{"path": "$", "numbers": {"abs": float(tolerance)}}])
    result = compare(written(pair[0]), written(pair[1]), rules)
    distance = abs(Fraction(pair[0]) - Fraction(pair[1]))
    assert (result.verdict is Verdict.MATCH) == (distance <= Fraction(tolerance))


# Rules only remove.

PATHS = st.sampled_from(
    ["$", "$.a", "$.b", "$.a.b", "$..a", "$..b", "$.*", "$[*]", "$..*", "$..[*]", "$[0]", "$[1]",
     "$['a/b']", "$['']", "$.a..b", "$.a[*].b", "$..a.id", "$[*].a", "$.*.*"]
)  # fmt: skip
IGNORES = st.lists(
    st.builds(lambda path, ignore: {"path": path, "ignore": ignore}, PATHS, st.booleans()),
    max_size=5,
)
LENIENT: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {"ignore": True}, {"ignore": False}, {"class": "token"}, {"numbers": {"abs": 1}},
        {"numbers": {"rel": 0.5}}, {"numbers": "double"}, {"strings": {"case": "ignore"}},
        {"strings": {"trim": True}}, {"strings": {"unicode": "NFC"}}, {"null": "missing"},
        {"empty": "missing"}, {"time": {"tolerance": 5}}, {"coerce": "string"},
        {"url": {"ignore_query": True}}, {"keys": {"case": "ignore"}},
        {"replace": [{"regex": "[a-z]", "with": ""}]}, {"embedded": "json"},
    ]
)  # fmt: skip
ALIGNING: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {"array": {"by": by}} for by in ("auto", "index", "multiset", "set", "lcs")
    ]
    + [{"array": {"by": "key", "key": "id"}}, {"array": {"by": "key", "key": ["a", "b"]}}]
)  # fmt: skip


def rules_with(actions: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.builds(lambda p, a: {"path": p, **a}, PATHS, actions), max_size=4)


@settings(max_examples=300, deadline=None)
@given(VALUES, rules_with(LENIENT | ALIGNING))
def test_rules_never_part_what_is_equal(value: Any, rules: list[Any]) -> None:
    """A match without rules is a match under any rules that do not ask for more."""
    other = response(json.dumps(reversed_members(exact_spelling(value))).encode(), JSON)
    assert compare(json_answer(value), other, NO_RULES).verdict is Verdict.MATCH
    assert compare(json_answer(value), other, Rules.of(rules)).verdict is Verdict.MATCH


def exact_spelling(value: Any) -> Any:
    """The same document with small integers written as fractions."""
    if isinstance(value, dict):
        return {name: exact_spelling(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [exact_spelling(inner) for inner in value]
    is_small = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53
    return float(value) if is_small else value


def outermost(difference: Difference) -> tuple[str | int, ...]:
    """The place up to the first array on the way: what alignment cannot move."""
    steps = difference.steps
    first = next((i for i, step in enumerate(steps) if isinstance(step, int)), len(steps))
    return steps[:first]


@settings(max_examples=300, deadline=None)
@given(edited(), rules_with(LENIENT | ALIGNING))
def test_rules_report_nothing_where_nothing_was(pair: tuple[Any, Any], rules: list[Any]) -> None:
    """What is reported with rules lies at, below or above a place reported without.

    Alignment may say the same about other elements of an array, so places end at the outermost one.
    """
    before = [each.steps for each in judged(*pair).differences]
    for each in judged(*pair, Rules.of(rules)).differences:
        place = outermost(each)
        assert any(place[: len(b)] == b or b[: len(place)] == place for b in before)


REMOVING: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{"ignore": True}, {"ignore": False}, {"class": "token"}, {"numbers": {"abs": 1}},
     {"numbers": "double"}, {"strings": {"case": "ignore"}}, {"null": "missing"},
     {"replace": [{"regex": "[a-z]", "with": ""}]}, {"url": {"ignore_host": True}}]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(edited(OBJECTS), rules_with(REMOVING))
def test_rules_only_remove_differences(pair: tuple[Any, Any], rules: list[Any]) -> None:
    """Without arrays, the multiset of (path, kind) with rules is part of that without.

    Under `null: missing` a changed type of null may be said to be added or removed.
    """
    before, after = places(judged(*pair)), places(judged(*pair, Rules.of(rules)))
    if any("null" in each for each in rules):
        assert Counter(path for path, _ in after) <= Counter(path for path, _ in before)
    else:
        assert Counter(after) <= Counter(before)


def matches(path: str, steps: tuple[str | int, ...]) -> bool:
    """Whether a rule path is that of a node: the RFC 9535 subset, read one segment at a time."""
    segments = re.findall(r"(\.\.)?\.?(?:\['([^']*)'\]|\[(\d+)\]|(\[\*\]|\*)|([^.\[]+))", path[1:])
    states = {0}
    for step in steps:
        after = set()
        for state in states - {len(segments)}:
            if segments[state][0]:
                after.add(state)
            if selects(segments[state], step):
                after.add(state + 1)
        states = after
    return len(segments) in states


def selects(segment: tuple[str, ...], step: str | int) -> bool:
    _, quoted, index, star, name = segment
    if star:
        return True
    return step == (int(index) if index else name or quoted)


def is_ignored(rules: list[Any], steps: tuple[str | int, ...]) -> bool:
    """The nearest matching ancestor wins, then the later rule."""
    for depth in range(len(steps), -1, -1):
        found = [rule["ignore"] for rule in rules if matches(rule["path"], steps[:depth])]
        if found:
            return bool(found[-1])
    return False


@settings(max_examples=500, deadline=None)
@given(edited(), IGNORES)
def test_ignoring_removes_exactly_what_it_names(pair: tuple[Any, Any], rules: list[Any]) -> None:
    """By index: what is left is what no rule ignores, and nothing else is gone."""
    by_index = [{"path": p, "array": {"by": "index"}} for p in ("$", "$..*")]
    before = judged(*pair, Rules.of(by_index)).differences
    expected = sorted((d.path, str(d.kind)) for d in before if not is_ignored(rules, d.steps))
    assert places(judged(*pair, Rules.of(by_index + rules))) == expected


@given(NAMES)
def test_a_quoted_name_is_that_name(name: str) -> None:
    """`$['name']` ignores the member of exactly that name."""
    rules = Rules.of([{"path": f"$['{name}']", "ignore": True}])
    assert judged({name: 1}, {name: 2}, rules).verdict is Verdict.MATCH
    assert places(judged({name + "x": 1}, {name + "x": 2}, rules))[0][1] == "changed"


def test_an_expired_rule_hides_nothing() -> None:
    """A rule ends after its day."""
    rule = {"path": "$.a", "ignore": True, "expires": "2027-01-01"}
    for today, verdict in (
        (date(2026, 12, 31), Verdict.MATCH),
        (date(2027, 1, 2), Verdict.MISMATCH),
        (None, Verdict.MATCH),
    ):
        assert judged({"a": 1}, {"a": 2}, Rules.of([rule], today)).verdict is verdict


@pytest.mark.parametrize("case", load("own_cases.json")["cases"], ids=lambda case: case["id"])
def test_each_written_side_matches_itself(case: dict[str, Any]) -> None:
    """Both sides of every pair that is written down match themselves under the pair's rules."""
    rules = Rules.of(case["rules"])
    for name in ("legacy", "candidate"):
        side = observation(case, name)
        assert compare(side, side, rules).verdict is Verdict.MATCH
