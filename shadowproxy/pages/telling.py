"""What is said beside a line about its difference, and the line of one that has no place in a tree."""

import re
from collections.abc import Mapping
from typing import Any, Final

from shadowproxy.core.words import Kind
from shadowproxy.findings.escaping import clip_start
from shadowproxy.findings.places import MAX_PLACE, name_place, split_pointer, write_steps
from shadowproxy.pages.cells import (
    Cell,
    Key,
    closed,
    is_container,
    leaf,
    leaves,
    opening,
    type_of,
)
from shadowproxy.pages.hints import hint
from shadowproxy.pages.lines import Look, Row
from shadowproxy.pages.words import Mark

LOOKS: Final[Mapping[str, Look]] = {
    Kind.REMOVED: Look.REMOVED,
    Kind.ADDED: Look.ADDED,
    Kind.ORDER: Look.MOVED,
}
"""Of kinds; all others are changes."""

_NOTES: Final[Mapping[str, str]] = {
    Kind.REMOVED: "missing in the candidate's answer",
    Kind.ADDED: "new in the candidate's answer",
    Kind.ORDER: "the same elements in another order",
    Kind.DUPLICATE_KEY: "this name is repeated, with other values",
    Kind.INVALID: "one body is not what its media type says",
    Kind.RAW: "the bytes differ, and nothing decodes them",
    Kind.EMPTY: "one body has no bytes",
}


def look_of(kind: Any) -> Look:
    """How a line with a difference of this kind looks."""
    return LOOKS.get(str(kind), Look.CHANGED)


def note_of(difference: Mapping[str, Any], legacy: Any, candidate: Any) -> str:
    """What happened, as far as the two values beside each other do not say it themselves."""
    kind = str(difference.get("kind"))
    if kind == Kind.TYPE:
        more = hint(legacy, candidate)
        became = f"{type_of(legacy)} became {type_of(candidate)}"
        return more if more.startswith("the same") else became
    return _NOTES.get(kind) or hint(legacy, candidate)


def told_by_place(difference: Mapping[str, Any], index: int) -> Row:
    """A difference in one line, with the values that it carries itself."""
    place = name_of(difference.get("path"))
    sides = [difference.get(side) for side in ("legacy", "candidate")]
    note = note_of(difference, *sides)
    return Row(
        look_of(difference.get("kind")),
        0,
        *value_cells(difference),
        (index,),
        f"{place}: {note}" if note else place,
    )


def name_of(path: Any) -> str:
    """The place of one difference: `items[3].price`. A pointer does not tell an index from a name."""
    if not isinstance(path, str) or not path.startswith("/"):
        return name_place(path if isinstance(path, str) else "")
    steps = [int(each) if _INDEX.fullmatch(each) else each for each in split_pointer(path)]
    return f"`{clip_start(write_steps(steps), MAX_PLACE)}`"


_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}")


def value_cells(
    difference: Mapping[str, Any], keys: tuple[Key, Key] = (None, None)
) -> tuple[Cell | None, Cell | None]:
    """Both values that a difference carries; None for a side without one."""
    ours, theirs = difference.get("legacy"), difference.get("candidate")
    has_ours, has_theirs = "legacy" in difference, "candidate" in difference
    if has_ours and has_theirs:
        return value_pair(keys, ours, theirs)
    return (
        one_line(keys[0], ours, Mark.REMOVED) if has_ours else None,
        one_line(keys[1], theirs, Mark.ADDED) if has_theirs else None,
    )


def value_pair(keys: tuple[Key, Key], ours: Any, theirs: Any) -> tuple[Cell, Cell]:
    """Two values that differ, in one line each."""
    if is_container(ours) or is_container(theirs):
        return one_line(keys[0], ours, Mark.REMOVED), one_line(keys[1], theirs, Mark.ADDED)
    return leaves(keys[0], ours, keys[1], theirs)


def one_line(key: Key, value: Any, mark: Mark = Mark.SAME) -> Cell:
    """A value in one line, whatever it is."""
    return closed(key, value) if is_container(value) else leaf(key, value, mark)


def first_line(key: Key, value: Any, mark: Mark = Mark.SAME) -> Cell:
    """A scalar, or the line that opens a container."""
    return opening(key, value) if is_container(value) and value else one_line(key, value, mark)
