"""Two arrays whose elements are to be paired, and which of them are the same.

Law: elements at the same index are looked at once, all of them together, before any rule is: what is
the same without rules is so under them, unless they are picky.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from shadowproxy.compare.automaton import State
from shadowproxy.compare.budget import Budget
from shadowproxy.compare.effects import NOTHING, Effects
from shadowproxy.compare.equality import FAST_LEVELS, Sameness
from shadowproxy.compare.keys import Key, Keys


class Looking(NamedTuple):
    """What elements of one comparison are looked at with."""

    budget: Budget
    keys: Keys
    sameness: Sameness


class Elements:
    """Two arrays at a level, what holds there, and which of their elements are the same.

    `is_same` says it of two values under rules. Elements whose keys differ are different;
    `is_loose(key)` tells when equal keys do not make them equal.
    """

    __slots__ = (
        "_diagonal", "_is_same", "_keys", "_level", "_our_keys", "_sameness", "_state", "_their_keys",
        "budget", "is_plain", "ours", "theirs",
    )  # fmt: skip

    def __init__(
        self,
        sides: tuple[list[Any], list[Any]],
        looking: Looking,
        level: int,
        state: State | None,
        is_same: Callable[[Any, Any, int, State], bool],
    ) -> None:
        self.ours, self.theirs = sides
        self.budget, self._keys, self._sameness = looking
        self.is_plain = state is None
        self._level = level + 1
        self._state = state
        self._is_same = is_same
        self._diagonal: list[bool] | None = None
        self._our_keys: dict[int, Key] = {}
        self._their_keys: dict[int, Key] = {}

    def equal_ends(self) -> tuple[int, int]:
        """How many elements are the same at the beginning, and then at the end."""
        if len(self.ours) == len(self.theirs) and self._level <= FAST_LEVELS:
            self._diagonal = self._sameness.flags(self.ours, self.theirs, self._level)
        if self.is_plain:
            return self._plain_ends()
        shorter = min(len(self.ours), len(self.theirs))
        start = end = 0
        while start < shorter and self.same(start, start):
            start += 1
        while end < shorter - start and self.same(-1 - end, -1 - end):
            end += 1
        return start, end

    def _plain_ends(self) -> tuple[int, int]:
        ours, theirs, level = self.ours, self.theirs, self._level
        flags = self._diagonal
        if flags is not None:
            if False not in flags:
                return len(ours), 0
            return flags.index(False), flags[::-1].index(False)
        start = self._sameness.run(ours, theirs, level)
        if start == min(len(ours), len(theirs)):
            return start, 0
        stop = start - 1 if start else None
        return start, self._sameness.run(ours[:stop:-1], theirs[:stop:-1], level)

    def differing(self, pairs: Sequence[tuple[int, int]]) -> Sequence[tuple[int, int]]:
        """Those that are not the same where no rule holds, in one look at all."""
        known = self._diagonal
        if known is not None:
            pairs = [pair for pair in pairs if pair[0] != pair[1] or not known[pair[0]]]
            if all(i == j for i, j in pairs):
                return pairs
        left, right = [self.ours[i] for i, _ in pairs], [self.theirs[j] for _, j in pairs]
        flags = self._sameness.flags(left, right, self._level)
        return [pair for pair, is_same in zip(pairs, flags, strict=True) if not is_same]

    def is_unchanged(self, i: int, j: int, below: State | None) -> bool:
        """Whether it was seen already that there is nothing to find in two of them."""
        is_picky = below is not None and below.is_picky
        return self._diagonal is not None and i == j and self._diagonal[i] and not is_picky

    def same(self, i: int, j: int) -> bool:
        """Whether two of them are the same, from the start or from the end of both."""
        below = None if self._state is None else self._state.step(i % len(self.ours))
        if self.is_unchanged(i, j, below):
            return True
        if below is None:
            return self._sameness.holds(self.ours[i], self.theirs[j], self._level)
        return self._is_same(self.ours[i], self.theirs[j], self._level, below)

    def differ_by(self, name: str) -> bool:
        """Whether objects are never the same if a member of this name has another value."""
        if self._state is None:
            return True
        states = {self._state.step(index) for index in range(len(self.ours))}
        return all(state is None or _leaves(state, name) for state in states)

    def effects_at(self, index: int, name: str) -> Effects:
        """What is in force at a member of an element."""
        below = None if self._state is None else self._state.step(index)
        below = None if below is None else below.step(name)
        return NOTHING if below is None else below.effects

    def is_loose(self, key: Key) -> bool:
        """Whether elements of this key may differ from each other."""
        return self._keys.is_loose(key)

    def key_of_ours(self, index: int) -> Key:
        """The key of one of legacy's."""
        if index not in self._our_keys:
            self._our_keys[index] = self._key_of(self.ours, index)
        return self._our_keys[index]

    def key_of_theirs(self, index: int) -> Key:
        """The key of one of the candidate's."""
        if index not in self._their_keys:
            self._their_keys[index] = self._key_of(self.theirs, index)
        return self._their_keys[index]

    def match(self, i: int, j: int) -> bool:
        """The same as `same`, cheaper where keys are known already."""
        key = self.key_of_ours(i)
        if key != self.key_of_theirs(j):
            return False
        return not self.is_loose(key) or self.same(i, j)

    def _key_of(self, items: list[Any], index: int) -> Key:
        return self._keys.of(items[index], None if self._state is None else self._state.step(index))


def _leaves(state: State, name: str) -> bool:
    """Whether no rule changes what a member of an object is equal to."""
    below = state.step(name)
    is_plain = below is None or (below.effects == NOTHING and below.embedded is None)
    return is_plain and state.effects.keys is None
