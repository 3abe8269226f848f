"""The smallest reproducer: two bodies cut down to what still shows a finding.

    visit a pair of places ─► drop members or elements ─► shorten texts ─► visit what is left

Hierarchical delta debugging (Misherghi and Su 2006) on both trees at once: members go by name,
elements by index, by value or from one side alone.

Laws: what comes back was shown to `shows` and it said yes, or it is what came in; the trees that
came in are not changed; iterative, bounded in time and in calls, and the best so far is the result;
a text is cut only after its secrets are hidden, or a half of one would no longer look like one.
"""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Final

from shadowproxy.core.likeness import shared_start
from shadowproxy.findings.minimising import (
    ABSENT,
    Holding,
    Unit,
    apart,
    by_index,
    by_name,
    by_value,
    minimise,
)
from shadowproxy.redact.secrets import hide_in_text

BUDGET_S: Final = 0.050
"""For one reproducer of one finding: 1,600 comparisons of 1 KB bodies, 35 of 100 KB ones."""
MAX_CALLS: Final = 2000
"""Of `shows`: a clock that stands still must not hold us."""
MAX_ROUNDS: Final = 3
"""Dropping below can make dropping above possible; a third time it hardly ever does."""

SHORT: Final = 24
"""Characters of a text that show what it is; longer ones are cut to this."""
CONTEXT: Final = 8
"""Of them before the place where two texts part."""
MAX_SCANNED: Final = 1 << 15
"""Characters whose secrets are looked for; what is kept is from their first half, so that no secret
is cut in two by this bound."""

_PAIRINGS: Final = (by_name, by_index, by_value, apart)


def reduce(
    legacy: Any,
    candidate: Any,
    shows: Callable[[Any, Any], bool],
    clock: Callable[[], float],
    budget_s: float = BUDGET_S,
) -> tuple[Any, Any]:
    """The smallest pair found within the budget for which `shows` says yes.

    `shows` must neither change nor keep what it is given; when it raises, it said no. A call of it
    is not interrupted. The result may share parts with what came in.
    """
    reducer = _Reducer(legacy, candidate, shows, clock, budget_s)
    try:
        is_shown = reducer.shows()
        for _ in range(MAX_ROUNDS):
            if not is_shown or not reducer.make_round():
                break
    except _Over:
        pass
    return reducer.legacy[0], reducer.candidate[0]


class _Over(Exception):  # noqa: N818 - the end, not an error
    """No more time, or no more calls."""


class _Place:
    """Where a pair of values is: a container and a key on each side, None where there is none."""

    __slots__ = ("_candidate", "_candidate_key", "_legacy", "_legacy_key")

    def __init__(self, legacy: Any, legacy_key: Any, candidate: Any, candidate_key: Any) -> None:
        self._legacy, self._legacy_key = legacy, legacy_key
        self._candidate, self._candidate_key = candidate, candidate_key

    def values(self) -> tuple[Any, Any]:
        return (
            ABSENT if self._legacy is None else self._legacy[self._legacy_key],
            ABSENT if self._candidate is None else self._candidate[self._candidate_key],
        )

    def put(self, legacy: Any, candidate: Any) -> None:
        if self._legacy is not None:
            self._legacy[self._legacy_key] = legacy
        if self._candidate is not None:
            self._candidate[self._candidate_key] = candidate

    def own(self) -> tuple[Any, Any]:
        """The values; containers are from now on copies, which may be changed."""
        self.put(*(v.copy() if type(v) in (dict, list) else v for v in self.values()))
        return self.values()

    def children(self) -> Iterator["_Place"]:
        ours, theirs = self.values()
        units = by_name(ours, theirs) or by_index(ours, theirs) or apart(ours, theirs)
        for a, b in units:
            yield _Place(None if a is ABSENT else ours, a, None if b is ABSENT else theirs, b)


class _Reducer:
    """Two trees that are being cut. Each sits in a list of one, so that a root has a place, too."""

    def __init__(
        self,
        legacy: Any,
        candidate: Any,
        shows: Callable[[Any, Any], bool],
        clock: Callable[[], float],
        budget_s: float,
    ) -> None:
        self.legacy, self.candidate = [legacy], [candidate]
        self._shows = shows
        self._clock = clock
        self._end_s = clock() + budget_s
        self._calls_left = MAX_CALLS

    def shows(self) -> bool:
        """Whether the trees as they are now show the finding."""
        self._calls_left -= 1
        try:
            return self._shows(self.legacy[0], self.candidate[0])
        except Exception:  # noqa: BLE001 - whatever a comparer says of a mutilated body, it is no yes
            return False

    def make_round(self) -> bool:
        """From the roots down, level by level; whether anything could be cut."""
        has_changed = False
        todo = deque([_Place(self.legacy, 0, self.candidate, 0)])
        while todo:
            self._pay()
            place = todo.popleft()
            place.own()
            for pairing in _PAIRINGS:
                has_changed |= self._drop(*place.values(), pairing)
            has_changed |= self._shorten(place)
            todo.extend(place.children())
        return has_changed

    def _pay(self) -> None:
        if self._calls_left <= 0 or self._clock() >= self._end_s:
            raise _Over

    def _drop(self, legacy: Any, candidate: Any, pairing: Callable[[Any, Any], list[Unit]]) -> bool:
        """Keeps as few children as possible; whether some went."""
        units = best = pairing(legacy, candidate)
        if not units:
            return False
        holding = Holding(legacy, candidate)

        def is_enough(kept: list[Unit]) -> bool:
            nonlocal best
            self._pay()
            holding.keep(kept)
            if self.shows():
                best = kept
            return best is kept

        try:
            minimise(units, is_enough, holding.unlike(units))
        finally:
            holding.keep(best)
        return len(best) < len(units)

    def _shorten(self, place: _Place) -> bool:
        """Cuts texts; whether they could be."""
        before = place.values()
        after = _cut(*before)
        if after == before:
            return False
        self._pay()
        place.put(*after)
        if self.shows():
            return True
        place.put(*before)
        return False


def _cut(legacy: Any, candidate: Any) -> tuple[Any, Any]:
    """Long texts around where they part, or to their beginning."""
    sides = (legacy, candidate)
    texts = [side for side in sides if isinstance(side, str)]
    if all(len(text) <= SHORT for text in texts):
        return sides
    hidden = [hide_in_text(text[:MAX_SCANNED]) for text in texts]
    parting = shared_start(hidden[0], hidden[-1]) if hidden[0] != hidden[-1] else 0
    start = max(0, parting - CONTEXT)
    if start + SHORT > MAX_SCANNED // 2:
        return sides
    cut = iter(text[start : start + SHORT] for text in hidden)
    ours = next(cut) if isinstance(legacy, str) else legacy
    return ours, next(cut) if isinstance(candidate, str) else candidate
