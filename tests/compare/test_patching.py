"""Patches under rules: what they make of legacy's document is the candidate's, as the rules see it."""

import json
from typing import Any

import jsonpatch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from shadowproxy.cli.exact_json import exact_json
from shadowproxy.compare import Rules, compare
from shadowproxy.compare.patching import patch
from shadowproxy.core.settings import CompareSettings
from shadowproxy.core.words import Verdict
from tests.compare.documents import edited, text_of
from tests.compare.test_keys import ACTIONS, DOCUMENTS, PATHS
from tests.compare.test_laws import json_answer

RULES = st.lists(
    st.builds(
        lambda path, action: {"path": path, **action}, PATHS | st.sampled_from(["$[0]", "$.a[0]"]), ACTIONS
    ),
    max_size=4,
)  # fmt: skip
ARRAYS = st.sampled_from(["auto", "index", "multiset", "set", "lcs"])
NUMBERS = st.sampled_from(["value", "strict", "double"])


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(edited(DOCUMENTS), RULES, ARRAYS, NUMBERS)
@example(([1], [1, 1, 1, 2]), [], "set", "value")
@example((['{"a":1}'], ['{"a": 1}']), [{"path": "$[*]", "embedded": "json"}], "auto", "value")
@example(([], [None, None]), [{"path": "$[0]", "ignore": True}], "auto", "value")
@example((None, [1.2796588899462788e16]), [], "auto", "strict")
def test_a_patched_document_matches(
    pair: tuple[Any, Any], rules: list[dict[str, Any]], arrays: str, numbers: str
) -> None:
    """And nothing is patched where nothing differs."""
    read = Rules.read(CompareSettings(rules=tuple(rules), arrays=arrays, numbers=numbers))
    legacy, candidate = json_answer(pair[0]), json_answer(pair[1])
    operations = json.loads(exact_json(patch(legacy, candidate, read)))
    assert bool(operations) == bool(compare(legacy, candidate, read).differences)
    patched = jsonpatch.JsonPatch(operations).apply(json.loads(text_of(pair[0])))
    assert compare(json_answer(patched), candidate, read).verdict is Verdict.MATCH
