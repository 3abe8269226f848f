"""The lines of a side-by-side view, and how many there may be.

Laws: a line is about one place of each side at most; a fold holds lines that nobody has to read.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from shadowproxy.pages.cells import Cell

MAX_LINES: Final = 3_000
"""Around differences, the ancestors of each; then differences are told by their place alone."""
MAX_OWN: Final = 1_000
"""Of what only one side has, all subtrees together; then subtrees are told in one line."""
MAX_CONTEXT: Final = 1_000
"""Of what did not change, inside folds; then it is counted."""
MAX_FOLDS: Final = 12
"""Folds inside each other; the usual document has 5 levels."""


class Look(StrEnum):
    """What a line says about the two sides; the names are those of the style sheet."""

    SAME = "same"
    CHANGED = "changed"
    REMOVED = "removed"
    ADDED = "added"
    MOVED = "moved"
    HIDDEN = "hidden"


class Row(NamedTuple):
    """One line. `differences` are told by it and by no other, by their index; `note` is about them.

    HIDDEN: the sides differ here, and no difference says so: a rule hides it.
    """

    look: Look
    depth: int
    legacy: Cell | None = None
    candidate: Cell | None = None
    differences: tuple[int, ...] = ()
    note: str = ""


class Fold(NamedTuple):
    """Lines that are shown on demand, under a line of their own; `left_out` are not even there.

    Without cells the `note` says what is in it. A fold itself tells no difference.
    """

    depth: int
    note: str = ""
    legacy: Cell | None = None
    candidate: Cell | None = None
    lines: tuple["Line", ...] = ()
    left_out: int = 0
    look: Look = Look.SAME
    differences: tuple[int, ...] = ()


Line = Row | Fold


@dataclass(slots=True)
class Room:
    """How many more lines of each sort there may be."""

    lines: int = MAX_LINES
    own: int = MAX_OWN
    context: int = MAX_CONTEXT
