"""The smallest reproducer."""

import copy
import json
import time
from collections.abc import Callable
from itertools import count
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.compare.walking import Walk
from shadowproxy.core.settings import RedactSettings
from shadowproxy.findings.grouping import GroupKey, key_of
from shadowproxy.findings.minimising import ABSENT, by_value, minimise
from shadowproxy.findings.reducing import MAX_CALLS, SHORT, reduce
from shadowproxy.redact.redaction import Redactor

LEAVES = st.none() | st.booleans() | st.integers(0, 3) | st.text("ab", max_size=40)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("xyz", max_size=2), inner),
    max_leaves=12,
)

Shows = Callable[[Any, Any], bool]


def keys(legacy: Any, candidate: Any) -> list[GroupKey]:
    walk = Walk()
    walk.walk(legacy, candidate, None)
    found = walk.found
    return [key_of("GET /x", 200, 200, difference) for difference in found]


def shows_first(legacy: Any, candidate: Any) -> Shows:
    wanted = keys(legacy, candidate)[0]
    return lambda ours, theirs: wanted in keys(ours, theirs)


def still() -> float:
    return 0.0


def reduced(legacy: Any, candidate: Any) -> tuple[Any, Any]:
    return reduce(legacy, candidate, shows_first(legacy, candidate), still)


@given(TREES, TREES)
def test_the_result_shows_what_the_bodies_showed(legacy: Any, candidate: Any) -> None:
    """For any two trees that differ: same finding, no more text than before, the input untouched."""
    if not keys(legacy, candidate):
        return
    shows = shows_first(legacy, candidate)
    before = copy.deepcopy((legacy, candidate))
    after = reduce(legacy, candidate, shows, still)
    assert shows(*after)
    assert (legacy, candidate) == before
    assert len(json.dumps(after)) <= len(json.dumps(before))


@given(TREES, TREES, st.integers(0, 30))
def test_the_best_so_far_is_the_result_whenever_time_ends(
    legacy: Any, candidate: Any, ticks: int
) -> None:
    """Each look at the clock takes a second; the pair shows the finding after any number of them."""
    if not keys(legacy, candidate):
        return
    shows, clock = shows_first(legacy, candidate), count()
    assert shows(*reduce(legacy, candidate, shows, lambda: float(next(clock)), ticks))


@given(TREES, TREES, st.randoms())
def test_an_oracle_may_say_anything(legacy: Any, candidate: Any, draw: Random) -> None:
    """It may raise, which is a no; the last pair it said yes to is the result, or the input."""
    last: list[str] = [json.dumps((legacy, candidate))]

    def shows(ours: Any, theirs: Any) -> bool:
        if draw.random() < 0.3:
            raise RecursionError
        said = draw.random() < 0.5
        if said:
            last.append(json.dumps((ours, theirs)))
        return said

    assert json.dumps(reduce(legacy, candidate, shows, still)) == last[-1]


@pytest.mark.parametrize(
    ("legacy", "candidate", "expected"),
    [
        ({"a": 1, "b": [1, 2], "c": 3}, {"a": 1, "b": [1, 2], "c": 4}, ({"c": 3}, {"c": 4})),
        (
            {"x": 0, "items": [{"id": n, "price": n, "tags": []} for n in range(100)]},
            {"x": 0, "items": [{"id": n, "price": n + (n == 70), "tags": []} for n in range(100)]},
            ({"items": [{"price": 70}]}, {"items": [{"price": 71}]}),
        ),
        ({"a": {"b": 1, "c": [1, 2]}}, {"a": "x"}, ({"a": {}}, {"a": "x"})),
        ({"a": [1, 2, 3], "z": 2}, {"a": 1, "z": 2}, ({"a": []}, {"a": 1})),
        ({"a": {"deep": [1, {"x": 1}]}, "b": 1}, {"b": 1}, ({"a": {}}, {})),
        ([1, 2, 3], [0, 1, 2, 3], ([], [3])),
        ({"z": 1, "l": [1, 2, 3, 4, 5]}, {"z": 1, "l": [1, 4, 3, 2, 5]},
         ({"l": [2, 4]}, {"l": [4, 2]})),
        ("x", "y", ("x", "y")),
        ([[[1, 2], [3]]], [[[1, 2], [4]]], ([[[3]]], [[[4]]])),
    ],
)  # fmt: skip
def test_what_does_not_matter_is_dropped(legacy: Any, candidate: Any, expected: Any) -> None:
    """Siblings, elements, one-sided subtrees; a reordering keeps the two that changed places."""
    assert reduced(legacy, candidate) == expected


def test_what_belongs_together_stays() -> None:
    """A finding that needs two members keeps these two."""
    body = {name: number for number, name in enumerate("abcdefgh")}

    def shows(ours: Any, theirs: Any) -> bool:
        return bool({"b", "g"} <= ours.keys()) and "c" in theirs

    assert reduce(body, body, shows, still) == ({"b": 1, "c": 2, "g": 6}, {"b": 1, "c": 2, "g": 6})


