"""What other comparers accept as tests holds here too, in our words.

Sources are named in peer_cases.json. What is not mapped is listed with its reason in peers.py.
"""

import json
from collections.abc import Iterable
from typing import Any

import msgpack
import pytest

from shadowproxy.compare import Comparison, Observation, Rules, compare, response
from shadowproxy.compare.differences import Difference
from shadowproxy.core.words import FailureKind, Kind, Verdict
from shadowproxy.findings.endpoints import endpoint_of
from tests.compare.loading import places
from tests.compare.peers import BLOCKS, CASES, EXCLUDED, case_of, mapped, names

JSON = "application/json"
EVERYWHERE = ("$", "$..*")


def judged(legacy: Any, candidate: Any, *rules: dict[str, Any]) -> Comparison:
    """Two values as JSON bodies."""
    sides = [response(json.dumps(each).encode(), JSON) for each in (legacy, candidate)]
    return compare(sides[0], sides[1], Rules.of(rules))


def arrays(**action: Any) -> list[dict[str, Any]]:
    """An array rule for every node."""
    return [{"path": path, "array": action} for path in EVERYWHERE]


def path_of(steps: Iterable[str | int]) -> str:
    """The rule path of a place, any index."""
    return "$" + "".join("[*]" if isinstance(step, int) else f"['{step}']" for step in steps)


def ignoring(differences: Iterable[Difference]) -> list[dict[str, Any]]:
    """Rules that ignore the places of these differences in any element."""
    return [{"path": path_of(each.steps), "ignore": True} for each in differences]


def dotted(difference: Difference) -> str:
    """Keploy's name of a place: names joined by dots, without indices."""
    return ".".join(step for step in difference.steps if isinstance(step, str))


def test_every_case_is_mapped_or_has_a_reason() -> None:
    """Mapped and excluded are all cases, every reason is about a case, and no block is forgotten."""
    everything = names()
    assert len(set(everything)) == len(everything)
    assert set(EXCLUDED) <= set(everything)
    assert all(EXCLUDED.values())
    used = {f"{block}/{name}" for block in BLOCKS for name in mapped(block)}
    assert used | set(EXCLUDED) == set(everything)
    tested = {block for block in BLOCKS if mapped(block)}
    assert tested == set(TESTED)
    assert {block.partition(".")[0] for block in BLOCKS} == {
        name.removesuffix("_noise_derivation") for name in CASES
    }


TESTED = (
    "diff_spec", "lifter_spec", "endpoint_naming", "peer_diferencia.compare",
    "peer_diferencia.noise", "peer_diferencia.after_noise_removal", "peer_diferencia.headers",
    "peer_diferencia.text", "peer_mroki", "peer_keploy.cases", "peer_keploy.round_trip_tamper",
    "peer_keploy.regex_noise", "peer_keploy.headers", "peer_keploy.severity",
    "peer_caddy_mirror_jq",
)  # fmt: skip
"""The blocks that have a test below."""

KINDS = {
    "NoDifference": [],
    "PrimitiveDifference": [("", "changed")],
    "TypeDifference": [("", "type")],
    "OrderingDifference": [("", "order")],
}
DIFFY = {
    "type-4": [("", "changed")],  # number is one type
    "seq-size": [("/1", "removed"), ("/3", "added"), ("/4", "added")],
    "indexed": [("/2", "changed")],
    "set": [("/0", "removed"), ("/2", "added")],
    "map": [("/2", "changed"), ("/3", "removed"), ("/4", "added")],
    "record": [("/first", "changed")],
    "bytes": [("/$bytes", "changed")],
}
"""Where Diffy's kind is not one of ours."""


@pytest.mark.parametrize("name", mapped("diff_spec"))
def test_diffy_kinds(name: str) -> None:
    """Diffy's kinds are found as ours; its sets are arrays by set, its byte buffers msgpack's."""
    case = case_of("diff_spec", name)
    expected = DIFFY.get(name, KINDS.get(case["expected_kind"]))
    left, right = case["left"], case["right"]
    if name == "bytes":
        sides = [
            response(msgpack.packb(side["$bytes"].encode()), "application/msgpack")
            for side in (left, right)
        ]
        assert places(compare(sides[0], sides[1], Rules.of([]))) == expected
    elif isinstance(left, dict) and "$set" in left:
        found = judged(left["$set"], right["$set"], {"path": "$", "array": {"by": "set"}})
        assert places(found) == expected
    elif isinstance(left, dict) and "$map" in left:
        assert places(judged(dict(left["$map"]), dict(right["$map"]))) == expected
    else:
        assert places(judged(left, right)) == expected


