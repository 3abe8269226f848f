"""Which children of two containers must stay: delta debugging on one pair of places.

Law: the smallest set that is kept is one that was found to be enough (ddmin, Zeller and
Hildebrandt 2002), whenever the search is ended.
"""

from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import Any, Final

import orjson


class _Absent:
    """The type of ABSENT."""


ABSENT: Final = _Absent()

Unit = tuple[Any, Any]
"""Keys of one child in legacy's and in the candidate's container, ABSENT where it has none."""

MAX_BY_VALUE: Final = 2000
"""Elements that are paired by value: writing each as JSON is what it costs."""


class Holding:
    """The children that two containers had, and have: as many as `keep` says, in their order."""

    def __init__(self, legacy: Any, candidate: Any) -> None:
        self._sides = [
            (container, container.copy(), side)
            for side, container in enumerate((legacy, candidate))
            if type(container) in (dict, list)
        ]

    def keep(self, units: list[Unit]) -> None:
        """Leaves these children and no others."""
        for container, had, side in self._sides:
            kept = {unit[side] for unit in units}
            if type(had) is dict:
                container.clear()
                container.update((name, value) for name, value in had.items() if name in kept)
            else:
                container[:] = [value for index, value in enumerate(had) if index in kept]

    def unlike(self, units: list[Unit]) -> list[Unit]:
        """Those whose two children are not plainly equal: a guess, as `1 == True`."""
        if len(self._sides) < 2:
            return units
        ours, theirs = self._sides[0][1], self._sides[1][1]
        return [
            (ours_key, theirs_key)
            for ours_key, theirs_key in units
            if ours_key is ABSENT
            or theirs_key is ABSENT
            or not _are_equal(ours[ours_key], theirs[theirs_key])
        ]


def _are_equal(a: Any, b: Any) -> bool:
    try:
        return bool(a == b)
    except RecursionError:
        return False


def minimise(
    units: list[Unit], is_enough: Callable[[list[Unit]], bool], likely: list[Unit]
) -> None:
    """Asks for smaller and smaller sets; `is_enough` remembers, and ends this by raising."""
    if is_enough([]):
        return
    if len(likely) < len(units) and is_enough(likely):
        units = likely
    parts = 2
    while len(units) > 1:
        smaller = next(filter(is_enough, _smaller(units, parts)), None)
        if smaller is None:
            if parts >= len(units):
                return
            parts = min(len(units), 2 * parts)
        else:
            was_part = len(smaller) * 2 <= len(units) + 1
            units, parts = smaller, 2 if was_part else max(parts - 1, 2)


def _smaller(units: list[Unit], parts: int) -> Iterator[list[Unit]]:
    """Each part alone, then all but each part."""
    size = -(-len(units) // parts)
    starts = range(0, len(units), size)
    for start in starts:
        yield units[start : start + size]
    if len(starts) > 2:
        for start in starts:
            yield units[:start] + units[start + size :]


def by_name(legacy: Any, candidate: Any) -> list[Unit]:
    """Members of two objects."""
    if type(legacy) is not dict or type(candidate) is not dict:
        return []
    return [
        (name if name in legacy else ABSENT, name if name in candidate else ABSENT)
        for name in legacy | candidate
    ]


def by_index(legacy: Any, candidate: Any) -> list[Unit]:
    """Elements of two arrays at the same place."""
    if type(legacy) is not list or type(candidate) is not list:
        return []
    return list(zip_longest(range(len(legacy)), range(len(candidate)), fillvalue=ABSENT))


def by_value(legacy: Any, candidate: Any) -> list[Unit]:
    """Equal elements of two arrays wherever they are, and the others of each side alone."""
    if type(legacy) is not list or type(candidate) is not list:
        return []
    if not 1 < max(len(legacy), len(candidate)) <= MAX_BY_VALUE:
        return []
    places: dict[object, list[int]] = {}
    for index, value in enumerate(candidate):
        places.setdefault(_written(value), []).append(index)
    units: list[Unit] = []
    for index, value in enumerate(legacy):
        found = places.get(_written(value))
        units.append((index, found.pop(0) if found else ABSENT))
    return units + [(ABSENT, index) for left in places.values() for index in left]


def _written(value: Any) -> object:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # exact numbers, half surrogates, more than 254 levels: like itself alone
        return id(value)


def apart(legacy: Any, candidate: Any) -> list[Unit]:
    """Children of each side alone; objects that face each other keep what they share."""
    if type(legacy) is dict and type(candidate) is dict:
        return []
    ours = [(key, ABSENT) for key in _keys(legacy)]
    return ours + [(ABSENT, key) for key in _keys(candidate)]


def _keys(container: Any) -> list[Any]:
    if type(container) is dict:
        return list(container)
    return list(range(len(container))) if type(container) is list else []
