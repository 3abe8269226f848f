"""The lines of what one side alone has, or what became another type: each side's tree in its column.

Law: at most as many lines as there is room for; what is not written out is told in one line.
"""

from collections.abc import Iterable, Iterator
from itertools import islice, zip_longest
from typing import Any, Final

from shadowproxy.pages.branches import MAX_STEPS
from shadowproxy.pages.cells import Cell, Key, closing, is_container
from shadowproxy.pages.lines import Fold, Line, Look, Room, Row
from shadowproxy.pages.telling import first_line, one_line
from shadowproxy.pages.words import Mark, Part

MAX_AT_ONCE: Final = 12
"""Lines of a subtree that are shown; the others are folded: what came or went is told by its top."""
MAX_CHILDREN: Final = 200
"""Of one container that is written out."""


def own_lines(
    depth: int,
    look: Look,
    legacy: Iterable[tuple[int, Cell]],
    candidate: Iterable[tuple[int, Cell]],
    differences: tuple[int, ...] = (),
    note: str = "",
) -> list[Line]:
    """Both sides' lines beside each other; a side without a value has none."""
    rows: list[Line] = []
    for ours, theirs in zip_longest(legacy, candidate):
        level = (ours or theirs)[0]
        rows.append(Row(look, depth + level, ours and ours[1], theirs and theirs[1]))
    if rows:
        rows[0] = rows[0]._replace(differences=differences, note=note)
    if len(rows) <= MAX_AT_ONCE + 1:
        return rows
    rest = rows[MAX_AT_ONCE:]
    return [
        *rows[:MAX_AT_ONCE],
        Fold(depth + 1, f"{len(rest):,} more lines", lines=tuple(rest), look=look),
    ]


def tree_of(
    key: Key, value: Any, mark: Mark, room: Room, level: int = 0
) -> Iterator[tuple[int, Cell]]:
    """(levels below the top, cell) of a value written out, as far as there is room."""
    room.own -= 1
    if not (is_container(value) and value) or level >= MAX_STEPS or room.own <= 0:
        yield level, one_line(key, value, mark)
        return
    yield level, first_line(key, value, mark)
    for shown, (name, child) in enumerate(_children(value)):
        if shown >= MAX_CHILDREN or room.own <= 0:
            left = len(value) - shown
            yield level + 1, Cell(None, (Part(f"… {left:,} more"),))
            break
        yield from tree_of(name, child, mark, room, level + 1)
    yield level, closing(value)


def _children(value: Any) -> Iterator[tuple[Key, Any]]:
    found = value.items() if isinstance(value, dict) else enumerate(value)
    return islice(iter(found), MAX_CHILDREN + 1)
