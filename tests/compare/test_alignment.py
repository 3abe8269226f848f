"""Automatic alignment beside a plain reading of its definition.

`diff_cases.json` has the definition: drop equal prefix and suffix; nothing left on one side: added or
removed; same multiset: one `order`; by a unique scalar key that at least half share; lengths differ:
LCS; else index. Where that sentence leaves a choice, the pair is not used.
"""

import contextlib
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from shadowproxy.compare import Rules, compare, response
from tests.compare.documents import are_equal, exact, text_of
from tests.compare.loading import places

KEYS = ("id", "_id", "uuid", "guid", "key", "code", "sku", "slug", "name")
Place = tuple[str, str]


class ChoiceError(Exception):
    """The definition does not say which of several answers it is."""


class Reading:
    """The differences of two arrays, as the definition is read.

    `any_index` are arrays of which only the number of elements that came or went is settled.
    """

    def __init__(self, legacy: list[Any], candidate: list[Any]) -> None:
        self.found: list[Place] = []
        self.any_index: set[str] = set()
        self._walk(legacy, candidate, "")

    def _walk(self, a: Any, b: Any, at: str) -> None:
        if isinstance(a, dict) and isinstance(b, dict):
            self.found += [(f"{at}/{name}", "removed") for name in a.keys() - b.keys()]
            self.found += [(f"{at}/{name}", "added") for name in b.keys() - a.keys()]
            for name in a.keys() & b.keys():
                self._walk(a[name], b[name], f"{at}/{name}")
        elif isinstance(a, list) and isinstance(b, list):
            self._align(a, b, at)
        elif not are_equal(a, b):
            self.found.append((at, "changed" if type(a) is type(b) else "type"))

    def _align(self, a: list[Any], b: list[Any], at: str) -> None:
        start = _common(a, b)
        end = _common(a[start:][::-1], b[start:][::-1])
        left, right = a[start : len(a) - end], b[start : len(b) - end]
        if not left or not right:
            self.found += [(f"{at}/{start + n}", "removed") for n in range(len(left))]
            self.found += [(f"{at}/{start + n}", "added") for n in range(len(right))]
        elif _same_multiset(left, right):
            self.found.append((at, "order"))
        elif key := _key(left, right, a, b):
            self._by_key(left, right, key, at, start)
        elif len(left) != len(right):
            self._by_lcs(left, right, at)
        else:
            for n, (x, y) in enumerate(zip(left, right, strict=True)):
                self._walk(x, y, f"{at}/{start + n}")

    def _by_key(self, a: list[Any], b: list[Any], key: str, at: str, start: int) -> None:
        ours = {x[key]: n for n, x in enumerate(a)}
        theirs = {y[key]: n for n, y in enumerate(b)}
        gone, new = ours.keys() - theirs.keys(), theirs.keys() - ours.keys()
        if gone and new:
            raise ChoiceError
        self.found += [(f"{at}/{start + ours[value]}", "removed") for value in gone]
        self.found += [(f"{at}/{start + theirs[value]}", "added") for value in new]
        shared = [value for value in ours if value in theirs]
        if shared != [value for value in theirs if value in ours]:
            self.found.append((at, "order"))
        for value in shared:
            self._walk(a[ours[value]], b[theirs[value]], f"{at}/{start + ours[value]}")

    def _by_lcs(self, a: list[Any], b: list[Any], at: str) -> None:
        common = _lcs(a, b)
        if common != min(len(a), len(b)):
            raise ChoiceError
        self.any_index.add(at)
        kind = "removed" if len(a) > len(b) else "added"
        self.found += [(f"{at}/*", kind)] * abs(len(a) - len(b))

    def settled(self, path: str, kind: str) -> Place:
        """A difference that was found, without the index where that is open."""
        array = path.rpartition("/")[0]
        is_open = array in self.any_index and kind in ("removed", "added")
        return (f"{array}/*" if is_open else path, kind)


def _common(a: list[Any], b: list[Any]) -> int:
    count = 0
    while count < min(len(a), len(b)) and are_equal(a[count], b[count]):
        count += 1
    return count


def _same_multiset(a: list[Any], b: list[Any]) -> bool:
    rest = list(b)
    for x in a:
        found = next((n for n, y in enumerate(rest) if are_equal(x, y)), None)
        if found is None:
            return False
        del rest[found]
    return not rest


