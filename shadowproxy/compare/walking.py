"""Walks two trees together and collects where they disagree.

Laws: iterative, so no depth of nesting can break it; every value looked at is paid for; a removed
or added subtree is one difference at its root; what rules hide is counted for them.
"""

from collections.abc import Sequence
from typing import Any, Final

from shadowproxy.compare.alignment import align
from shadowproxy.compare.automaton import State
from shadowproxy.compare.budget import TEXT_PER_STEP, WHOLE, Budget
from shadowproxy.compare.differences import (
    MAX_DIFFERENCES,
    MISSING,
    TOO_MANY,
    Difference,
    Hits,
    pointer,
)
from shadowproxy.compare.effects import difference_under, plain_difference
from shadowproxy.compare.elements import Elements, Looking
from shadowproxy.compare.embedding import Documents
from shadowproxy.compare.equality import FAST_LEVELS, Sameness, repeats
from shadowproxy.compare.keys import Keys
from shadowproxy.compare.rules import Pairing
from shadowproxy.core.words import Kind
from shadowproxy.decode.bounds import BoundError

_Place = tuple[Any, ...]
"""(): the root; else (the place above, the step from there)."""

_AUTOMATIC: Final = Pairing()
_SUBWALK_COST: Final = 8
_MAX_SUBWALKS: Final = 12
"""Inside each other: arrays in arrays. Below, keys tell, which take ten times as long but are made once;
elements that are equal within a tolerance have none that could."""


class _DifferentError(Exception):
    """A walk that only asks whether there is a difference has found one."""


