"""Two bodies side by side: what differs between them, a little around it, and the rest folded.

    { "id": 7,                       { "id": 7,
      ⋯ 12 unchanged members
    − "price": 12.00               + "price": "12.00"          number became string

Both trees are walked along the branches in which there is a difference. What the comparer said is
taken as it is: here nothing is called a difference that it did not call one.

Laws: every difference is in exactly one line, in a tree or by its place; the number of lines is
bounded, whatever the trees; nothing raises.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final, NamedTuple

from shadowproxy.compare.alignment import SHARED_KEYS
from shadowproxy.core.words import Kind
from shadowproxy.pages import cells
from shadowproxy.pages.branches import MAX_STEPS, NOTHING, WHOLE, Branch, branch_out
from shadowproxy.pages.cells import Key
from shadowproxy.pages.folding import folded
from shadowproxy.pages.lines import Fold, Line, Look, Room, Row
from shadowproxy.pages.moving import moved_rows
from shadowproxy.pages.owning import own_lines, tree_of
from shadowproxy.pages.pairing import Couple, are_equal, pair_elements, pair_members
from shadowproxy.pages.telling import look_of, note_of, told_by_place, value_cells, value_pair
from shadowproxy.pages.words import Mark

MAX_TOLD: Final = 1_000
"""Differences of one sample, as many as a comparison lists."""
CONTEXT: Final = 1
"""Unchanged neighbours that are shown on either side of a change."""
MAX_CHECKED: Final = 5
"""Differences inside an element that are asked whether two elements are partners."""


class SideBySide(NamedTuple):
    """Differences in the two trees, and those that are in neither, by their place; one line each.

    `left_out` of them are not shown at all.
    """

    lines: tuple[Line, ...]
    by_place: tuple[Row, ...]
    left_out: int


def lay_out(
    legacy: Any, candidate: Any, differences: Sequence[Mapping[str, Any]], has_trees: bool = True
) -> SideBySide:
    """The body's part of a sample's differences; those of status and headers are not among them.

    Lines name differences by their index. Without trees there is no line but the differences' own.
    """
    kept = differences[:MAX_TOLD]
    bodily = [at for at, each in enumerate(kept) if is_in_body(each)]
    layout = _Layout(kept)
    lines = layout.lines(legacy, candidate) if has_trees and bodily else []
    by_place = [told_by_place(kept[at], at) for at in bodily if at not in layout.told]
    return SideBySide(tuple(lines), tuple(by_place), len(differences) - len(kept))


def is_in_body(difference: Mapping[str, Any]) -> bool:
    """Whether it is about a place in the body, and not about a head or the body as a whole."""
    path = difference.get("path")
    is_head = isinstance(path, str) and path.startswith("#")
    return not is_head and difference.get("kind") not in WHOLE


class _Layout:
    """One walk; `told` are the differences that stand in a line."""

    def __init__(self, differences: Sequence[Mapping[str, Any]]) -> None:
        self.told: set[int] = set()
        self._differences = differences
        self._kinds = [str(each.get("kind")) for each in differences]
        self._room = Room()

    def lines(self, legacy: Any, candidate: Any) -> list[Line]:
        root, _ = branch_out(self._differences)
        return self._pair(Couple(None, None), legacy, candidate, root, 0)

    def _pair(self, keys: Couple, ours: Any, theirs: Any, branch: Branch, depth: int) -> list[Line]:
        """Two values that stand beside each other, with a difference in or below them."""
        self._room.lines -= 1
        if depth < MAX_STEPS and type(ours) is type(theirs) and cells.is_container(ours):
            inside = self._inside(ours, theirs, branch, depth + 1)
            here = branch.here
            top = Row(
                Look.SAME, depth, cells.opening(keys[0], ours), cells.opening(keys[1], theirs)
            )
            end = Row(Look.SAME, depth, cells.closing(ours), cells.closing(theirs))
            return [self._noted(top, here, ours, theirs), *inside, end]
        if not branch.here:
            pair = value_pair(keys, ours, theirs)
            return [Row(Look.SAME, depth, *pair, (), "what differs inside is told by its place")]
        return self._leaves(keys, ours, theirs, branch.here, depth)

    def _leaves(
        self, keys: Couple, ours: Any, theirs: Any, here: list[int], depth: int
    ) -> list[Line]:
        """Two values that are not both objects or both arrays."""
        difference = self._differences[here[0]]
        if cells.is_container(ours) or cells.is_container(theirs):
            row = self._noted(Row(Look.CHANGED, depth), here, ours, theirs)
            sides = (
                tree_of(keys[0], ours, Mark.REMOVED, self._room),
                tree_of(keys[1], theirs, Mark.ADDED, self._room),
            )
            return own_lines(depth, Look.CHANGED, *sides, row.differences, row.note)
        if are_equal(ours, theirs) or self._kinds[here[0]] == Kind.DUPLICATE_KEY:
            # Cut or hidden, both: the difference itself shows the texts from where they part.
            pair = value_cells(difference, keys)
            ours, theirs = difference.get("legacy"), difference.get("candidate")
        else:
            pair = cells.leaves(keys[0], ours, keys[1], theirs)
        return [self._noted(Row(Look.CHANGED, depth, *pair), here, ours, theirs)]

    def _noted(self, row: Row, here: Sequence[int], ours: Any, theirs: Any) -> Row:
        """The row with the differences that it tells."""
        if not here:
            return row
        self.told.update(here)
        notes = [note_of(self._differences[at], ours, theirs) for at in here]
        note = "; ".join(dict.fromkeys(filter(None, notes)))
        return row._replace(look=look_of(self._kinds[here[0]]), differences=tuple(here), note=note)

    def _inside(self, ours: Any, theirs: Any, branch: Branch, depth: int) -> list[Line]:
        """The children of two containers of one type."""
        if isinstance(ours, dict):
            couples = pair_members(ours, theirs, self._removed(branch), set(branch.added))
            return self._couples(ours, theirs, couples, branch, depth)
        removed = {int(step) for step in self._removed(branch) if _is_index(step, ours)}
        touched = {int(step) for step in branch.children if _is_index(step, ours)} - removed
        added = {int(step) for step in branch.added if _is_index(step, theirs)}

        def fits(i: int, j: int) -> bool:
            return self._fits(ours[i], theirs[j], branch.child(i))

        couples = pair_elements(ours, theirs, removed, added, touched, fits)
        if not any(self._kinds[at] == Kind.ORDER for at in branch.here):
            return self._couples(ours, theirs, couples, branch, depth)
        moved = moved_rows(ours, theirs, couples, depth, self._room)
        if not (removed or touched or added):
            return moved
        return [
            Fold(depth, "both orders", lines=tuple(moved), look=Look.MOVED),
            *self._couples(ours, theirs, couples, branch, depth),
        ]

    def _removed(self, branch: Branch) -> set[str]:
        return {step for step, child in branch.children.items() if child.is_removed(self._kinds)}

    def _fits(self, ours: Any, theirs: Any, branch: Branch) -> bool:
        """Whether the differences in legacy's element are differences to this one."""
        for step, child in list(branch.children.items())[:MAX_CHECKED]:
            left, right = _below(ours, step), _below(theirs, step)
            if left is _ABSENT or (right is _ABSENT) is not child.is_removed(self._kinds):
                return False
            if right is not _ABSENT and are_equal(left, right):
                return False
        return all(_below(theirs, step) is not _ABSENT for step in branch.added)

    def _couples(
        self, ours: Any, theirs: Any, couples: Sequence[Couple], branch: Branch, depth: int
    ) -> list[Line]:
        """The children with differences and their neighbours; the others folded."""
        touched = [self._is_touched(each, branch) for each in couples]
        shown = _with_neighbours(couples, touched, ours)
        lines: list[Line] = []
        for (is_touched, is_shown), group in groupby(
            range(len(couples)), key=lambda at: (touched[at], shown[at])
        ):
            members = [couples[at] for at in group]
            if not is_touched:
                lines += folded(ours, theirs, members, depth, self._room, not is_shown)
                continue
            for couple in members:
                if self._room.lines > 0:
                    lines += self._touched(ours, theirs, couple, branch, depth)
        return lines

    def _is_touched(self, couple: Couple, branch: Branch) -> bool:
        if couple.legacy is None:
            return str(couple.candidate) in branch.added
        child = branch.child(couple.legacy)
        is_below = child is not NOTHING
        return is_below and (couple.candidate is not None or child.is_removed(self._kinds))

    def _touched(
        self, ours: Any, theirs: Any, couple: Couple, branch: Branch, depth: int
    ) -> Iterator[Line]:
        if couple.legacy is None:
            here = branch.added[str(couple.candidate)]
            yield from self._lone(couple.candidate, theirs[couple.candidate], here, depth, True)
            return
        child = branch.child(couple.legacy)
        if couple.candidate is None:
            yield from self._lone(couple.legacy, ours[couple.legacy], child.here, depth, False)
            return
        yield from self._pair(couple, ours[couple.legacy], theirs[couple.candidate], child, depth)

    def _lone(
        self, key: Key, value: Any, here: list[int], depth: int, is_added: bool
    ) -> list[Line]:
        """A child that one side alone has."""
        self._room.lines -= 1
        mark, look = (Mark.ADDED, Look.ADDED) if is_added else (Mark.REMOVED, Look.REMOVED)
        row = self._noted(Row(look, depth), here, value, value)
        own = tree_of(key, value, mark, self._room)
        sides = (iter(()), own) if is_added else (own, iter(()))
        return own_lines(depth, look, *sides, row.differences, row.note)


_ABSENT: Final = object()


def _below(value: Any, step: str) -> Any:
    """The child at a step of a pointer."""
    if isinstance(value, dict):
        return value.get(step, _ABSENT)
    if isinstance(value, list) and _is_index(step, value):
        return value[int(step)]
    return _ABSENT


def _is_index(step: str, items: Sequence[Any]) -> bool:
    """Whether a step names an element: RFC 6901 has no leading zeros."""
    is_written = step.isascii() and step.isdecimal() and len(step) < 10
    return is_written and str(int(step)) == step and int(step) < len(items)


def _with_neighbours(couples: Sequence[Couple], touched: Sequence[bool], ours: Any) -> list[bool]:
    """Which children are shown: what is touched, what stands next to it, and what names the object."""
    shown = list(touched)
    for at, is_touched in enumerate(touched):
        if is_touched:
            for near in range(max(0, at - CONTEXT), min(len(couples), at + CONTEXT + 1)):
                shown[near] = True
    if isinstance(ours, dict) and any(touched):
        for at, couple in enumerate(couples):
            if couple.legacy in SHARED_KEYS and not cells.is_container(ours.get(couple.legacy)):
                shown[at] = True
    return shown