def _key(left: list[Any], right: list[Any], a: list[Any], b: list[Any]) -> str:
    """The key of what is left; a choice when all elements would say another thing."""
    found = [_key_of(*sides) for sides in ((left, right), (a, b))]
    if found[0] != found[1]:
        raise ChoiceError
    return found[0]


def _key_of(a: list[Any], b: list[Any]) -> str:
    if not all(isinstance(x, dict) for x in a + b):
        return ""
    for key in KEYS:
        values = [[_scalar(x.get(key)) for x in side] for side in (a, b)]
        if any(None in side or len(set(side)) < len(side) for side in values):
            continue
        shared = 2 * len(set(values[0]) & set(values[1]))
        if shared >= max(len(a), len(b)):
            return key
        if shared >= min(len(a), len(b)):
            raise ChoiceError
    return ""


def _scalar(value: Any) -> tuple[str, Any] | None:
    is_scalar = value is not None and not isinstance(value, bool | dict | list)
    return (type(value).__name__, value) if is_scalar else None


def _lcs(a: list[Any], b: list[Any]) -> int:
    lengths = [0] * (len(b) + 1)
    for x in a:
        before = 0
        for n, y in enumerate(b):
            kept = lengths[n + 1]
            lengths[n + 1] = before + 1 if are_equal(x, y) else max(kept, lengths[n])
            before = kept
    return lengths[-1]


KEYED = st.fixed_dictionaries(
    {"id": st.integers(0, 5)}, optional={"v": st.integers(0, 1), "w": st.lists(st.integers(0, 2))}
)
ELEMENTS = (
    st.integers(0, 3)
    | st.sampled_from([True, None, "1", 1.0])
    | st.fixed_dictionaries({"v": st.integers(0, 2)})
    | st.lists(st.integers(0, 2), max_size=3)
)
ARRAYS = st.lists(ELEMENTS, max_size=7) | st.lists(KEYED, max_size=6, unique_by=lambda x: x["id"])


@st.composite
def pairs(draw: st.DrawFn) -> tuple[list[Any], list[Any]]:
    """An array, and the same with some of: elements gone, come, changed, shuffled."""
    first = draw(ARRAYS)
    second = [x for x in first if draw(st.integers(0, 5))]
    if draw(st.booleans()):
        second = list(draw(st.permutations(second)))
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(second)))
        second[at:at] = [draw(ELEMENTS | KEYED)]
    second = [
        {**x, "v": 9} if isinstance(x, dict) and not draw(st.integers(0, 3)) else x for x in second
    ]
    return first, second


@settings(max_examples=400, deadline=None)
@given(pairs())
def test_arrays_are_aligned_as_the_definition_says(pair: tuple[list[Any], list[Any]]) -> None:
    """Every difference of two arrays, at its index, except the indices that an LCS leaves open."""
    reading = None
    with contextlib.suppress(ChoiceError):
        reading = Reading(exact(pair[0]), exact(pair[1]))
    assume(reading is not None)
    assert reading is not None
    sides = [response(text_of(each), "application/json") for each in pair]
    found = places(compare(sides[0], sides[1], Rules.of([])))
    assert sorted(reading.settled(*place) for place in found) == sorted(reading.found)


@pytest.mark.parametrize("pairing", [{"by": "key", "key": "id"}, {"by": "auto", "order": "ignore"}])
@pytest.mark.parametrize(
    ("action", "legacy", "candidate"),
    [
        ({"coerce": "string"}, [1, 2, 3], ["1", "2", "3"]),
        ({"strings": {"case": "ignore"}}, ["a-1", "b-2", "c-3"], ["A-1", "B-2", "C-3"]),
        ({"replace": ["^urn:", ""]}, ["1", "2", "3"], ["urn:1", "urn:2", "urn:3"]),
    ],
)
def test_elements_go_by_a_key_as_rules_make_it(
    pairing: dict[str, str], action: dict[str, Any], legacy: list[Any], candidate: list[Any]
) -> None:
    """What another rule calls equal names the same element, in which the difference is found."""
    rules = Rules.of([{"path": "$", "array": pairing}, {"path": "$[*].id", **action}])
    ours = [{"id": name, "v": [n, 0]} for n, name in enumerate(legacy)]
    theirs = [{"id": candidate[n], "v": [n, int(n == 1)]} for n in (2, 0, 1)]
    sides = [response(text_of(each), "application/json") for each in (ours, theirs)]
    assert places(compare(sides[0], sides[1], rules)) == [("/1/v/1", "changed")]
