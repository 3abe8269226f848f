"""The comparer's laws, and the accepted pairs of other comparers."""

import gc
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shadowproxy.compare.comparing import compare
from shadowproxy.compare.observations import Observation
from shadowproxy.compare.ruleset import Rules
from shadowproxy.core.words import FailureKind, Kind, Verdict
from tests.compare.observing import NO_RULES, answer, compared, found

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "a", "b", "1", "true", "~", "/"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=12,
)
json_texts = st.one_of(
    json_values.map(json.dumps),
    st.sampled_from(["1e400", "1.0", "1e0", "18446744073709551616", '"\\ud800"', "[1,]", "NaN"]),
)
heads = st.lists(
    st.sampled_from(
        [
            "Content-Type: application/json", "Content-Type: text/plain; charset=latin-1",
            "Content-Type: text/plain; charset=punycode", "Content-Encoding: gzip",
            "Content-Encoding: br", "Content-Encoding: deflate, gzip", "Set-Cookie: a=b; Path=/",
            "Connection: x-a", "X-A: 1", "x-a: 2", "Date: now", "Vary: a, b", "broken line", ":",
        ]
    )
    | st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=20),
    max_size=6,
)  # fmt: skip
bodies = st.binary(max_size=60) | json_texts.map(str.encode)


@st.composite
def observations(draw: st.DrawFn) -> Observation:
    if draw(st.integers(0, 9)) == 0:
        return Observation(draw(st.sampled_from(FailureKind)))
    status = draw(st.sampled_from([200, 201, 304, 404, 500]))
    lines = [f"HTTP/1.1 {status} X", *draw(heads), "", ""]
    body = draw(bodies)
    is_digest = draw(st.integers(0, 5)) == 0
    return Observation(
        None, status, "\r\n".join(lines).encode("latin-1"),
        bytes(32) if is_digest else body, len(body), is_digest, draw(st.integers(0, 9)) == 0,
    )  # fmt: skip


@given(observations())
def test_an_observation_matches_itself(observation: Observation) -> None:
    """compare(x, x) is a match, whatever x is, unless x is a failure or was cut off."""
    result = compare(observation, observation, NO_RULES)
    if observation.failure is not None:
        assert result.verdict is Verdict.BOTH_FAILED
    elif observation.is_cut:
        assert result.verdict is Verdict.INCOMPARABLE
    else:
        assert (result.verdict, result.reason) == (Verdict.MATCH, "")


@given(observations(), observations())
def test_any_two_observations_are_judged_and_verdicts_agree_with_differences(
    legacy: Observation, candidate: Observation
) -> None:
    """Nothing raises; differences mean mismatch; a reason without differences is never a match."""
    result = compare(legacy, candidate, NO_RULES)
    if legacy.failure is None and candidate.failure is None:
        assert (result.verdict is Verdict.MISMATCH) == bool(result.differences)
        assert (result.verdict is Verdict.MATCH) == (not result.differences and not result.reason)
    else:
        assert result.verdict in {
            Verdict.LEGACY_FAILED, Verdict.CANDIDATE_FAILED, Verdict.BOTH_FAILED,
        }  # fmt: skip


MIRRORED = {Kind.ADDED: Kind.REMOVED, Kind.REMOVED: Kind.ADDED}


BROKEN = b"HTTP/1.1 200 X\r\nContent-Encoding: gzip\r\n"
LATIN = b"Content-Type: text/plain; charset=latin-1\r\n"


@given(observations(), observations())
@example(
    Observation(None, 200, BROKEN + LATIN + b"\r\n", b"\x80", 1),
    Observation(None, 200, BROKEN + b"\r\n", b"\x80", 1),
)
def test_kinds_are_symmetric(legacy: Observation, candidate: Observation) -> None:
    """Swapping the sides swaps added with removed and changes no other kind."""
    there, back = compare(legacy, candidate, NO_RULES), compare(candidate, legacy, NO_RULES)
    mirrored = sorted((d.path, MIRRORED.get(d.kind, d.kind)) for d in back.differences)
    assert sorted((d.path, d.kind) for d in there.differences) == mirrored


