"""The bench of the comparer measures what it says: the pairs it names, every arm, in bounded time."""

import json
from functools import partial
from time import perf_counter, sleep

import pytest

from bench.compare import comparers, judge
from bench.compare.__main__ import Cell, Effort, page
from bench.compare.documents import SIZES, pair
from bench.compare.timing import timed, timed_apart
from shadowproxy.compare import Rules, compare, response
from shadowproxy.core.words import Kind

SIZE = SIZES["10 KB"]


def kinds(legacy: bytes, candidate: bytes) -> list[str]:
    sides = [response(body, "application/json") for body in (legacy, candidate)]
    return sorted(each.kind for each in compare(sides[0], sides[1], Rules.of(())).differences)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("equal", []),
        ("3 changes", [Kind.CHANGED, Kind.CHANGED, Kind.TYPE]),
        ("1 % changed", [Kind.CHANGED]),
        ("insertion at the head", [Kind.ADDED]),
        ("shuffled", [Kind.ORDER]),
    ],
)
def test_a_pair_differs_as_its_name_says(change: str, expected: list[str]) -> None:
    """The same pair each time, of the size that it says, with these differences."""
    legacy, candidate = pair(SIZE, change)
    assert (legacy, candidate) == pair(SIZE, change)
    assert legacy != candidate
    assert SIZE <= len(legacy) < SIZE + 600
    assert kinds(legacy, candidate) == expected


def test_one_percent_is_one_percent() -> None:
    """Of 300 records three differ."""
    legacy, candidate = pair(SIZES["100 KB"], "1 % changed")
    rows = len(json.loads(legacy)["items"])
    assert kinds(legacy, candidate) == [Kind.CHANGED] * (rows // 100)
    assert rows // 100 > 1


def test_every_pair_through_the_judge_is_another_with_three_differences() -> None:
    """No two pairs are the same bytes, and all are of 1 KB."""
    pairs = [judge.pair(number) for number in range(5)]
    assert len({body for each in pairs for body in each}) == 10
    for legacy, candidate in pairs:
        assert 900 < len(legacy) < 1200
        assert len(kinds(legacy, candidate)) == 3


def test_what_takes_too_long_is_given_up() -> None:
    """A run over the limit ends at the limit and has no timing."""

    def forever() -> None:
        while True:
            pass

    start_s = perf_counter()
    assert timed(forever, 0.01, 0.05) is None
    assert perf_counter() - start_s < 1
    quick = timed(lambda: None, 0.001, 0.05)
    assert quick is not None
    assert quick.times > 1
    assert quick.p50_ms <= quick.p99_ms < 50


def test_a_time_is_taken_in_another_process() -> None:
    """What is done there leaves nothing here, and what takes too long has no timing there either."""
    done: list[int] = []
    timing = timed_apart(lambda: partial(done.append, 1), 0.001, 0.5)
    assert timing is not None
    assert timing.times > 1
    assert done == []
    assert timed_apart(lambda: partial(sleep, 5), 0.01, 0.05) is None


@pytest.mark.slow
def test_every_arm_has_a_cell() -> None:
    """A table has ours, each peer that is installed, and the ratio to DeepDiff."""
    effort = Effort(0.001, 5.0)
    legacy, candidate = pair(SIZES["1 KB"], "3 changes")
    ours = timed(comparers.ours(legacy, candidate), effort.budget_s, effort.limit_s)
    parsing = timed(comparers.parsing(legacy, candidate), effort.budget_s, effort.limit_s)
    assert ours is not None
    assert parsing is not None
    cell = Cell("1 KB", "3 changes", ours, parsing)
    for name in filter(comparers.is_installed, comparers.PEERS):
        work = comparers.peer(name, legacy, candidate)
        cell.peers[name] = timed(work, effort.budget_s, effort.limit_s)
    cell.peers["given up"] = None
    text = page([cell], effort)
    assert "> 5 s" in text
    assert comparers.DEEPDIFF in text
    assert "3 changes" in text


@pytest.mark.slow
def test_a_whole_judge_is_measured() -> None:
    """Every pair is judged, and the line says how many a second."""
    words = judge.measured(60)
    assert "60 different pairs" in words
    assert "pairs/s" in words
