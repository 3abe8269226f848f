"""Which findings have one cause: a hint that makes a list of forty a list of six.

    the same exchanges   Jaccard index of their exchanges at least 0.9, seen together 10 times
    the same place       the same last names, kind and types at three endpoints or more

Laws: a group is in at most one cause; the same findings give the same causes in the same order;
a pair that is forgotten to stay within bounds can hide a cause, never make one, and a group that is
forgotten begins anew.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Final, NamedTuple, TypeVar

from shadowproxy.core.words import Kind
from shadowproxy.findings.escaping import ELLIPSIS, clip
from shadowproxy.findings.group import Group
from shadowproxy.findings.places import name_place, split_pointer, write_steps
from shadowproxy.findings.sentences import MAX_SENTENCE, count_things, say_what
from shadowproxy.noise.known import State

MAX_LEADING: Final = 8
"""Groups of one exchange that are counted together: 28 pairs, 6 µs."""
MAX_PAIRS: Final = 20_000
"""Ten for each group that can be kept; 4 MiB."""
MAX_SINGLES: Final = 4_000
"""Twice the groups that can be kept, for those that come and go."""

MIN_JACCARD: Final = 0.9
MIN_TOGETHER: Final = 10
"""Ten of ten together would be chance once in a thousand for groups in half of all exchanges."""
MIN_ENDPOINTS: Final = 3
"""Two endpoints share many a name; with three it is one serialiser."""

_SPEAKS_FOR_ITSELF: Final = frozenset((Kind.MEDIA, Kind.EMPTY, Kind.INVALID, Kind.STATUS))
"""Kinds that have one cause even at the whole body; that texts differ says nothing."""


class Cause(NamedTuple):
    """Findings that are shown as one. `groups` are their ids, the most frequent first."""

    sentence: str
    groups: tuple[str, ...]


class Together:
    """How often groups were seen in the same exchange, since it was made."""

    def __init__(self) -> None:
        self._singles: Counter[str] = Counter()
        self._pairs: Counter[tuple[str, str]] = Counter()

    def note(self, ids: Iterable[str]) -> None:
        """The groups of one exchange, the leading first."""
        leading = sorted(list(dict.fromkeys(ids))[:MAX_LEADING])
        self._singles.update(leading)
        self._pairs.update(combinations(leading, 2))
        if len(self._pairs) > MAX_PAIRS:
            self._pairs = _without_rarest(self._pairs, MAX_PAIRS)
        if len(self._singles) > MAX_SINGLES:
            self._singles = _without_rarest(self._singles, MAX_SINGLES)
            kept = self._singles
            self._pairs = Counter(
                {pair: n for pair, n in self._pairs.items() if pair[0] in kept and pair[1] in kept}
            )

    def pairs(self) -> list[tuple[str, str]]:
        """The pairs that nearly always occur together."""
        return [pair for pair, both in self._pairs.items() if self._belong(pair, both)]

    def _belong(self, pair: tuple[str, str], both: int) -> bool:
        either = self._singles[pair[0]] + self._singles[pair[1]] - both
        return both >= MIN_TOGETHER and both >= MIN_JACCARD * either


_K = TypeVar("_K")


def _without_rarest(counts: Counter[_K], capacity: int) -> Counter[_K]:
    """The more frequent half, so that forgetting costs little per entry."""
    return Counter(dict(counts.most_common(capacity // 2)))


class _Candidate(NamedTuple):
    """Groups that may be one cause; `place` is what their paths share, empty: their exchanges."""

    groups: list[Group]
    place: str

    @property
    def holds(self) -> bool:
        if self.place:
            return len({group.endpoint for group in self.groups}) >= MIN_ENDPOINTS
        return len(self.groups) > 1


def find_causes(groups: Iterable[Group], pairs: Iterable[tuple[str, str]]) -> list[Cause]:
    """The causes, those of most findings first; what is noise has no cause but itself.

    `pairs` are those of `Together.pairs`.
    """
    kept = {group.id: group for group in groups if group.noise.state != State.NOISY}
    candidates = [*_same_places(kept.values()), *_same_exchanges(kept, pairs)]
    taken: set[str] = set()
    found = []
    for candidate in sorted(candidates, key=_precedence):
        left = _Candidate(
            [each for each in candidate.groups if each.id not in taken], candidate.place
        )
        if left.holds:
            taken.update(group.id for group in left.groups)
            found.append(_conclude(left))
    return found


def _precedence(candidate: _Candidate) -> tuple[int, bool, str]:
    return -len(candidate.groups), not candidate.place, candidate.groups[0].id


def _same_places(groups: Iterable[Group]) -> list[_Candidate]:
    found: dict[tuple[object, ...], list[Group]] = {}
    for group in groups:
        if place := _shared_place(group):
            statuses = (group.legacy_status, group.candidate_status)
            key = (place, group.kind, group.types, statuses if group.kind == Kind.STATUS else ())
            found.setdefault(key, []).append(group)
    return [_Candidate(_ordered(members), str(key[0])) for key, members in found.items()]


def _shared_place(group: Group) -> str:
    """The last name of the path and what follows; empty where the place alone says nothing."""
    if group.path.endswith(ELLIPSIS):
        return ""
    steps = split_pointer(group.path)
    names = [index for index, step in enumerate(steps) if step != "*"]
    if names:
        return f"`{write_steps(steps[names[-1] :])}`"
    if group.path.startswith("#") or group.kind in _SPEAKS_FOR_ITSELF:
        return name_place(group.path)
    return ""


def _same_exchanges(
    kept: Mapping[str, Group], pairs: Iterable[tuple[str, str]]
) -> list[_Candidate]:
    """The connected parts of the graph that the pairs make."""
    neighbours: dict[str, list[str]] = {}
    for one, other in pairs:
        if one in kept and other in kept:
            neighbours.setdefault(one, []).append(other)
            neighbours.setdefault(other, []).append(one)
    found = []
    while neighbours:
        todo, members = [next(iter(neighbours))], set()
        while todo:
            each = todo.pop()
            members.add(each)
            todo += neighbours.pop(each, ())
        found.append(_Candidate(_ordered(kept[each] for each in members), ""))
    return found


def _ordered(groups: Iterable[Group]) -> list[Group]:
    return sorted(groups, key=lambda group: (-group.count, group.id))


def _conclude(candidate: _Candidate) -> Cause:
    groups = candidate.groups
    first = groups[0]
    if candidate.place:
        endpoints = len({group.endpoint for group in groups})
        said = f"{say_what(first, candidate.place)} in {count_things(endpoints, 'endpoint')}"
    else:
        others = count_things(len(groups) - 1, "other finding")
        said = (
            f"{say_what(first)} and {others} nearly always come together,"
            f" in {count_things(first.count, 'answer')} of {first.endpoint}"
        )
    return Cause(clip(said, MAX_SENTENCE), tuple(group.id for group in groups))
