"""Walks two trees together and collects where they disagree.

Laws: iterative, so no depth of nesting can break it; every value looked at is paid for; a removed
or added subtree is one difference at its root.
"""

from collections.abc import Iterator
from typing import Any

from shadowproxy.compare.differences import (
    MAX_DIFFERENCES,
    MISSING,
    TOO_MANY,
    Difference,
    pointer,
    type_name,
)
from shadowproxy.compare.equality import FAST_LEVELS, Budget, are_same, freeze
from shadowproxy.core.words import Kind
from shadowproxy.decode.bounds import BoundError

_Place = tuple[Any, ...]
"""(): the root; else (the place above, the step from there)."""


def walk(legacy: Any, candidate: Any, has_booleans: bool) -> tuple[list[Difference], str]:
    """All differences, at most MAX_DIFFERENCES, and the reason if some could not be looked for."""
    walker = _Walker(has_booleans)
    try:
        walker.walk(legacy, candidate)
    except BoundError as bound:
        return walker.found, bound.reason
    return walker.found, ""


class _Walker:
    """The state of one walk: what was found and what is still to be visited."""

    __slots__ = ("_budget", "_has_booleans", "_todo", "found")

    def __init__(self, has_booleans: bool) -> None:
        self.found: list[Difference] = []
        self._has_booleans = has_booleans
        self._budget = Budget()
        self._todo: list[tuple[Any, Any, _Place, int]] = []

    def walk(self, legacy: Any, candidate: Any) -> None:
        self._visit(legacy, candidate, (), 0)
        while self._todo:
            ours, theirs, place, level = self._todo.pop()
            self._budget.spend(1)
            if type(ours) is dict and type(theirs) is dict:
                self._objects(ours, theirs, place, level)
            elif type(ours) is list and type(theirs) is list:
                self._arrays(ours, theirs, place, level)
            elif type_name(ours) != type_name(theirs):
                self._report(place, Kind.TYPE, ours, theirs)
            elif ours != theirs:
                self._report(place, Kind.CHANGED, ours, theirs)

    def _visit(self, ours: Any, theirs: Any, place: _Place, level: int) -> None:
        """Later, unless a look tells that there is nothing to find."""
        is_branch = isinstance(ours, dict | list) and isinstance(theirs, dict | list)
        if is_branch and level <= FAST_LEVELS and self._are_same(ours, theirs, level):
            return
        self._todo.append((ours, theirs, place, level))

    def _objects(
        self, ours: dict[str, Any], theirs: dict[str, Any], place: _Place, level: int
    ) -> None:
        self._budget.spend(len(ours) + len(theirs))
        for name, value in reversed(ours.items()):
            if name in theirs:
                self._visit(value, theirs[name], (place, name), level + 1)
        for name, value in ours.items():
            if name not in theirs:
                self._report((place, name), Kind.REMOVED, value, MISSING)
        for name, value in theirs.items():
            if name not in ours:
                self._report((place, name), Kind.ADDED, MISSING, value)

    def _arrays(self, ours: list[Any], theirs: list[Any], place: _Place, level: int) -> None:
        start, end = self._equal_ends(ours, theirs, level)
        left, right = ours[start : len(ours) - end], theirs[start : len(theirs) - end]
        if self._are_reordered(left, right, level):
            self._report(place, Kind.ORDER, ours, theirs)
            return
        paired = min(len(left), len(right))
        for index in reversed(range(paired)):
            self._visit(left[index], right[index], (place, start + index), level + 1)
        for index in range(paired, len(left)):
            self._report((place, start + index), Kind.REMOVED, left[index], MISSING)
        for index in range(paired, len(right)):
            self._report((place, start + index), Kind.ADDED, MISSING, right[index])

    def _equal_ends(self, ours: list[Any], theirs: list[Any], level: int) -> tuple[int, int]:
        """How many elements are the same at the beginning, and then at the end."""
        shorter = min(len(ours), len(theirs))
        start = end = 0
        while start < shorter and self._are_same(ours[start], theirs[start], level + 1):
            start += 1
        while end < shorter - start and self._are_same(ours[-1 - end], theirs[-1 - end], level + 1):
            end += 1
        return start, end

    def _are_reordered(self, left: list[Any], right: list[Any], level: int) -> bool:
        """The same elements, as often, in another order."""
        if (
            len(left) != len(right)
            or len(left) < 2
            or not self._may_be_reordered(left, right, level)
        ):
            return False
        counts: dict[object, int] = {}
        for element in left:
            frozen = freeze(element, self._budget)
            counts[frozen] = counts.get(frozen, 0) + 1
        for element in right:
            frozen = freeze(element, self._budget)
            if not counts.get(frozen):
                return False
            counts[frozen] -= 1
        return True

    def _may_be_reordered(self, left: list[Any], right: list[Any], level: int) -> bool:
        """A cheap no: the first element of one is nowhere in the other."""
        if level > FAST_LEVELS:
            return True
        self._budget.spend(2 * len(left))
        try:
            return right[0] in left and left[0] in right
        except RecursionError:
            return True

    def _are_same(self, ours: Any, theirs: Any, level: int) -> bool:
        self._budget.spend(1)
        return are_same(ours, theirs, level, self._has_booleans, self._budget)

    def _report(self, place: _Place, kind: Kind, ours: Any, theirs: Any) -> None:
        if len(self.found) >= MAX_DIFFERENCES:
            raise BoundError(TOO_MANY)
        steps = tuple(_steps(place))[::-1]
        self.found.append(Difference(pointer(steps), kind, ours, theirs, steps))


def _steps(place: _Place) -> Iterator[str | int]:
    while place:
        place, step = place
        yield step
