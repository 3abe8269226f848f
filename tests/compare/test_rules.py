"""Rules are read or refused, with a text that helps; what was read never fails later."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadowproxy.compare import RuleError, Rules
from tests.compare.documents import VALUES
from tests.compare.test_laws import ALIGNING, LENIENT, judged

WORDS = st.sampled_from(
    ["case", "by", "key", "abs", "rel", "status", "tolerance", "ignore", "index", "1%", "5s", "4xx", "uuid",
     "value", "strict", "missing", "json", "NFC", "(", "\\2", "", "$", "$.a", "2027-01-31", "unordered"]
)  # fmt: skip
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 500) | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=5,
)
MEMBERS = st.sampled_from(
    ["path", "header", "ignore", "class", "numbers", "strings", "null", "empty", "time", "coerce", "keys",
     "url", "replace", "duplicate_keys", "array", "embedded", "list", "when", "expires", "reason", "x"]
)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(st.dictionaries(MEMBERS, ANYTHING, max_size=2), LENIENT | ALIGNING, VALUES)
def test_rules_are_refused_before_they_can_fail(
    odd: dict[str, Any], action: dict[str, Any], value: Any
) -> None:
    """Whatever a rule is made of."""
    for plain in (odd, {"path": "$..*"} | action | odd):
        try:
            rules = Rules.of([plain])
        except RuleError:
            continue
        judged(value, [value, "a", {"a": 1.5, "b": [None]}], rules)


@pytest.mark.parametrize(
    ("plain", "said"),
    [
        (5, "the rule 5: expected a mapping such as {path: $..price, ignore: true}"),
        ({"path": "a", "ignore": True}, "the rule for a: 'a' is no path: expected one such as $.items[*].price"),
        ({"path": "$"}, "the rule for $: expected an action, such as ignore: true or numbers: {abs: 0.01}"),
        ({"ignore": True}, "the rule {'ignore': True}: expected a path or a header, such as"),
        ({"path": "$.a", "ignor": True}, "the rule for $.a: unknown: ignor; known are array, class"),
        ({"path": "$.a", "class": "uid"}, "the rule for $.a: class: expected uuid or timestamp or jwt or hex"),
        ({"path": "$.a", "numbers": 5}, "the rule for $.a: numbers: expected value, strict, double or a tol"),
        ({"path": "$.a", "array": "index"}, "the rule for $.a: array: expected {by: auto or index or"),
        ({"path": "$.a", "keys": {"case": "report"}}, "the rule for $.a: keys: expected {case: ignore}, not"),
        ({"path": "$.a", "ignore": True, "when": 404}, "the rule for $.a: when: expected {status: 404}, {st"),
        ({"path": "$.a", "ignore": True, "when": {"statu": 4}}, "the rule for $.a: when: expected {status: "),
        ({"path": "$.a", "replace": ["(a", ""]}, "the rule for $.a: replace: expected [REGEX, TEXT], or a list"),
        ({"path": "$.a", "replace": ["a", "\\1"]}, "the rule for $.a: replace: expected [REGEX, TEXT], or a"),
        ({"path": "$.a", "list": "unordered"}, "the rule for $.a: list is about headers; array: {by: set}"),
        ({"header": "a", "class": "hex"}, "the rule for a: a header takes ignore: true or list: unordered"),
        ({"path": "$.a", "ignore": True, "expires": "soon"}, "the rule for $.a: expires: expected a date such"),
    ],
)  # fmt: skip
def test_a_refusal_says_which_rule_what_is_wrong_and_what_is_right(plain: Any, said: str) -> None:
    """One line for whoever wrote it."""
    with pytest.raises(RuleError) as caught:
        Rules.of([plain])
    assert str(caught.value).startswith(said)


def test_a_share_may_be_written_as_a_percentage() -> None:
    """As in a configuration."""
    rules = Rules.of([{"path": "$", "numbers": {"rel": "1%"}}])
    assert judged([100, 100], [101, 102], rules).hits == {0: 1}
    assert [each.path for each in judged([100, 100], [101, 102], rules).differences] == ["/1"]