ACCOUNTS = case_of("lifter_spec", "json-utf8")["response"]
ATTRIBUTES = case_of("lifter_spec", "html-attr-diff")
PAGE = ATTRIBUTES["left_html"]


def lifted(body: Any, **headers: str) -> Observation:
    """A JSON answer with the fields of Diffy's example."""
    fields = ACCOUNTS["headers"] | headers
    content_type = fields.pop("Content-Type")
    return response(json.dumps(body).encode(), content_type, 200, list(fields.items()))


def text(body: str, content_type: str | None) -> Observation:
    return response(body.encode(), content_type)


LIFTED: dict[str, tuple[Observation, Observation, list[tuple[str, str]] | None]] = {
    "json-utf8": (
        lifted(ACCOUNTS["body"]),
        lifted(ACCOUNTS["body"] | {"total_count": 3, "next_cursor": "x"}),
        [("/next_cursor", "type"), ("/total_count", "changed")],
    ),
    "json-no-charset": (
        lifted(ACCOUNTS["body"]),
        lifted(ACCOUNTS["body"], **{"Content-Type": JSON}),
        [],
    ),
    "malformed-json": (text("{}", JSON), text("invalid", JSON), [("", "invalid")]),
    "no-content-type": (text('{"a":1}', None), text('{"a":2}', None), [("/a", "changed")]),
    "html": (text(PAGE, "text/html"), text(PAGE.replace("World", "Moon"), "text/html"), None),
    "text-plain": (text("a\nb", "text/plain"), text("a\nc", "text/plain"), [("/1", "changed")]),
    "upstream-failed": (text("{}", JSON), Observation(FailureKind.RESET), []),
    "zero-length-gif": (text("", "image/gif"), text("GIF", "image/gif"), [("", "empty")]),
    "html-attr-diff": (text(PAGE, "text/html"), text(ATTRIBUTES["right_html"], "text/html"), None),
    "string-json": (
        text(json.dumps({"s": '{"a": "it\'s a json!"}'}), JSON),
        text(json.dumps({"s": '{"a":"it was"}'}), JSON),
        [("/s/a", "changed")],
    ),
    "string-plain": (text('"hello world!"', JSON), text('"hello"', JSON), [("", "changed")]),
    "json-key-not-identifier": (text('{"1":1}', JSON), text('{"1":2}', JSON), [("/1", "changed")]),
    "json-key-identifier": (text('{"a":1}', JSON), text('{"a":2}', JSON), [("/a", "changed")]),
}
"""What Diffy lifts is what we look into: a change inside is found where it is."""


@pytest.mark.parametrize("name", mapped("lifter_spec"))
def test_diffy_formats(name: str) -> None:
    """What Diffy can look into, we can, and what it drops is a finding of ours."""
    legacy, candidate, expected = LIFTED[name]
    result = compare(legacy, candidate, Rules.of([{"path": "$.s", "embedded": "json"}]))
    if expected is not None:
        assert places(result) == expected
    if name == "upstream-failed":
        assert result.verdict is Verdict.CANDIDATE_FAILED
    else:
        assert (result.verdict is Verdict.MATCH) == (expected == [])
    assert compare(legacy, legacy, Rules.of([])).verdict is Verdict.MATCH


def test_diffy_sees_one_attribute_of_a_page() -> None:
    """One attribute of a page is one difference, with the attribute's two values."""
    legacy, candidate, _ = LIFTED["html-attr-diff"]
    (found,) = compare(legacy, candidate, Rules.of([])).differences
    values = ATTRIBUTES["expected_flattened"][
        "body.children.children.attributes.class.PrimitiveDifference"
    ]
    assert (found.kind, [found.legacy, found.candidate]) == (Kind.CHANGED, values)


@pytest.mark.parametrize("name", mapped("endpoint_naming"))
def test_endpoints_have_no_identifiers(name: str) -> None:
    """One endpoint for all identifiers, not one each."""
    case = case_of("endpoint_naming", name)
    assert endpoint_of(case["method"], case["path"], None) == case["ideal"]


DOCUMENTS = CASES["peer_diferencia"]["documents"]


