"""What is still checked where legacy disagrees with itself."""

import math
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.compare.classes import _PATTERNS, ValueClass, class_of
from shadowproxy.core.words import Kind
from shadowproxy.noise import guards
from shadowproxy.noise.guards import EXPLAINABLE, Reason, explains
from shadowproxy.noise.shape import Range, Shape
from tests.noise.locating import KEY

LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.decimals(), st.text(),
    st.from_regex(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", fullmatch=True),
    st.just(Decimal("sNaN")), st.just(10**5000), st.just(-(10**5000)), st.just(object()),
    st.just("\ud800"), st.lists(st.integers(), max_size=3), st.dictionaries(st.text(), st.none()),
)  # fmt: skip
UUIDS = [
    (f"3f2504e0-4f89-11d3-9a0c-0305e82c33{n:02x}", f"3f2504e0-4f89-11d3-9a0c-0305e82c44{n:02x}")
    for n in range(9)
]
TIMES = [(f"2026-11-27T08:00:{n:02}Z", f"2026-11-27T08:00:{n + 1:02}Z") for n in range(9)]


def shaped(pairs: list[tuple[Any, Any]]) -> Shape:
    shape = Shape(KEY)
    for one, other in pairs:
        shape.learn(one, other)
    return shape


@pytest.mark.slow
@given(st.lists(st.tuples(LEAVES, LEAVES), max_size=6), LEAVES, LEAVES, st.sampled_from(Kind))
def test_no_value_raises(
    pairs: list[tuple[Any, Any]], legacy: Any, candidate: Any, kind: Kind
) -> None:
    """NaN of every sort, integers of 5,000 digits, lone surrogates, what no decoder gives."""
    reason = explains(shaped(pairs), kind, legacy, candidate)
    assert reason is None or isinstance(reason, Reason)


@pytest.mark.slow
@given(st.lists(st.tuples(LEAVES, LEAVES), max_size=4), LEAVES, st.sampled_from(Kind))
def test_only_two_kinds_can_be_explained(
    pairs: list[tuple[Any, Any]], value: Any, kind: Kind
) -> None:
    """type, removed, added, invalid, empty, media, status, duplicate_key and raw never."""
    reason = explains(shaped(pairs), kind, value, value)
    assert (reason is Reason.KIND) == (kind not in (Kind.CHANGED, Kind.ORDER))
    assert {Kind.CHANGED, Kind.ORDER} == EXPLAINABLE


@pytest.mark.slow
@given(
    st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), min_size=1, max_size=6), st.data()
)
def test_what_legacy_has_shown_is_explained(
    pairs: list[tuple[str, str]], data: st.DataObject
) -> None:
    """A pair that was learned is no signal when the candidate is the second of it."""
    legacy, candidate = data.draw(st.sampled_from(pairs))
    assert explains(shaped(pairs), Kind.CHANGED, legacy, candidate) is None


@pytest.mark.slow
@given(
    st.lists(st.tuples(LEAVES, LEAVES), min_size=1, max_size=4),
    st.lists(st.tuples(LEAVES, LEAVES), max_size=3), LEAVES, LEAVES,
)  # fmt: skip
def test_types_only_ever_grow(
    pairs: list[tuple[Any, Any]], more: list[tuple[Any, Any]], legacy: Any, candidate: Any
) -> None:
    """Learning more never makes a type or a sign a signal that was none."""
    before = explains(shaped(pairs), Kind.CHANGED, legacy, candidate)
    after = explains(shaped(pairs + more), Kind.CHANGED, legacy, candidate)
    if after in (Reason.TYPE, Reason.SIGN, Reason.FRACTION, Reason.NULL):
        assert before is not None


@pytest.mark.parametrize(
    ("pairs", "legacy", "candidate", "reason"),
    [
        (UUIDS, UUIDS[0][0], "00000000-0000-0000-0000-000000000000", None),
        (UUIDS, UUIDS[0][0], "{00000000-0000-0000-0000-000000000000}", None),
        (UUIDS, UUIDS[0][0], "internal error", Reason.CLASS),
        (UUIDS, UUIDS[0][0], "", Reason.CLASS),
        (UUIDS, UUIDS[0][0], None, Reason.NULL),
        (UUIDS, UUIDS[0][0], 7, Reason.TYPE),
        (UUIDS, 7, 8, Reason.TYPE),
        (TIMES, TIMES[0][0], "2027-01-01T00:00:00.123Z", None),
        (TIMES, TIMES[0][0], "yesterday", Reason.CLASS),
        ([("took 1 ms", "took 12 ms")] * 9, "took 3 ms", "took 40 ms", None),
        ([("took 1 ms", "took 12 ms")] * 9, "took 3 ms", "took ab ms", Reason.WORDING),
        ([("took 1 ms", "took 12 ms")] * 9, "took 3 ms", "TAMPERED", Reason.AFFIX),
        ([("took 1 ms", "took 12 ms")] * 9, "took 3 ms", "took 3 ms and then some", Reason.LENGTH),
        ([("ann", "bob")] * 9, "ann", "", Reason.LENGTH),
        ([("ann", "bob")] * 9, "ann", UUIDS[0][0], Reason.CLASS),
        ([("ab" * 16, "cd" * 16)] * 20, "ab" * 16, "ef" * 16, None),
        ([("ab" * 16, "cd" * 16)] * 20, "ab" * 16, "ef" * 8, Reason.LENGTH),
        (
            [("https://a.test/x?s=1", "https://a.test/x?s=2")] * 3,
            "https://a.test/x?s=3",
            "https://b.test/x?s=3",
            Reason.AFFIX,
        ),
        ([(3, 40)] * 3, 5, 17, None),
        ([(3, 40)] * 3, 5, -17, Reason.SIGN),
        ([(3, 40)] * 3, 5, 0, Reason.SIGN),
        ([(3, 40)] * 3, 5, 17.5, Reason.FRACTION),
        ([(3.5, 40.25)] * 3, 5.5, 17, None),
        ([(10.5, 11.25)] * 30, 10.5, 1050.0, Reason.LENGTH),
        ([(3, 40)] * 3, 5, math.nan, Reason.SIGN),
        ([(3, 40)] * 3, 5, math.inf, Reason.LENGTH),
        ([(3, 40)] * 3, 5, Decimal("1e400"), Reason.LENGTH),
        ([(3, 40)] * 3, -5, -6, None),
        ([(True, False)] * 3, True, False, None),
    ],
)  # fmt: skip
def test_values_that_are_not_like_legacys_own(
    pairs: list[tuple[Any, Any]], legacy: Any, candidate: Any, reason: Reason | None
) -> None:
    """Class, sign, null, fraction, length, and what stands still around a number in a text."""
    assert explains(shaped(pairs), Kind.CHANGED, legacy, candidate) is reason


