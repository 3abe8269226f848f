"""Keys: equal for what is equal under rules; for nothing else, unless they are loose."""

from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from shadowproxy.compare import Rules
from shadowproxy.compare.budget import Budget
from shadowproxy.compare.embedding import Documents
from shadowproxy.compare.keys import Keys
from shadowproxy.compare.walking import Walk
from shadowproxy.decode.json_text import decode_both
from tests.compare.documents import SCALARS, edited, text_of
from tests.compare.test_laws import ALIGNING, LENIENT

ALIKE = st.sampled_from(
    [
        '{"a":1}', "[1]", "[1, 2]", '"a"', '{"a":[1,2]}', '{"A":1,"a":2}', "1700000000", "2027-01-01",
        "2027-01-01T00:00:01", "dead", "DEAD", 1700000000, 1700000003, {"a": 1}, {"a": 1, "A": 2},
        {"A": 1, "a": 2}, [1], [2, 1], [1, 2],
    ]
)  # fmt: skip
"""Texts beside the documents that they hold, names beside names in another case, times."""
DOCUMENTS = st.recursive(
    SCALARS | ALIKE,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "A", "b", "id"]), inner, max_size=3)
    ),
    max_leaves=10,
)
MORE: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {"array": {"by": by, "order": order}}
        for by in ("auto", "index", "multiset", "set", "lcs")
        for order in ("ignore", "report")
    ]
    + [
        {"numbers": "strict"},
        {"duplicate_keys": "report"},
        {"class": "timestamp"},
        {"class": "hex"},
    ]
)
ACTIONS = (LENIENT | ALIGNING | MORE).filter(lambda action: action.get("ignore", True))
"""Without `ignore: false`: what is lost with an ignored place is not missed, whatever was in it."""
PATHS = st.sampled_from(["$", "$..*", "$.a", "$..a", "$.*", "$[*]", "$..id", "$.*.*"])
"""Without indices: an element is another one at another index."""
RULES = st.lists(
    st.builds(lambda path, action: {"path": path, **action}, PATHS, ACTIONS), max_size=4
)

IN_ANY_ORDER = {"path": "$", "array": {"by": "auto", "order": "ignore"}}
EMBEDDED = {"path": "$[*]", "embedded": "json"}


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(edited(DOCUMENTS), RULES)
@example((["1", 2], [2, 1]), [IN_ANY_ORDER, EMBEDDED])
@example((['{"a":1}', 2], [2, {"a": 1}]), [IN_ANY_ORDER, EMBEDDED])
@example((['{"a":1}', {"a": 1}], [{"a": 1}]), [EMBEDDED, {"path": "$", "array": {"by": "set"}}])
@example(
    ([[1, 2], [3]], [[3], [2, 1]]),
    [IN_ANY_ORDER, {"path": "$[*]", "array": {"by": "index", "order": "ignore"}}],
)
@example(
    ([{"a": 1, "A": 2}, 5], [5, {"A": 1, "a": 2}]), [IN_ANY_ORDER | {"keys": {"case": "ignore"}}]
)
@example(([-0.0], [0]), [{"path": "$", "numbers": "double"}])
@example(([], [None]), [{"path": "$..*", "ignore": True}])
def test_keys_agree_with_the_walk(pair: tuple[Any, Any], rules: list[dict[str, Any]]) -> None:
    """No difference is equal keys; equal keys are no difference, or tell that one has to look."""
    plan = Rules.of(rules).plan()
    sides = decode_both(text_of(pair[0]), text_of(pair[1]), plan.how)
    walk = Walk()
    if walk.walk(sides.legacy, sides.candidate, plan.start):
        return
    budget = Budget()
    keys = Keys(budget, Documents(budget, looks_into=True))
    ours, theirs = (keys.of(each, plan.start) for each in (sides.legacy, sides.candidate))
    if walk.found:
        assert ours != theirs or keys.is_loose(ours)
    else:
        assert ours == theirs