@pytest.mark.parametrize("name", mapped("peer_diferencia.compare"))
def test_diferencia_modes(name: str) -> None:
    """Its strict mode is our match; its subset mode is "nothing but `added`"."""
    case = case_of("peer_diferencia.compare", name)
    result = judged(DOCUMENTS[case["primary"]], DOCUMENTS[case["candidate"]])
    assert (result.verdict is Verdict.MATCH) == case.get("strict", False)
    assert all(each.kind is Kind.ADDED for each in result.differences) == case["subset"]


@pytest.mark.parametrize("name", mapped("peer_diferencia.noise"))
def test_diferencia_noise(name: str) -> None:
    """Where two instances of one version differ is where it says; structure is another kind."""
    case = case_of("peer_diferencia.noise", name)
    found = judged(DOCUMENTS[case["primary"]], DOCUMENTS[case["secondary"]]).differences
    if "error" in case:
        assert Kind.ADDED in {each.kind for each in found}
    else:
        assert {each.kind for each in found} <= {Kind.CHANGED}
        assert sorted(each.path for each in found) == case["noise_paths"]


@pytest.mark.parametrize("name", mapped("peer_diferencia.after_noise_removal"))
def test_diferencia_without_noise(name: str) -> None:
    """Ignoring changed values hides exactly them; a changed type is not taken for noise."""
    case = case_of("peer_diferencia.after_noise_removal", name)
    if "noise_from" in case:
        first, second = (DOCUMENTS[each] for each in case["noise_from"])
        noise = [d for d in judged(first, second).differences if d.kind is Kind.CHANGED]
        rules = ignoring(noise)
    else:
        rules = [{"path": "$" + p.replace("/", "."), "ignore": True} for p in case["noise_paths"]]
    result = judged(DOCUMENTS[case["primary"]], DOCUMENTS[case["candidate"]], *rules)
    assert (result.verdict is Verdict.MATCH) == (case["equal"] and "note" not in case)


def fields_of(headers: dict[str, Any] | None) -> list[tuple[str, str]]:
    return [
        (name, value)
        for name, values in (headers or {}).items()
        for value in ([values] if isinstance(values, str) else values)
    ]


@pytest.mark.parametrize("name", mapped("peer_diferencia.headers"))
def test_diferencia_headers(name: str) -> None:
    """Fields are equal when it says so."""
    case = case_of("peer_diferencia.headers", name)
    sides = [response(b"", JSON, 200, fields_of(case[side])) for side in ("a", "b")]
    rules = Rules.of({"header": each, "ignore": True} for each in case.get("ignore_values_of", ()))
    assert (compare(sides[0], sides[1], rules).verdict is Verdict.MATCH) == case["equal"]


@pytest.mark.parametrize("name", mapped("peer_diferencia.text"))
def test_diferencia_text(name: str) -> None:
    """Text is equal at distance 0; similar text is not equal."""
    case = case_of("peer_diferencia.text", name)
    result = compare(text(case["a"], "text/plain"), text(case["b"], "text/plain"), Rules.of([]))
    assert (result.verdict is Verdict.MATCH) == (case.get("levenshtein") == 0)


def mroki_rules(case: dict[str, Any]) -> list[dict[str, Any]]:
    """Its options as rules, in the order in which it applies them."""

    def path(name: str) -> str:
        return "$." + name.replace(".#", "[*]")

    rules: list[dict[str, Any]] = []
    if "include" in case:
        rules.append({"path": "$", "ignore": True})
        rules += [{"path": path(each), "ignore": False} for each in case["include"]]
    rules += [{"path": path(each), "ignore": True} for each in case.get("ignore", ())]
    if case.get("sort_arrays"):
        rules += arrays(by="multiset")
    if "float_tolerance" in case:
        rules.append({"path": "$", "numbers": {"abs": case["float_tolerance"]}})
    return rules


MROKI = {"16": {"/items/2"}}
"""One changed element is at one place, as the case's own note wants it."""


@pytest.mark.parametrize("name", mapped("peer_mroki"))
def test_mroki(name: str) -> None:
    """Its options are rules of ours, and the same places remain."""
    case = case_of("peer_mroki", name)
    sides = [text(case.get(f"{side}_text") or json.dumps(case[side]), JSON) for side in ("a", "b")]
    result = compare(sides[0], sides[1], Rules.of(mroki_rules(case)))
    found = {each.path for each in result.differences}
    if "paths" in case:
        assert found == MROKI.get(name, set(case["paths"]))
    elif "n_ops" in case:
        assert [each.kind for each in result.differences] == [Kind.CHANGED] * case["n_ops"]
    elif "error_names_side" in case:
        assert places(result) == [("", "invalid")]
    else:
        assert (result.verdict is Verdict.MISMATCH) == case["paths_nonempty"]