def test_what_is_not_shown_is_not_reduced() -> None:
    """The input itself comes back, after one call."""
    asked = []
    legacy, candidate = {"a": 1}, {"a": 2}

    def shows(ours: Any, theirs: Any) -> bool:
        asked.append(1)
        return False

    found = reduce(legacy, candidate, shows, still)
    assert found[0] is legacy
    assert found[1] is candidate
    assert len(asked) == 1


def test_long_texts_are_cut_around_where_they_part() -> None:
    """24 characters of each, from shortly before; texts on one side alone to their beginning."""
    legacy = {"text": "same " * 100 + "left" + " end" * 100}
    candidate = {"text": "same " * 100 + "right" + " end" * 100}
    ours, theirs = reduced(legacy, candidate)
    assert ours == {"text": "me same left end end end"}
    assert theirs == {"text": "me same right end end en"}
    assert reduced({"a": "x" * 99}, {}) == ({"a": "x" * SHORT}, {})
    assert reduced({"a": "x" * 99}, {"a": None}) == ({"a": "x" * SHORT}, {"a": None})


@pytest.mark.parametrize("lead", range(12))
def test_a_secret_is_not_cut_out_of_its_disguise(lead: int) -> None:
    """Half a card number or a token without its name would pass redaction: they are hidden first."""
    head = "s" * 50 + " token=" + "t0k3n" * 3
    legacy = {"text": f"{head} card 4111 1111 1111 1111 {'a' * lead} x" + "e" * 99}
    candidate = {"text": f"{head} card 4111 1111 1111 1111 {'a' * lead} y" + "e" * 99}
    found = reduced(legacy, candidate)
    assert len(found[0]["text"]) == SHORT
    redactor = Redactor(RedactSettings(), b"")
    assert redactor.value(list(found)) == list(found)
    assert "1111" not in json.dumps(found)
    assert "t0k3n" not in json.dumps(found)


def test_texts_that_part_in_a_secret_stay_for_the_redactor() -> None:
    """Hidden they would be equal, which shows nothing."""
    legacy, candidate = {"text": "x" * 30 + " token=abcdef"}, {"text": "x" * 30 + " token=ghijkl"}
    assert reduced(legacy, candidate) == (legacy, candidate)


def test_calls_are_bounded_when_the_clock_stands_still() -> None:
    """An oracle that needs every second element would be asked for ever."""
    asked = count()
    body = list(range(800))

    def shows(ours: Any, theirs: Any) -> bool:
        next(asked)
        return bool(sum(n % 2 for n in ours) == 400)

    ours, _ = reduce(body, body, shows, still)
    assert next(asked) <= MAX_CALLS + 1
    assert sum(n % 2 for n in ours) == 400


def test_depth_does_not_matter() -> None:
    """10,000 levels, where recursion and even == give up."""
    legacy: Any = 1
    candidate: Any = 2
    for _ in range(10_000):
        legacy, candidate = [legacy], [candidate]

    def shows(ours: Any, theirs: Any) -> bool:
        while type(ours) is type(theirs) is list and ours and theirs:
            ours, theirs = ours[0], theirs[0]
        return bool((ours, theirs) == (1, 2))

    found = reduce(legacy, candidate, shows, still)
    assert shows(*found)


@pytest.mark.slow
def test_fifty_milliseconds_are_enough_for_a_large_body() -> None:
    """100 KB with one change in 1,000 records: down to one record's member, in time."""
    record = {"id": 1, "name": "n" * 20, "price": 12.5, "tags": ["a", "b"], "stock": {"x": 1}}
    items = [{**record, "id": number} for number in range(1000)]
    legacy: dict[str, Any] = {"items": items, "page": 1}
    candidate = copy.deepcopy(legacy)
    candidate["items"][700]["price"] = "12.5"
    shows = shows_first(legacy, candidate)
    started_s = time.thread_time()
    found = reduce(legacy, candidate, shows, time.thread_time)
    assert time.thread_time() - started_s < 0.5
    assert shows(*found)
    assert found == ({"items": [{"price": 12.5}]}, {"items": [{"price": "12.5"}]})


@given(st.sets(st.integers(0, 40)), st.integers(1, 40))
def test_ddmin_finds_what_is_needed(needed: set[int], size: int) -> None:
    """When a set is needed as a whole, exactly it is left, whatever was guessed."""
    units = [(number, number) for number in range(size)]
    wanted = needed & set(range(size))
    best = units

    def is_enough(kept: list[tuple[Any, Any]]) -> bool:
        nonlocal best
        said = wanted <= {number for number, _ in kept}
        best = kept if said else best
        return said

    minimise(units, is_enough, units[: size // 2])
    assert {number for number, _ in best} == wanted


def test_elements_are_paired_by_value() -> None:
    """Each equal element once; what has no partner stands alone; what JSON does not have, too."""
    assert by_value([1, {"a": 1}, 1], [{"a": 1}, 1, 2]) == [
        (0, 1),
        (1, 0),
        (2, ABSENT),
        (ABSENT, 2),
    ]
    assert by_value([{1}, 2], [{1}, 2]) == [(0, ABSENT), (1, 1), (ABSENT, 0)]