class Walk:
    """One comparison of two trees: what was found, and what rules hid.

    `hits` counts hidden differences by the rule's index. With `looks_into` False texts are texts,
    whatever rules say that they hold. `cost` of the budget is spent already.
    """

    def __init__(self, has_booleans: bool = True, looks_into: bool = True, cost: int = 0) -> None:
        self.found: list[Difference] = []
        self.hits = Hits(int)
        self._budget = Budget(WHOLE - cost)
        self._documents = Documents(self._budget, looks_into)
        self._keys = Keys(self._budget, self._documents)
        self._same = Sameness(self._keys, self._budget, has_booleans)
        self._looking = Looking(self._budget, self._keys, self._same)
        self._todo: list[tuple[Any, Any, _Place, int, State | None]] = []
        self._limit = MAX_DIFFERENCES
        self._nesting = 0
        self._seen: dict[tuple[int, int, int], tuple[Hits | None, State]] = {}
        """By two values and the state: what rules hide, None if they differ all the same. Values
        outlive it; states are kept, or another one might take an id."""

    def walk(self, legacy: Any, candidate: Any, state: State | None) -> str:
        """Looks everywhere; the reason if it could not."""
        if state is not None:
            state.charge(self._budget)
        try:
            self._walk(legacy, candidate, (), 0, state)
        except BoundError as bound:
            return bound.reason
        finally:
            if state is not None:
                state.charge(None)
        return ""

    def _walk(
        self, legacy: Any, candidate: Any, place: _Place, level: int, state: State | None
    ) -> None:
        todo = self._todo
        if state is None:
            todo.append((legacy, candidate, place, level, state))
        else:
            self._visit(legacy, candidate, place, level, state)
        while todo:
            ours, theirs, place, level, state = todo.pop()
            self._budget.spend(1)
            if isinstance(ours, dict) and isinstance(theirs, dict):
                if state is None:
                    self._objects(ours, theirs, place, level)
                else:
                    self._ruled_objects(ours, theirs, place, level, state)
            elif isinstance(ours, list) and isinstance(theirs, list):
                self._arrays(ours, theirs, place, level, state)
            elif state is None:
                kind = plain_difference(ours, theirs)
                if kind is not None:
                    self._report(place, kind, ours, theirs, None)
            else:
                self._ruled_leaves(ours, theirs, place, level, state)

    def _visit(
        self, ours: Any, theirs: Any, place: _Place, level: int, state: State | None
    ) -> None:
        """Later, unless a look tells that there is nothing to find."""
        if state is None:
            if not isinstance(ours, dict | list):
                if ours == theirs and isinstance(ours, bool) == isinstance(theirs, bool):
                    return
            elif level <= FAST_LEVELS and self._same.holds(ours, theirs, level):
                return
        elif state.ignores_all:
            if state.effects.ignore is not None and not self._same.holds(ours, theirs, level):
                self.hits[state.effects.ignore.rule] += 1
            return
        elif not state.is_picky and level <= FAST_LEVELS and self._same.holds(ours, theirs, level):
            return
        elif (hidden := self._hidden_in(ours, theirs, state)) is not None:
            for rule, count in hidden.items():
                self.hits[rule] += count
            return
        self._todo.append((ours, theirs, place, level, state))

    def _objects(
        self, ours: dict[str, Any], theirs: dict[str, Any], place: _Place, level: int
    ) -> None:
        self._budget.spend(len(ours) + len(theirs))
        names = list(ours)
        if ours.keys() != theirs.keys():
            names = [name for name in ours if name in theirs]
            for name in ours:
                if name not in theirs:
                    self._report((place, name), Kind.REMOVED, ours[name], MISSING, None)
            for name in theirs:
                if name not in ours:
                    self._report((place, name), Kind.ADDED, MISSING, theirs[name], None)
        left, right = list(map(ours.__getitem__, names)), list(map(theirs.__getitem__, names))
        if level >= FAST_LEVELS:
            for name, value, other in reversed(list(zip(names, left, right, strict=True))):
                self._visit(value, other, (place, name), level + 1, None)
            return
        flags = self._same.flags(left, right, level + 1)
        for at in reversed(self._enough([at for at, is_same in enumerate(flags) if not is_same])):
            self._todo.append((left[at], right[at], (place, names[at]), level + 1, None))

    def _ruled_objects(
        self, ours: dict[str, Any], theirs: dict[str, Any], place: _Place, level: int, state: State
    ) -> None:
        self._budget.spend(2 * (len(ours) + len(theirs)))
        names = _partners(ours, theirs, state.effects.keys is not None)
        for name, partner in reversed(names.items()):
            if partner is not None:
                self._members(ours, theirs, (name, partner), place, level, state)
        for name, partner in names.items():
            if partner is None:
                self._lone(Kind.REMOVED, ours[name], (place, name), state.step(name))
        partners = set(names.values())
        for name, value in theirs.items():
            if name not in partners:
                self._lone(Kind.ADDED, value, (place, name), state.step(name))

    def _members(
        self,
        ours: dict[str, Any],
        theirs: dict[str, Any],
        names: tuple[str, str],
        place: _Place,
        level: int,
        state: State,
    ) -> None:
        """A member that both have."""
        name, partner = names
        if name != partner and state.effects.keys is not None:
            self.hits[state.effects.keys.rule] += 1
        below, here = state.step(name), (place, name)
        if below is not None and below.effects.duplicate_keys is not None:
            left, right = repeats(ours).get(name), repeats(theirs).get(partner)
            if left or right:
                left, right = left or [ours[name]], right or [theirs[partner]]
                if len(left) != len(right) or self._keys.of(left, None) != self._keys.of(
                    right, None
                ):
                    self._report(here, Kind.DUPLICATE_KEY, left, right, below)
                return
        if below is not None and _are_both_missing(ours[name], theirs[partner], below):
            return
        self._visit(ours[name], theirs[partner], here, level + 1, below)

    def _lone(self, kind: Kind, value: Any, place: _Place, state: State | None) -> None:
        """A member that one side alone has."""
        missing = None if state is None else state.effects.missing_by(value)
        if missing is not None:
            self.hits[missing.rule] += 1
        elif kind is Kind.REMOVED:
            self._report(place, kind, value, MISSING, state)
        else:
            self._report(place, kind, MISSING, value, state)

    def _arrays(
        self, ours: list[Any], theirs: list[Any], place: _Place, level: int, state: State | None
    ) -> None:
        self._budget.spend((len(ours) + len(theirs)) // 8)
        pairing = _AUTOMATIC if state is None else state.pairing
        elements = Elements((ours, theirs), self._looking, level, state, self._is_same)
        found = align(elements, pairing)
        if found.is_reordered:
            if pairing.is_order_reported:
                self._report(place, Kind.ORDER, ours, theirs, state)
            else:
                assert state is not None
                self.hits[state.pairing_rule] += 1
        self._pairs(elements, found.pairs, place, level, state)
        for i in found.removed:
            below = None if state is None else state.step(i)
            self._report((place, i), Kind.REMOVED, ours[i], MISSING, below)
        for j in found.added:
            below = None if state is None else state.step(j)
            self._report((place, j), Kind.ADDED, MISSING, theirs[j], below)

    def _pairs(
        self,
        elements: Elements,
        pairs: Sequence[tuple[int, int]],
        place: _Place,
        level: int,
        state: State | None,
    ) -> None:
        ours, theirs = elements.ours, elements.theirs
        if state is None and level < FAST_LEVELS:
            for i, j in reversed(self._enough(elements.differing(pairs))):
                self._todo.append((ours[i], theirs[j], (place, i), level + 1, None))
            return
        for i, j in reversed(pairs):
            below = None if state is None else state.step(i)
            if not elements.is_unchanged(i, j, below):
                self._visit(ours[i], theirs[j], (place, i), level + 1, below)

    def _enough(self, different: Sequence[Any]) -> Sequence[Any]:
        """Of places that hold a difference each, so many that there are too many."""
        return different[: self._limit + 1]

    def _is_same(self, ours: Any, theirs: Any, level: int, state: State) -> bool:
        """Equality under rules: a walk would find nothing, or else the keys are the same."""
        if not state.is_picky and self._same.holds(ours, theirs, level):
            return True
        if self._nesting >= _MAX_SUBWALKS:
            key = self._keys.of(ours, state)
            is_same = key == self._keys.of(theirs, state)
            if is_same and self._keys.is_loose(key):
                raise BoundError("depth")
            return is_same
        both = id(ours), id(theirs), id(state)
        known = self._seen.get(both)
        if known is None:
            known = self._seen[both] = self._explained(ours, theirs, level, state), state
        return known[0] is not None

    def _hidden_in(self, ours: Any, theirs: Any, state: State) -> Hits | None:
        """What rules hide in two values of which it is known that they are the same."""
        known = self._seen.get((id(ours), id(theirs), id(state)))
        return None if known is None else known[0]

    def _explained(self, ours: Any, theirs: Any, level: int, state: State) -> Hits | None:
        """What rules hide, if that is everything."""
        self._budget.spend(_SUBWALK_COST)
        kept = self._todo, self.hits, self._limit
        self._todo, self.hits, self._limit = [], Hits(int), 0
        self._nesting += 1
        try:
            self._walk(ours, theirs, (), level, state)
        except _DifferentError:
            return None
        else:
            return self.hits
        finally:
            self._todo, self.hits, self._limit = kept
            self._nesting -= 1

    def _ruled_leaves(
        self, ours: Any, theirs: Any, place: _Place, level: int, state: State
    ) -> None:
        """Two values that are not both objects or both arrays."""
        if isinstance(ours, str) and isinstance(theirs, str):
            self._budget.spend((len(ours) + len(theirs)) // TEXT_PER_STEP)
            if state.embedded is not None:
                left, right = self._documents.of(ours, state), self._documents.of(theirs, state)
                if left is not None and right is not None:
                    self._visit(left, right, place, level + 1, state.inside)
                    return
        kind = difference_under(ours, theirs, state.effects, self._hide)
        if kind is not None:
            self._report(place, kind, ours, theirs, state)

    def _hide(self, rule: int) -> None:
        self.hits[rule] += 1

    def _report(
        self, place: _Place, kind: Kind, ours: Any, theirs: Any, state: State | None
    ) -> None:
        if state is not None and state.effects.is_ignored:
            assert state.effects.ignore is not None
            self.hits[state.effects.ignore.rule] += 1
            return
        if len(self.found) >= self._limit:
            raise _DifferentError if self._nesting else BoundError(TOO_MANY)
        steps = _steps(place)
        self.found.append(Difference(pointer(steps), kind, ours, theirs, steps))


def _steps(place: _Place) -> tuple[str | int, ...]:
    steps: list[str | int] = []
    while place:
        place, step = place
        steps.append(step)
    steps.reverse()
    return tuple(steps)


def _are_both_missing(ours: Any, theirs: Any, state: State) -> bool:
    return state.effects.is_missing(ours) and state.effects.is_missing(theirs)


def _partners(
    ours: dict[str, Any], theirs: dict[str, Any], case_is_ignored: bool
) -> dict[str, str | None]:
    """For each of legacy's names the candidate's, None without one."""
    if not case_is_ignored:
        return {name: name if name in theirs else None for name in ours}
    folded: dict[str, list[str]] = {}
    for name in reversed(theirs):
        if name not in ours:
            folded.setdefault(name.casefold(), []).append(name)
    partners: dict[str, str | None] = {}
    for name in ours:
        alike = folded.get(name.casefold())
        partners[name] = name if name in theirs else alike.pop() if alike else None
    return partners
