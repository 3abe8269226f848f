"""The language of rules: what is accepted, and as what the comparer gets it."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shadowproxy.config.rules import MAX_RULES
from tests.config.files import LEGACY, load_text, mistakes


def plain(folder: Path, rule: str) -> dict[str, Any]:
    """A rule as the settings hold it."""
    (made,) = load_text(folder, f"{LEGACY}compare:\n  rules:\n  - {rule}\n").settings.compare.rules
    return made


def refused(folder: Path, rule: str) -> list[str]:
    """`line:column: rest of the key: message` of each mistake in a rule in line 4."""
    found = mistakes(folder, f"{LEGACY}compare:\n  rules:\n  - {rule}\n")
    return [line.replace("compare.rules.0: ", "").replace("compare.rules.0.", "") for line in found]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("ignore: true", {"ignore": True}),
        ("ignore: false", {"ignore": False}),
        ("class: uuid", {"class": "uuid"}),
        ("numbers: strict", {"numbers": "strict"}),
        ("numbers: {abs: 0.010}", {"numbers": {"abs": "0.010"}}),
        ("numbers: {abs: 1e-9, rel: 0.1}", {"numbers": {"abs": "1e-9", "rel": "0.1"}}),
        ("numbers: {rel: 1%}", {"numbers": {"rel": "0.01"}}),
        ("numbers: {rel: 0.5%}", {"numbers": {"rel": "0.005"}}),
        ("numbers: {rel: 100%}", {"numbers": {"rel": "1"}}),
        ("strings: {case: ignore}", {"strings": {"case": "ignore"}}),
        ("strings: {case: true, eol: true, unicode: true}",
         {"strings": {"case": "ignore", "unicode": "NFC", "eol": "ignore"}}),
        ("strings: {trim: true, collapse_ws: false, unicode: NFKD, eol: ignore}",
         {"strings": {"trim": True, "collapse_ws": False, "unicode": "NFKD", "eol": "ignore"}}),
        ("null: missing", {"null": "missing"}),
        ("empty: missing", {"empty": "missing"}),
        ("time: {tolerance: 1m30s}", {"time": {"tolerance": 90.0}}),
        ("coerce: string", {"coerce": "string"}),
        ("keys: {case: ignore}", {"keys": {"case": "ignore"}}),
        ("keys: {case: true}", {"keys": {"case": "ignore"}}),
        ("url: {ignore_query: true}", {"url": {"ignore_query": True}}),
        ("url: {ignore_query: [a, '1'], ignore_host: true}",
         {"url": {"ignore_query": ["a", "1"], "ignore_host": True}}),
        ("embedded: base64+json", {"embedded": "base64+json"}),
        ("replace: ['[0-9]+', N]", {"replace": [["[0-9]+", "N"]]}),
        ("replace: ['(a)(b)', '\\2\\1']", {"replace": [["(a)(b)", "\\2\\1"]]}),
        ("replace: [[a, 1], [b, '']]", {"replace": [["a", "1"], ["b", ""]]}),
        ("replace: [{regex: a, with: b}, [c, d]]", {"replace": [["a", "b"], ["c", "d"]]}),
        ("duplicate_keys: report", {"duplicate_keys": "report"}),
        ("array: {by: key, key: id}", {"array": {"by": "key", "key": ["id"]}}),
        ("array: {by: key, key: [a, b], order: report}",
         {"array": {"by": "key", "key": ["a", "b"], "order": "report"}}),
        ("array: {order: ignore}", {"array": {"order": "ignore"}}),
        ("ignore: true, when: {status: 404}", {"ignore": True, "when": {"status": ["404"]}}),
        ("ignore: true, when: {status: [4xx, 500]}",
         {"ignore": True, "when": {"status": ["4xx", "500"]}}),
        ("ignore: true, reason: why not, expires: 2099-12-31",
         {"ignore": True, "reason": "why not", "expires": "2099-12-31"}),
        ("ignore: true, class: null", {"ignore": True}),
    ],
)  # fmt: skip
def test_every_action_is_handed_on(tmp_path: Path, written: str, expected: dict[str, Any]) -> None:
    """With what was written and no more; decimals stay texts, durations become seconds."""
    assert plain(tmp_path, f"{{path: $.a, {written}}}") == {"path": "$.a", **expected}


def test_rules_for_headers(tmp_path: Path) -> None:
    """Names are without case, and lower-case where they are compared."""
    assert plain(tmp_path, "{header: X-A, ignore: true}") == {"header": "x-a", "ignore": True}
    assert plain(tmp_path, "{header: Vary, list: unordered, when: {status: 2xx}}") == {
        "header": "vary", "list": "unordered", "when": {"status": ["2xx"]},
    }  # fmt: skip


PATHS = (
    "$", "$.a", "$.a-b._c9", "$.prénom", "$['a b']", '$["a.b"]', "$['']", "$[\"it's\"]", "$[0]",
    "$[*]", "$.*", "$..a", "$..*", "$..[*]", "$..['a']", '$..["a"]', "$.a[3].b[*]..c.*",
    r"$['it\'s']", r"$['\\']", r"$['\u00e9']", "$['{ns}a']['@id']['#text']",
)  # fmt: skip
NO_PATHS = (
    "", "a", ".a", "$a", "$.", "$..", "$.a.", "$[", "$[]", "$[a]", "$[-1]", "$[01]", "$[1:2]",
    "$[?(@.a)]", "$..[0]", "$['a]", "$['a'", "$['it's']", r"$['\x']", "$.9", "$ .a", "$.a b", "$...a",
    "/a/b", "$[0,1]", "$['a','b']", "$" + ".a" * 500,
)  # fmt: skip


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@pytest.mark.parametrize("path", PATHS)
def test_paths_of_the_subset_are_taken(tmp_path: Path, path: str) -> None:
    """As they were written."""
    assert plain(tmp_path, f"{{path: {_quoted(path)}, ignore: true}}")["path"] == path


@pytest.mark.parametrize("path", NO_PATHS)
def test_other_paths_are_refused(tmp_path: Path, path: str) -> None:
    """What would match nothing, or is more of RFC 9535 than a comparison needs."""
    (found,) = refused(tmp_path, f"{{path: {_quoted(path)}, ignore: true}}")
    assert found.startswith("4:12: path: expected a path ")


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("{path: $.a}", "4:5: a rule without an action, such as ignore: true or numbers: {abs: 0.01}"),
        ("{path: $.a, reason: x, when: {status: 404}}",
         "4:5: a rule without an action, such as ignore: true or numbers: {abs: 0.01}"),
        ("{ignore: true}",
         "4:5: expected a path or a header, such as path: $..price or header: X-Age"),
        ("{path: $.a, header: b, ignore: true}",
         "4:5: expected a path or a header, such as path: $..price or header: X-Age"),
        ("{header: b, class: uuid}",
         "4:5: a rule for a header has ignore: true or list: unordered, nothing else"),
        ("{header: b, ignore: true, numbers: strict}",
         "4:5: a rule for a header has ignore: true or list: unordered, nothing else"),
        ("{header: b, ignore: false}",
         "4:5: a rule for a header has ignore: true or list: unordered, nothing else"),
        ("{path: $.a, list: unordered}",
         "4:5: list is about headers; array: {by: set} is about the body"),
        ("{header: 'b c', ignore: true}",
         "4:14: header: expected a header name such as X-User-Id, got 'b c'"),
        ("{path: $.a, ignroe: true}", "4:17: ignroe: unknown key; did you mean ignore?"),
        ("{path: $.a, ignore: yes}", "4:25: ignore: expected true or false, got 'yes'"),
        ("{path: $.a, class: guid}",
         "4:24: class: expected uuid or timestamp or jwt or hex or token or url, got 'guid'"),
        ("{path: $.a, numbers: loose}",
         "4:26: numbers: expected value or strict or double, got 'loose'"),
        ("{path: $.a, numbers: {}}", "4:26: numbers: expected at least one of abs, rel"),
        ("{path: $.a, numbers: {abs: -1}}",
         "4:32: numbers.abs: expected a number from 0 such as 0.01, got '-1'"),
        ("{path: $.a, numbers: {rel: 101%}}",
         "4:32: numbers.rel: expected a share such as 1% or 0.01, got '101%'"),
        ("{path: $.a, strings: {case: false}}", "4:33: strings.case: expected ignore, got 'false'"),
        ("{path: $.a, strings: {unicode: UTF8}}",
         "4:36: strings.unicode: expected NFC or NFD or NFKC or NFKD, got 'UTF8'"),
        ("{path: $.a, time: {}}", "4:23: time.tolerance: is required"),
        ("{path: $.a, time: {tolerance: 5}}",
         "4:35: time.tolerance: expected a duration such as 250ms, 10s, 5m or 1h, got '5'"),
        ("{path: $.a, url: {ignore_query: []}}", "4:37: url.ignore_query: expected at least one"),
        ("{path: $.a, url: {ignore_query: {a: b}}}",
         "4:37: url.ignore_query: expected true or false, got a mapping"),
        ("{path: $.a, replace: ['(', x]}",
         "4:27: replace.0: expected a regular expression that is valid"
         " (missing ), unterminated subpattern at position 0), got '('"),
        ("{path: $.a, replace: [[a, b], ['[[a]', x]]}",
         "4:36: replace.1.0: expected a regular expression that is valid"
         " (Possible nested set at position 1), got '[[a]'"),
        ("{path: $.a, replace: [a, '\\1']}",
         "4:26: replace: the text does not fit the regular expression:"
         " invalid group reference 1 at position 1"),
        ("{path: $.a, replace: [{regex: a, with: '\\1'}]}",
         "4:27: replace.0: the text does not fit the regular expression:"
         " invalid group reference 1 at position 1"),
        ("{path: $.a, replace: [{regex: a}]}", "4:27: replace.0.with: is required"),
        ("{path: $.a, replace: [a]}",
         "4:26: replace: expected [regular expression, text], or a list of such pairs"),
        ("{path: $.a, replace: [[a, b, c]]}",
         "4:27: replace.0: expected [regular expression, text], or a list of such pairs"),
        ("{path: $.a, replace: a}",
         "4:26: replace: expected [regular expression, text], or a list of such pairs"),
        ("{path: $.a, array: {by: id}}",
         "4:29: array.by: expected auto or index or key or multiset or set or lcs, got 'id'"),
        ("{path: $.a, array: {by: key}}", "4:24: array: by: key and key: NAME belong together"),
        ("{path: $.a, array: {key: id}}", "4:24: array: by: key and key: NAME belong together"),
        ("{path: $.a, array: {by: key, key: []}}", "4:39: array.key: expected at least one"),
        ("{path: $.a, ignore: true, when: {status: 4x}}",
         "4:46: when.status.0: expected a status such as 404 or 4xx, got '4x'"),
        ("{path: $.a, ignore: true, when: {status: [200, 999]}}",
         "4:52: when.status.1: expected a status such as 404 or 4xx, got '999'"),
        ("{path: $.a, ignore: true, expires: tomorrow}",
         "4:40: expires: expected a date such as 2027-01-31, got 'tomorrow'"),
    ],
)  # fmt: skip
def test_mistakes_are_told_with_their_place(tmp_path: Path, rule: str, expected: str) -> None:
    """Line, column, key, and what would have been right."""
    assert refused(tmp_path, rule) == [expected]


@pytest.mark.parametrize("what", ["regex", "text"])
def test_expressions_and_texts_are_bounded(tmp_path: Path, what: str) -> None:
    """A thousand characters are a page of it."""
    pairs = {"regex": ("a" * 1001, "x"), "text": ("a", "x" * 1001)}
    regex, text = pairs[what]
    (found,) = refused(tmp_path, f"{{path: $.a, replace: [{regex}, {text}]}}")
    assert "of at most 1,000 characters" in found


def test_hostile_expressions_are_told_as_what_they_are(tmp_path: Path) -> None:
    """Neither a crash of the compiler nor an overflow comes through."""
    for regex in ("(" * 499 + ")" * 499, "a{99999999999}", "(?i", "(?P<a>x)(?P<a>y)", "\\"):
        found = refused(tmp_path, f"{{path: $.a, replace: [{_quoted(regex)}, x]}}")
        assert len(found) <= 1
        assert all("expected a regular expression that is valid (" in line for line in found)
    assert len(refused(tmp_path, "{path: $.a, replace: ['a{99999999999}', x]}")) == 1


def test_lists_are_bounded(tmp_path: Path) -> None:
    """Each of them says how many it takes."""
    pairs = ", ".join(["[a, b]"] * 21)
    assert refused(tmp_path, f"{{path: $.a, replace: [{pairs}]}}") == [
        "4:26: replace: expected at most 20"
    ]
    keys = ", ".join("abcdefghi")
    assert refused(tmp_path, f"{{path: $.a, array: {{by: key, key: [{keys}]}}}}") == [
        "4:39: array.key: expected at most 8"
    ]


def test_as_many_rules_as_the_judge_has_room_for(tmp_path: Path) -> None:
    """Those for all and those for endpoints together."""

    def text(count: int) -> str:
        rules = "".join("    - {path: $.a, ignore: true}\n" for _ in range(count - 1))
        return f"{LEGACY}compare:\n  rules:\n{rules}  endpoints:\n    GET /:\n    - {{path: $, ignore: true}}\n"

    compare = load_text(tmp_path, text(MAX_RULES)).settings.compare
    assert len(compare.rules) == MAX_RULES - 1
    assert mistakes(tmp_path, text(MAX_RULES + 1)) == [
        "3:3: compare: expected at most 2,000 rules in all"
    ]


@settings(
    max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(st.text(st.sampled_from("$.[]*'\"\\a0-u "), max_size=12))
def test_no_path_breaks_the_reader(tmp_path: Path, path: str) -> None:
    """A path is taken as it is or refused at its place."""
    rule = f"{{path: {_quoted(path)}, ignore: true}}"
    found = refused(tmp_path, rule)
    assert found == [] or (len(found) == 1 and found[0].startswith("4:12: path: expected a path"))
    if not found:
        assert plain(tmp_path, rule)["path"] == path
