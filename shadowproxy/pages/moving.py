"""An array whose elements are in another order: both orders beside each other, and who went where.

Law: elements that keep their order among each other are not called moved, and as many as can be so.
"""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any, Final

from shadowproxy.pages.lines import Line, Look, Room, Row
from shadowproxy.pages.pairing import Couple
from shadowproxy.pages.telling import one_line
from shadowproxy.pages.words import Mark, Part

MAX_MOVED: Final = 100
"""Rows; an order is seen in fewer."""


def moved_rows(
    ours: Sequence[Any], theirs: Sequence[Any], couples: Sequence[Couple], depth: int, room: Room
) -> list[Line]:
    """Each side's elements in its own order, with where the other side has them."""
    to = {each.legacy: each.candidate for each in couples if None not in each}
    back = {j: i for i, j in to.items()}
    kept = _longest_rising([to[i] for i in sorted(to)])
    rows: list[Line] = []
    count = min(max(len(ours), len(theirs)), MAX_MOVED, max(1, room.lines))
    room.lines -= count
    for at in range(count):
        left = right = None
        if at < len(ours):
            is_still = at not in to or to[at] in kept
            left = one_line(at, ours[at], Mark.SAME if is_still else Mark.REMOVED)
            left = left if is_still else left._replace(away=f"now [{to[at]}]")
        if at < len(theirs):
            is_still = at not in back or at in kept
            right = one_line(at, theirs[at], Mark.SAME if is_still else Mark.ADDED)
            right = right if is_still else right._replace(away=f"was [{back[at]}]")
        rows.append(Row(Look.MOVED, depth, left, right))
    left_out = max(len(ours), len(theirs)) - count
    if left_out:
        rows.append(Row(Look.MOVED, depth, *[_more(left_out)] * 2))
    return rows


def _more(count: int) -> Any:
    return one_line(None, None)._replace(parts=(Part(f"… {count:,} more elements"),), type_name="")


def _longest_rising(numbers: Sequence[int]) -> set[int]:
    """The most of them that can stay where they are (patience sorting)."""
    tops: list[int] = []
    piles: list[int] = []
    before: list[int] = []
    for at, number in enumerate(numbers):
        pile = bisect_left(tops, number)
        before.append(piles[pile - 1] if pile else -1)
        tops[pile : pile + 1] = [number]
        piles[pile : pile + 1] = [at]
    at, kept = (piles[-1] if piles else -1), set()
    while at >= 0:
        kept.add(numbers[at])
        at = before[at]
    return kept
