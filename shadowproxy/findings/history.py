"""A finding over the candidate's versions: when it came, when it went, whether it came back.

Law: that a version does not show a finding is only said when that would be chance in at most CHANCE of
cases: of k sightings in n exchanges none would fall into m further ones with (n / (n + m))^k.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Final, NamedTuple

CHANCE: Final = 0.05


class News(NamedTuple):
    """What happened, and in which version."""

    what: str
    version: str

    def __str__(self) -> str:
        return f"{self.what} {self.version}"


NEW: Final = "new since"
GONE: Final = "gone since"
BACK: Final = "came back in"


class _Shows(Enum):
    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


def news(
    order: Sequence[str], shown: Mapping[str, int], exchanges: Mapping[str, int]
) -> News | None:
    """What is to be said of one finding; None if nothing is.

    `order` are all versions, the oldest first; `shown` how many exchanges of each showed the finding,
    `exchanges` how many its endpoint had in each.
    """
    states = [_state(version, shown, exchanges) for version in order]
    known = [(v, s) for v, s in zip(order, states, strict=True) if s is not _Shows.UNKNOWN]
    yes = [at for at, (_, state) in enumerate(known) if state is _Shows.YES]
    if not yes:
        return None
    if yes[-1] < len(known) - 1:
        return News(GONE, known[yes[-1] + 1][0])
    for at in range(len(yes) - 1, 0, -1):
        if yes[at] - yes[at - 1] > 1:
            return News(BACK, known[yes[at]][0])
    return News(NEW, known[yes[0]][0]) if yes[0] else None


def _state(version: str, shown: Mapping[str, int], exchanges: Mapping[str, int]) -> _Shows:
    if shown.get(version):
        return _Shows.YES
    sightings = sum(shown.values())
    of_those = max(sightings, sum(exchanges.get(each, 0) for each in shown))
    silent = exchanges.get(version, 0)
    if not silent or not sightings:
        return _Shows.UNKNOWN
    by_chance = (of_those / (of_those + silent)) ** sightings
    return _Shows.NO if by_chance <= CHANCE else _Shows.UNKNOWN
