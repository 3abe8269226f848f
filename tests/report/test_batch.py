"""What judge has to say: additive, bounded, whatever it is split into."""

from copy import deepcopy
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.core.words import Verdict
from shadowproxy.report import batch as limits
from shadowproxy.report.batch import Batch, Rename
from tests.report.events import (
    START_S,
    Event,
    Model,
    batches,
    events,
    finding,
    group_id,
    said_by,
    sample,
    seen_at,
)

cuts = st.lists(st.integers(0, 30), max_size=6)


def _joined(older: Batch, newer: Batch) -> Batch:
    older.absorb(newer)
    return older


@given(events, cuts)
def test_any_split_says_the_same(stream: list[Event], at: list[int]) -> None:
    """Batches that could not be written become one that says what all of them said."""
    joined = reduce(_joined, batches(stream, at))
    assert said_by(joined) == Model.of(stream)
    assert joined.lost == 0


@given(events, cuts)
def test_absorbing_is_associative(stream: list[Event], at: list[int]) -> None:
    """From the left or from the right: which batches wait together makes no difference."""
    made = batches(stream, at)
    from_left = reduce(_joined, deepcopy(made))
    from_right = reduce(lambda newer, older: _joined(older, newer), reversed(deepcopy(made)))
    assert said_by(from_left) == said_by(from_right)
    assert from_left.renames == from_right.renames


@given(events)
def test_an_empty_batch_changes_nothing(stream: list[Event]) -> None:
    """Absorbing nothing, and being absorbed by nothing."""
    assert said_by(_joined(batches(stream, ())[0], Batch())) == Model.of(stream)
    assert said_by(_joined(Batch(), batches(stream, ())[0])) == Model.of(stream)
    assert Batch().is_empty()


BOUNDS = {
    "MAX_SERIES": 3, "MAX_GROUPS": 2, "MAX_COUNTS": 3, "MAX_SAMPLES": 2, "MAX_VERSIONS": 2,
    "MAX_RENAMES": 2,
}  # fmt: skip
_TABLES = {
    "series": "MAX_SERIES", "groups": "MAX_GROUPS", "group_series": "MAX_COUNTS",
    "traffic": "MAX_COUNTS", "samples": "MAX_SAMPLES", "versions": "MAX_VERSIONS",
    "renames": "MAX_RENAMES", "endpoints": "MAX_SERIES",
}  # fmt: skip


@given(events, cuts)
def test_bounds_are_never_exceeded(stream: list[Event], at: list[int]) -> None:
    """However much is counted and absorbed; what does not fit is counted as lost."""
    with pytest.MonkeyPatch.context() as patch:
        for name, most in BOUNDS.items():
            patch.setattr(limits, name, most)
        joined = reduce(_joined, batches(stream, at))
        for table, bound in _TABLES.items():
            assert len(getattr(joined, table)) <= BOUNDS[bound], table
    if said_by(joined) != Model.of(stream):
        assert joined.lost > 0


@pytest.mark.parametrize("bound", sorted(BOUNDS))
def test_what_does_not_fit_is_counted(bound: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more than there is room for, in each table, when it is counted and when it is absorbed."""
    monkeypatch.setattr(limits, bound, 1)
    first, second = Batch(), Batch()
    _fill(first, bound, 1)
    assert first.lost == 0
    _fill(second, bound, 2)
    first.absorb(second)
    assert first.lost == 1
    _fill(first, bound, 3)
    assert first.lost == 2


def _fill(batch: Batch, bound: str, number: int) -> None:
    endpoint = f"GET /{number}"
    match bound:
        case "MAX_SERIES":
            batch.count(START_S, endpoint, "all", Verdict.MATCH, seen_at(number))
        case "MAX_GROUPS":
            batch.add_group(finding(endpoint, "/a", seen_at(number)))
        case "MAX_COUNTS":
            batch.count_group(START_S, f"{number:016x}")
        case "MAX_SAMPLES":
            batch.add_sample(sample(number, ()))
        case "MAX_VERSIONS":
            batch.see_version("1.0", endpoint, seen_at(number))
        case _:
            batch.rename(Rename(endpoint, "GET /{int}", "GET /{int}"))


def test_the_newest_samples_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sample more than there is room for takes the place of the oldest."""
    monkeypatch.setattr(limits, "MAX_SAMPLES", 2)
    batch = Batch()
    for number in range(5):
        batch.add_sample(sample(number, ()))
    assert list(batch.samples) == [f"{number:016x}" for number in (3, 4)]
    assert batch.lost == 3


def test_samples_follow_their_findings() -> None:
    """A sample of a finding whose endpoint is renamed stands for the finding under its new name."""
    batch, old = Batch(), group_id("GET /users/41", "/a")
    batch.add_group(finding("GET /users/41", "/a", seen_at(1)))
    batch.add_sample(sample(1, [old, "f" * 16]))
    batch.rename(Rename("GET /users/41", "GET /users/{int}", "GET /users/{int}"))
    (kept,) = batch.samples.values()
    assert kept.groups == ((group_id("GET /users/{int}", "/a"), 0.5), ("f" * 16, 0.5))


def test_times_are_joined_even_if_the_clock_goes_back() -> None:
    """First is the earliest and last the latest, in whatever order they came."""
    batch = Batch()
    for second in (5, 9, 2):
        batch.count(START_S, "GET /a", "all", Verdict.MATCH, seen_at(second))
        batch.see_version("1.0", "GET /a", seen_at(second))
    assert batch.endpoints["GET /a"] == ("all", seen_at(2), seen_at(9))
    seen = batch.versions["1.0", "GET /a"]
    assert (seen.count, seen.first, seen.last) == (3, seen_at(2), seen_at(9))


def test_what_was_learned_and_linked_last_holds() -> None:
    """Parts that are whole by themselves are replaced, and kept where nothing newer was said."""
    older, newer = Batch(), Batch()
    older.learned, newer.learned = {"noise": b"1", "rules": b"1"}, {"noise": b"2"}
    older.links, older.baseline, newer.baseline = [("a", "b")], {"received": 1}, {"received": 2}
    older.absorb(newer)
    assert older.learned == {"noise": b"2", "rules": b"1"}
    assert (older.links, older.baseline) == ([("a", "b")], {"received": 2})
    assert not older.is_empty()
