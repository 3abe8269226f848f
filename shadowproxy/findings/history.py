"""A finding over the candidate's versions: when it came, when it went, whether it came back.

Law: that a version does not show a finding is only said when it answered often enough that it would
have shown it: EXPECTED times at the share that the finding had elsewhere.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Final

EXPECTED: Final = 3.0
"""Not to see what is expected three times happens in one of twenty cases by chance."""


class _Shows(Enum):
    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


def news(order: Sequence[str], shown: Mapping[str, int], exchanges: Mapping[str, int]) -> str:
    """What is to be said of one finding; empty if nothing is.

    `order` are all versions, the oldest first; `shown` how many exchanges of each showed the finding,
    `exchanges` how many its endpoint had in each.
    """
    states = [_state(version, shown, exchanges) for version in order]
    known = [(v, s) for v, s in zip(order, states, strict=True) if s is not _Shows.UNKNOWN]
    yes = [at for at, (_, state) in enumerate(known) if state is _Shows.YES]
    if not yes:
        return ""
    if yes[-1] < len(known) - 1:
        return f"gone since {known[yes[-1] + 1][0]}"
    for at in range(len(yes) - 1, 0, -1):
        if yes[at] - yes[at - 1] > 1:
            return f"came back in {known[yes[at]][0]}"
    return f"new since {known[yes[0]][0]}" if yes[0] else ""


def _state(version: str, shown: Mapping[str, int], exchanges: Mapping[str, int]) -> _Shows:
    if shown.get(version):
        return _Shows.YES
    of_those = sum(exchanges.get(each, 0) for each in shown)
    share = min(1.0, sum(shown.values()) / of_those) if of_those else 0.0
    enough = exchanges.get(version, 0) * share >= EXPECTED
    return _Shows.NO if enough else _Shows.UNKNOWN