def are_equal(a: Any, b: Any) -> bool:
    """JSON equality, written as plainly as it can be."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(are_equal(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(are_equal, a, b))
    return (type(a) is type(b) and a == b) or (isinstance(a, int | float) and a == b)


@given(json_values, json_values)
def test_json_matches_exactly_when_the_values_are_equal(a: Any, b: Any) -> None:
    """A match is what a plain recursive equality calls equal, and nothing else is."""
    result = compared(answer(json.dumps(a)), answer(json.dumps(b)))
    assert (result.verdict is Verdict.MATCH) == are_equal(a, b)


@given(json_values)
def test_white_space_and_member_order_mean_nothing(value: Any) -> None:
    """The same value, indented and with its members reversed, is a match."""

    def reverse(node: Any) -> Any:
        if isinstance(node, dict):
            return {name: reverse(node[name]) for name in reversed(node)}
        return [reverse(item) for item in node] if isinstance(node, list) else node

    assert found(answer(json.dumps(value)), answer(json.dumps(reverse(value), indent=2))) == []


@pytest.mark.parametrize(
    ("legacy", "candidate", "expected"),
    [
        ("[1]", "[true]", [("/0", "type")]),
        ("[0]", "[false]", [("/0", "type")]),
        ('{"a":true}', '{"a":1}', [("/a", "type")]),
        ("1", "1.0", []),
        ("1", "1e0", []),
        ("-0", "0", []),
        ("9007199254740993", "9007199254740992", [("", "changed")]),
        ("9007199254740993", "9007199254740993.0", []),
        ("18446744073709551616", "18446744073709551617", [("", "changed")]),
        ("18446744073709551616", "1.8446744073709551616e19", []),
        ("0.1", "0.10000000000000000555", [("", "changed")]),
        ("1e400", "1e401", [("", "changed")]),
        ("1e400", "10e399", []),
        ("[1,2.0]", "[2,1.0]", [("", "order")]),
        ("[1,2,true]", "[true,2,1]", [("", "order")]),
        ('[{"a":1},{"b":2}]', '[{"b":2.0},{"a":1}]', [("", "order")]),
        ("[1,1,2]", "[1,2,2]", [("/1", "changed")]),
        ("null", '""', [("", "type")]),
        ('{"a":null}', "{}", [("/a", "removed")]),
        ("[1,2,3,4,5]", "[1,2,9,4,5]", [("/2", "changed")]),
        ("[1,2,3]", "[1,2,2.5,3]", [("/2", "added")]),
        ("[1,2,3]", "[1,3]", [("/1", "removed")]),
        ('"\\ud800"', '"\\ud801"', [("", "changed")]),
        ("{", "{}", [("", "invalid")]),
        ("{", "[", [("", "raw")]),
        ("NaN", "null", [("", "invalid")]),
        ("", "{}", [("", "empty")]),
    ],
)
def test_json_semantics(legacy: str, candidate: str, expected: list[tuple[str, str]]) -> None:
    """Numbers compare by written value, a boolean is no number, null is not missing."""
    assert found(answer(legacy), answer(candidate)) == expected


def test_a_status_of_another_class_is_one_finding() -> None:
    """An error page instead of an answer is `status` alone, whatever its body says."""
    error = answer("<h1>no</h1>", "text/html", 500)
    assert found(answer('{"a":1}'), error) == [("#status", "status")]


def test_a_status_of_the_same_class_leaves_the_body_in() -> None:
    """200 and 201 differ, and so may their bodies."""
    assert found(answer("1"), answer("2", status=201)) == [("", "changed"), ("#status", "status")]


@pytest.mark.parametrize(
    ("legacy", "candidate", "verdict"),
    [
        (None, FailureKind.TIMEOUT, Verdict.CANDIDATE_FAILED),
        (FailureKind.RESET, None, Verdict.LEGACY_FAILED),
        (FailureKind.RESET, FailureKind.RESET, Verdict.BOTH_FAILED),
    ],
)
def test_failures_are_verdicts(
    legacy: FailureKind | None, candidate: FailureKind | None, verdict: Verdict
) -> None:
    """A side without a usable answer decides the verdict alone."""
    sides = [answer("{}") if kind is None else Observation(kind) for kind in (legacy, candidate)]
    assert compared(sides[0], sides[1]).verdict is verdict


@pytest.mark.parametrize("rules", [[], [{"path": "$..t", "embedded": "json"}]], ids=["none", "one"])
def test_a_comparison_leaves_no_cycles(rules: list[Any]) -> None:
    """What it made is gone with its last reference, not when the collector finds 50,000 more."""
    sides = (
        answer('{"a":[{"b":1},{"c":true}],"t":"[1]"}'),
        answer('{"a":[{"c":true},{"b":1}],"t":"[2]"}'),
    )
    in_force = Rules.of(rules)
    gc.disable()
    try:
        gc.collect()
        assert compare(*sides, in_force).verdict is Verdict.MISMATCH
        assert gc.collect() == 0
    finally:
        gc.enable()


@pytest.mark.parametrize("other", ["1", "12345678901234567890123"])
def test_a_number_is_a_time_however_numbers_are_read(other: str) -> None:
    """That another one in the document needs exact reading changes nothing."""
    rules = Rules.of([{"path": "$.t", "class": "timestamp"}])
    legacy = f'{{"t": [1700000000.5, 1700000000, 1.7e9], "x": {other}}}'
    candidate = f'{{"t": [1700000001.25, 17000000010e-1, 1700000002], "x": {other}}}'
    assert compared(answer(legacy), answer(candidate), rules).hits == {0: 3}
