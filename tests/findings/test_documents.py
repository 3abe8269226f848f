"""Findings to the file and back."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.findings.documents import MAX_TEXT, from_plain, to_plain
from shadowproxy.findings.group import Evidence, Group, Recheck
from shadowproxy.findings.tallies import MAX_LEADING, MAX_NAMES, ValuePair
from tests.findings.test_samples import JSON

NAMES = st.text(max_size=20)


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
        group.samples.offer({"n": number}, number / 12, 6)
    group.reproduce({"legacy": {"a": 1}, "candidate": {"a": "1"}, "curl": {"legacy": "curl"}})
    return group


def test_a_finding_comes_back_as_it_went() -> None:
    """All of it, but for what its predecessor's place was worth; the key's id does not change."""
    group = full()
    plain = json.loads(json.dumps(to_plain(group)))
    back = from_plain(plain, 6)
    assert back is not None
    assert to_plain(back) == plain
    assert back.id == group.id
    assert back.rank == back.count == 7
    assert plain["sample"] == plain["samples"][0] == {"n": 11}
    assert len(plain["samples"]) == 6
    assert plain["rechecks"] == {"still": 1, "gone": 0, "legacy_flaky": 0}
    assert plain["reproducer"]["candidate"] == {"a": "1"}


def test_evidence_without_end_is_still_json() -> None:
    """Infinity would be null."""
    group = full()
    group.noise = Evidence("regression", 10, 0, float("inf"))
    plain = to_plain(group)
    assert plain["noise"]["e"] == 1e300
    back = from_plain(plain, 6)
    assert back is not None
    assert back.noise.e == 1e300


@given(JSON)
def test_garbage_is_no_finding(garbage: Any) -> None:
    """Nothing raises."""
    assert from_plain(garbage, 10) is None


@given(st.sampled_from(sorted(to_plain(full()))), JSON)
def test_garbage_in_a_member_costs_at_most_the_finding(name: str, garbage: Any) -> None:
    """One member of whatever kind: None, or a finding that can be written again."""
    back = from_plain({**to_plain(full()), name: garbage}, 10)
    if back is not None:
        again = from_plain(json.loads(json.dumps(to_plain(back))), 10)
        assert again is not None
        assert to_plain(again) == to_plain(back)


@pytest.mark.parametrize("name", ["id", "endpoint", "path", "kind", "first_seen", "types"])
def test_a_finding_needs_its_key(name: str) -> None:
    """Without one of these nobody could say what it is about."""
    plain = to_plain(full())
    assert from_plain({each: plain[each] for each in plain if each != name}, 10) is None


def test_a_file_passes_no_bound() -> None:
    """What is kept of a file that lies is as much as is kept of exchanges."""
    plain = to_plain(full())
    plain["samples"] = [{"n": number} for number in range(1000)]
    plain["versions"] = {"counts": {f"v{number}": 1 for number in range(1000)}, "other": -5}
    plain["pairs"] = [{"legacy": str(number), "candidate": "x" * 9999, "count": 1}
                      for number in range(100)]  # fmt: skip
    plain["reproducer"] = {"legacy": [f"{number * 7919 % 10007}" for number in range(10_000)]}
    back = from_plain(plain, 10)
    assert back is not None
    assert len(back.samples.all()) == 10
    assert (len(back.versions.counts), back.versions.other) == (MAX_NAMES, 1000 - MAX_NAMES)
    assert len(list(back.pairs)) == MAX_LEADING
    assert back.reproducer is None
    assert from_plain({**plain, "endpoint": "x" * (MAX_TEXT + 1)}, 10) is None


def test_a_group_holds_only_what_it_was_handed() -> None:
    """Redaction is the caller's: what went in hidden comes out hidden, and nothing is added."""
    group = full()
    group.samples.offer({"target": "/?token=[redacted]", "differences": []}, 0.0, 6)
    group.pairs.add(ValuePair('"[redacted]"', "(absent)"))
    shown = json.dumps(to_plain(group))
    assert "token=[redacted]" in shown
    assert '\\"[redacted]\\"' in shown
