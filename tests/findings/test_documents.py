"""Findings as plain values."""

import json

from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.findings.documents import pairs_to_plain, read_pairs, to_plain
from shadowproxy.findings.group import Evidence, Group, Recheck
from shadowproxy.findings.tallies import MAX_LEADING, MAX_NAMES, MAX_VALUE, Leading, ValuePair


def full() -> Group:
    """A group with something in every member."""
    group = Group(
        "00ff", "cart", "GET /cart/{id}", 200, 500, "/items/*/price", "type", ("number", "string"),
        "2026-01-01", "2026-01-02", 7, 9, 2, Evidence("noisy", 208, 3, 1.5),
    )  # fmt: skip
    group.recheck(Recheck.STILL)
    for number in range(12):
        group.versions.add(f"v{number}")
        group.pairs.add(ValuePair(str(number % 7), "x"))
    return group


def test_all_of_a_finding_is_json() -> None:
    """And within its bounds."""
    plain = json.loads(json.dumps(to_plain(full())))
    assert plain["id"] == "00ff"
    assert plain["types"] == ["number", "string"]
    assert (plain["count"], plain["explained"]) == (7, 2)
    assert plain["rechecks"] == {"still": 1, "gone": 0, "legacy_flaky": 0}
    assert len(plain["versions"]["counts"]) == MAX_NAMES
    assert plain["versions"]["other"] == 12 - MAX_NAMES
    assert len(plain["pairs"]) == MAX_LEADING


def test_evidence_without_end_is_still_json() -> None:
    """Infinity would be null."""
    group = full()
    group.noise = Evidence("regression", 10, 0, float("inf"))
    assert to_plain(group)["noise"]["e"] == 1e300


@given(
    st.dictionaries(
        st.builds(ValuePair, st.text(max_size=MAX_VALUE), st.text(max_size=MAX_VALUE)),
        st.tuples(st.integers(1, 1000), st.integers(0, 5)),
        max_size=MAX_LEADING,
    )
)
def test_pairs_come_back_as_they_went(counts: dict[ValuePair, tuple[int, int]]) -> None:
    """With their counts, in their order."""
    pairs = Leading()
    for pair, (count, over) in counts.items():
        pairs.add(pair, count, over)
    assert list(read_pairs(json.loads(json.dumps(pairs_to_plain(pairs))))) == list(pairs)