OURS_ALLOWS = {"OVER_BROAD", "UNREPRESENTABLE", "ROOT_VALUE"}
"""What keploy refuses for the sake of its dialect, exact paths can say."""
REFUSED = {"STRUCTURAL", "ARRAY_LENGTH"}
KEYED = {"reorder plus drift is ambiguous": ["items.ts"], "scalar array, ignore-order": ["ids"]}


@pytest.mark.parametrize("name", mapped("peer_keploy.cases"))
def test_keploy_noise(name: str) -> None:
    """What drifted and may be ignored is `changed`; what it refuses has another kind."""
    case = case_of("peer_keploy.cases", name)
    rules = []
    if case.get("ignore_order"):
        rules = arrays(by="multiset")
        if name in KEYED and "items" in case["expected"]:
            rules = [{"path": "$.items", "array": {"by": "key", "key": "id"}}]
    found = judged(case["expected"], case["actual"], *rules).differences
    if name in KEYED:
        assert sorted({dotted(each) for each in found}) == KEYED[name]
        return
    allowed = {path for path, reason in case["refused"] if reason in OURS_ALLOWS}
    refused = {path for path, reason in case["refused"] if reason in REFUSED}
    changed = [each for each in found if each.kind is Kind.CHANGED]
    assert {dotted(each) for each in changed} == allowed | set(case["noise_paths"])
    assert {dotted(each) for each in found if each.kind is not Kind.CHANGED} == refused
    left = judged(case["expected"], case["actual"], *rules, *ignoring(changed)).differences
    assert {dotted(each) for each in left} == refused


@pytest.mark.parametrize("name", mapped("peer_keploy.round_trip_tamper"))
def test_keploy_tampering(name: str) -> None:
    """Ignoring what drifted excuses nothing that did not."""
    case = case_of("peer_keploy.round_trip_tamper", name)
    rules = ignoring(judged(case["expected"], case["noise_from_actual"]).differences)
    assert judged(case["expected"], case["noise_from_actual"], *rules).verdict is Verdict.MATCH
    assert judged(case["expected"], case["tampered_must_fail"], *rules).verdict is Verdict.MISMATCH


@pytest.mark.parametrize("name", mapped("peer_keploy.regex_noise"))
def test_keploy_expressions(name: str) -> None:
    """A value that may be any of an expression is replaced by a word on both sides."""
    case = case_of("peer_keploy.regex_noise", name)
    rules = [
        {"path": f"$.{path}", "replace": [{"regex": regex, "with": "_"}]}
        for path, regex in case["rule"].items()
    ]
    result = judged(case["expected"], case["actual"], *rules)
    assert (result.verdict is Verdict.MATCH) == case["pass"]


@pytest.mark.parametrize("name", mapped("peer_keploy.headers"))
def test_keploy_headers(name: str) -> None:
    """Volatile fields may change and not vanish; no name is ignored for a part of it."""
    case = case_of("peer_keploy.headers", name)
    sides = [response(b"", JSON, 200, fields_of(case[side])) for side in ("expected", "actual")]
    assert (compare(sides[0], sides[1], Rules.of([])).verdict is Verdict.MATCH) == case["pass"]


FIELD_KINDS = {
    "value_changed": "changed",
    "missing_in_live": "removed",
    "type_changed": "type",
    "missing_in_mock": "added",
}


@pytest.mark.parametrize("name", mapped("peer_keploy.severity"))
def test_keploy_kinds(name: str) -> None:
    """Its kinds of field differences are ours by other names."""
    case = case_of("peer_keploy.severity", name)
    rules = [{"path": f"$.{each}", "ignore": True} for each in case["ignore"]]
    expected = sorted((f"/{field}", FIELD_KINDS[kind]) for field, kind in case["kinds"].items())
    assert places(judged(case["expected"], case["actual"], *rules)) == expected


@pytest.mark.parametrize("name", mapped("peer_caddy_mirror_jq"))
def test_caddy_queries(name: str) -> None:
    """Looking at one member alone is ignoring all and then not ignoring that one."""
    case = case_of("peer_caddy_mirror_jq", name)
    rules = [{"path": "$", "ignore": True}, {"path": f"${case['query']}", "ignore": False}]
    assert (judged(case["a"], case["b"], *rules).verdict is Verdict.MATCH) == case["equal"]
