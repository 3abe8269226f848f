"""What stands in one line of one side: a name, a value or a bracket, and what a page marks of it.

Laws: a cell is bounded, however long the text or the number; what cannot be seen is written as its
escape, and what was left out is said.
"""

import math
from collections.abc import Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

from shadowproxy.compare.alignment import SHARED_KEYS
from shadowproxy.findings.escaping import escape
from shadowproxy.pages.words import Mark, Part, differ

MAX_NAME: Final = 120
MAX_SHOWN: Final = 600
"""Characters of a text that are marked; with what was left out it fills a telephone's screen."""
KEPT: Final = 60
"""Characters at either end of a long stretch that is the same on both sides."""
MAX_CHANGED: Final = 240
"""Of one stretch that differs."""
MAX_NUMBER: Final = 120
MAX_PREVIEW: Final = 40
MAX_LOOKED_AT: Final = 8
"""Members of an object of which one may tell what it is."""

Key = str | int | None
"""The name of a member, the index of an element, or None: the whole body."""


class Cell(NamedTuple):
    """One line of one side. `type_name` says what the value is; `chip` shows it where types differ.

    `bracket` is of a container that is written out below (`{`), ends here (`}`) or is told in one line.
    `away` says where the other side has an element.
    """

    key: Key = None
    parts: tuple[Part, ...] = ()
    type_name: str = ""
    bracket: str = ""
    chip: bool = False
    away: str = ""

    @property
    def name(self) -> str:
        """The key as it is shown; nothing of the whole body."""
        return name_key(self.key)

    @property
    def text(self) -> str:
        """What it says, without marks."""
        return "".join(part.text for part in self.parts)


def type_of(value: Any) -> str:
    """The JSON type of a value; `other` for what no document has."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return _TYPES.get(type(value), "other")


_TYPES: Final[dict[type, str]] = {str: "string", list: "array", dict: "object"}


def leaf(key: Key, value: Any, mark: Mark = Mark.SAME) -> Cell:
    """A scalar, marked as a whole."""
    text = f'"{written(value)}"' if isinstance(value, str) else written(value)
    return Cell(key, (Part(text, mark),), type_of(value))


def leaves(ours_key: Key, ours: Any, theirs_key: Key, theirs: Any) -> tuple[Cell, Cell]:
    """Two scalars beside each other; of texts the words that differ are marked."""
    if isinstance(ours, str) and isinstance(theirs, str):
        left, right = differ(escape(ours), escape(theirs))
        return (
            Cell(ours_key, _in_quotes(shorten(left)), "string"),
            Cell(theirs_key, _in_quotes(shorten(right)), "string"),
        )
    is_other_type = type_of(ours) != type_of(theirs)
    return (
        leaf(ours_key, ours, Mark.REMOVED)._replace(chip=is_other_type),
        leaf(theirs_key, theirs, Mark.ADDED)._replace(chip=is_other_type),
    )


def opening(key: Key, value: Any) -> Cell:
    """The line before the children of a container."""
    return Cell(key, (), type_of(value), _BRACKETS[type(value)][0])


def closing(value: Any) -> Cell:
    """The line after them."""
    return Cell(None, (), type_of(value), _BRACKETS[type(value)][1])


def closed(key: Key, value: Any) -> Cell:
    """A container in one line: `{ "id": 7, … 4 more members }`."""
    brackets = _BRACKETS[type(value)]
    inside = f" {_preview(value)} " if value else ""
    return Cell(key, (), type_of(value), f"{brackets[0]}{inside}{brackets[1]}")


def _preview(value: Any) -> str:
    """What tells this one from its neighbours, and how much there is besides."""
    name = _telling_name(value) if isinstance(value, dict) else None
    if name is None:
        return count_children(value)
    text = written(value[name])
    shown = f'"{text}"' if isinstance(value[name], str) else text
    more = len(value) - 1
    rest = f", … {more:,} more member{'' if more == 1 else 's'}" if more else ""
    return f"{name_key(name)}: {shown}{rest}"


def _telling_name(value: dict[str, Any]) -> str | None:
    names = (name for name in (*SHARED_KEYS, *islice(value, MAX_LOOKED_AT)) if name in value)
    return next((name for name in names if _is_short(value[name])), None)


def _is_short(value: Any) -> bool:
    return not is_container(value) and len(written(value)) <= MAX_PREVIEW


_BRACKETS: Final[dict[type, str]] = {dict: "{}", list: "[]"}


def is_container(value: Any) -> bool:
    """An object or an array."""
    return type(value) in _BRACKETS


def count_children(value: Any) -> str:
    """`1 member`, `1,200 elements`."""
    name = "member" if isinstance(value, dict) else "element"
    return f"{len(value):,} {name}{'' if len(value) == 1 else 's'}"


def written(value: Any) -> str:
    """A scalar as JSON has it, but for the quotes of a text."""
    if isinstance(value, str):
        return _cut(escape(value[: 2 * MAX_SHOWN]), len(value))
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and abs(value) >= 1 << 4 * MAX_NUMBER:
        return f"(an integer of {value.bit_length():,} bits)"  # Python refuses to write long ones
    return _cut(escape(str(value)), 0)


def _cut(text: str, length: int) -> str:
    if len(text) <= MAX_SHOWN:
        return text
    return f"{text[:MAX_SHOWN]}{_left_out(max(length, len(text)) - MAX_SHOWN)}"


def _left_out(count: int) -> str:
    return f" … {count:,} more characters … "


def _in_quotes(parts: Sequence[Part]) -> tuple[Part, ...]:
    """A text that both sides have as a text: the quotes are the same on both."""
    quote = Part('"')
    merged: list[Part] = []
    for part in (quote, *parts, quote):
        if merged and merged[-1].mark is part.mark:
            merged[-1] = Part(merged[-1].text + part.text, part.mark)
        else:
            merged.append(part)
    return tuple(merged)


def shorten(parts: Sequence[Part]) -> list[Part]:
    """Without the middle of what is the same, and the end of what differs very long."""
    shown: list[Part] = []
    length = 0
    for at, part in enumerate(parts):
        if length >= MAX_SHOWN:
            left = sum(len(each.text) for each in parts[at:])
            return [*shown, Part(_left_out(left), Mark.SAME)]
        text = _shortened(part, at == 0, at == len(parts) - 1)
        shown.append(Part(text, part.mark))
        length += len(text)
    return shown


def _shortened(part: Part, is_first: bool, is_last: bool) -> str:
    text = part.text
    if part.mark is not Mark.SAME:
        left = len(text) - MAX_CHANGED
        return text if left <= 0 else text[:MAX_CHANGED] + _left_out(left)
    if is_first and is_last:
        return _cut(text, len(text))
    start = "" if is_first else text[:KEPT]
    end = "" if is_last else text[-KEPT:]
    left = len(text) - len(start) - len(end)
    if left <= 2 * KEPT:
        return text
    return f"{start} … {left:,} characters … {end}".strip(" ")


def name_key(key: Key) -> str:
    """A member's name in quotes, an index in brackets."""
    if key is None:
        return ""
    if isinstance(key, int):
        return f"[{key}]"
    name = escape(key[: MAX_NAME + 1])
    return f'"{name}"' if len(name) <= MAX_NAME else f'"{name[:MAX_NAME]}…"'