def test_a_page_around_its_noise_is_still_checked() -> None:
    """A page of 40 KiB with a time in the middle: what stands before and behind it must stand."""
    head, tail = "<h1>cart</h1>" * 1500, "<p>total: 10</p>" * 1500
    pages = [f"{head}12:00:{n:02}{tail}" for n in range(20)]
    shape = shaped(list(pairwise(pages)))
    now = f"{head}13:59:59{tail}"
    assert explains(shape, Kind.CHANGED, now, f"{head}14:00:00{tail}") is None
    for tampered in (head.replace("cart", "cast", 1), "<h1>"):
        found = explains(shape, Kind.CHANGED, now, f"{tampered}14:00:00{tail}")
        assert found in (Reason.AFFIX, Reason.LENGTH)
    last = f"{head}14:00:00{tail[:-4]}</q>"
    assert explains(shape, Kind.CHANGED, now, last) is Reason.AFFIX


def test_two_noisy_places_in_one_text_leave_its_words() -> None:
    """Nothing is shared at either end, yet only digits may differ."""
    texts = [f"{n * 7919 % 9973} items in {n * 31 % 97}" for n in range(20)]
    shape = shaped(list(pairwise(texts)))
    assert explains(shape, Kind.CHANGED, texts[3], "1 items in 2") is None
    assert explains(shape, Kind.CHANGED, texts[3], "1 heaps in 2") is Reason.WORDING


def test_a_closed_set_stays_closed() -> None:
    """Legacy flips between three words; a fourth is none of them. Below 100 values nobody knows."""
    words = [("HIT", "MISS"), ("MISS", "PASS"), ("PASS", "HIT")]
    assert explains(shaped(words * 4), Kind.CHANGED, "HIT", "GONE") is None
    assert explains(shaped(words * 17), Kind.CHANGED, "HIT", "GONE") is Reason.UNSEEN
    assert explains(shaped(words * 17), Kind.CHANGED, "HIT", "PASS") is None
    varied = [(f"a{n}", f"b{n}") for n in range(100)]
    assert explains(shaped(varied), Kind.CHANGED, "a1", "c1") is None


def test_an_array_unlike_those_that_were_seen_shows() -> None:
    """Legacy shuffles short lists; nobody has seen it shuffle 500 elements."""
    shape = shaped([([1, 2, 3], [2, 1, 3])] * 5)
    assert explains(shape, Kind.ORDER, [1, 2], [2, 1]) is None
    long = list(range(500))
    assert explains(shape, Kind.ORDER, long, long[::-1]) is Reason.LENGTH


@given(st.lists(st.integers(0, 200), min_size=1, max_size=100), st.integers(-300, 600))
def test_a_range_admits_what_it_saw_and_little_more(lengths: list[int], length: int) -> None:
    """Never more than half of its width and one beyond."""
    seen = Range()
    for each in lengths:
        seen.add(each)
    assert all(map(seen.admits, lengths))
    margin = (max(lengths) - min(lengths)) / 2 + 1.5
    if not min(lengths) - margin <= length <= max(lengths) + margin:
        assert not seen.admits(length)
    assert seen.admits(length, length)


def test_a_pinned_place_without_a_shape_is_compared_with_legacy() -> None:
    """Nothing was learned, so only legacy's value in this exchange can tell."""
    assert explains(Shape(KEY), Kind.CHANGED, UUIDS[0][0], UUIDS[1][0]) is None
    assert explains(Shape(KEY), Kind.CHANGED, UUIDS[0][0], "oops") is Reason.CLASS
    assert explains(Shape(KEY), Kind.CHANGED, "a", "") is Reason.LENGTH
    assert explains(Shape(KEY), Kind.CHANGED, 5, -5) is Reason.SIGN


_PATTERN_TEXTS = st.sampled_from(ValueClass).flatmap(
    lambda name: st.from_regex(_PATTERNS[name], fullmatch=True)
)


@pytest.mark.slow
@given(_PATTERN_TEXTS)
def test_the_quick_look_misses_no_certain_class(text: str) -> None:
    """What a text begins with only ever saves looking."""
    name = class_of(text)
    certain = name if name in guards._CERTAIN else guards._certain_class(text)
    assert guards._certain_class(text) is certain
