"""What did not change: a few lines around a difference, and the rest folded.

Two values that are not equal though no difference says so are shown as what they are: hidden by a rule.

Law: at most as many lines as there is room for; those that there is no room for are counted.
"""

from collections.abc import Sequence
from typing import Any, Final

from shadowproxy.pages import cells
from shadowproxy.pages.branches import MAX_STEPS
from shadowproxy.pages.lines import MAX_FOLDS, Fold, Line, Look, Room, Row
from shadowproxy.pages.pairing import Couple, are_equal, pair_elements, pair_members
from shadowproxy.pages.telling import one_line, value_pair
from shadowproxy.pages.words import Mark

HIDDEN_NOTE: Final = "differs, but a rule hides it"
MIN_FOLDED: Final = 3
"""A fold of two lines would take half as much room as they do."""


def folded(
    ours: Any, theirs: Any, couples: Sequence[Couple], depth: int, room: Room, is_folded: bool
) -> list[Line]:
    """Children without differences; in one fold if they are `is_folded` and not too few."""
    if not is_folded or len(couples) < MIN_FOLDED:
        return [_unchanged(ours, theirs, each, depth, room, 1) for each in couples]
    lines, left_out = _as_room_is(ours, theirs, couples, depth, room, 1)
    text = _count(couples, "member" if isinstance(ours, dict) else "element", ours, theirs)
    return [Fold(depth, text, lines=tuple(lines), left_out=left_out)]


def _count(couples: Sequence[Couple], name: str, ours: Any, theirs: Any) -> str:
    """`12 unchanged members`, `12 members: 11 unchanged, 1 hidden by a rule`."""
    same = sum(_is_same(ours, theirs, each) for each in couples)
    what = f"{name}{'' if len(couples) == 1 else 's'}"
    if same == len(couples):
        return f"{same:,} unchanged {what}"
    hidden = f"{len(couples) - same:,} hidden by a rule"
    return f"{len(couples):,} {what}: {f'{same:,} unchanged, ' if same else ''}{hidden}"


def _is_same(ours: Any, theirs: Any, couple: Couple) -> bool:
    if None in couple:
        return False
    return are_equal(ours[couple.legacy], theirs[couple.candidate])


def _as_room_is(
    ours: Any, theirs: Any, couples: Sequence[Couple], depth: int, room: Room, level: int
) -> tuple[list[Line], int]:
    """Lines of children, and how many there was no room for."""
    lines: list[Line] = []
    for at, couple in enumerate(couples):
        if room.context <= 0:
            return lines, len(couples) - at
        lines.append(_unchanged(ours, theirs, couple, depth, room, level))
    return lines, 0


def _unchanged(ours: Any, theirs: Any, couple: Couple, depth: int, room: Room, level: int) -> Line:
    """One child in one line, which opens if it is a container."""
    room.context -= 1
    i, j = couple
    if i is None:
        return Row(Look.HIDDEN, depth, None, one_line(j, theirs[j], Mark.ADDED), (), HIDDEN_NOTE)
    if j is None:
        return Row(Look.HIDDEN, depth, one_line(i, ours[i], Mark.REMOVED), None, (), HIDDEN_NOTE)
    a, b = ours[i], theirs[j]
    is_same = are_equal(a, b)
    look, note = (Look.SAME, "") if is_same else (Look.HIDDEN, HIDDEN_NOTE)
    if not (type(a) is type(b) and cells.is_container(a) and (a or b)):
        pair = (one_line(i, a), one_line(j, b)) if is_same else value_pair((i, j), a, b)
        return Row(look, depth, *pair, (), note)
    head = cells.closed(i, a), cells.closed(j, b)
    if level >= MAX_FOLDS or depth >= MAX_STEPS or room.context <= 0:
        return Row(look, depth, *head, (), note)
    inner = _couples(a, b, is_same)
    lines, left_out = _as_room_is(a, b, inner, depth + 1, room, level + 1)
    return Fold(depth, note, *head, tuple(lines), left_out, look)


def _couples(a: Any, b: Any, is_same: bool) -> list[Couple]:
    if isinstance(a, dict):
        return [Couple(name, name) for name in a] if is_same else pair_members(a, b, set(), set())
    if is_same:
        return [Couple(at, at) for at in range(len(a))]
    return pair_elements(a, b, set(), set(), set(), lambda _i, _j: False)
