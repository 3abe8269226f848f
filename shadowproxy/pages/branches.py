"""Where the differences of one sample are: their pointers as a tree that is walked beside the bodies.

Law: every difference of a body is in exactly one branch, or is no place in a body and in none.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from shadowproxy.core.words import Kind
from shadowproxy.findings.places import split_pointer

MAX_STEPS: Final = 64
"""Levels that are shown as a tree, as many as a stored document has; deeper places go by their path."""

WHOLE: Final = frozenset((Kind.MEDIA, Kind.EMPTY, Kind.INVALID, Kind.RAW, Kind.STATUS))
"""About a body as a whole, or the head, whatever their path says."""


@dataclass(slots=True)
class Branch:
    """Differences at one place (`here`, by their index) and below it.

    In arrays a step is legacy's index; `added` goes by the candidate's, and holds what only the
    candidate has here.
    """

    here: list[int] = field(default_factory=list)
    added: dict[str, list[int]] = field(default_factory=dict)
    children: dict[str, "Branch"] = field(default_factory=dict)

    def child(self, step: str | int) -> "Branch":
        """What is below; nothing for most steps."""
        return self.children.get(str(step), NOTHING)

    def all(self) -> Iterator[int]:
        """Every difference in it; at most MAX_STEPS deep."""
        yield from self.here
        for indices in self.added.values():
            yield from indices
        for child in self.children.values():
            yield from child.all()

    def is_removed(self, kinds: Sequence[str]) -> bool:
        """Whether a difference says that only legacy has what is here."""
        return any(kinds[index] == Kind.REMOVED for index in self.here)


NOTHING: Final = Branch()


def branch_out(differences: Sequence[Mapping[str, Any]]) -> tuple[Branch, list[int]]:
    """The tree, and the indices of those that are no place in it."""
    root, elsewhere = Branch(), []
    for index, difference in enumerate(differences):
        steps = steps_of(difference)
        if steps is None:
            elsewhere.append(index)
        elif difference.get("kind") == Kind.ADDED and steps:
            _at(root, steps[:-1]).added.setdefault(steps[-1], []).append(index)
        else:
            _at(root, steps).here.append(index)
    return root, elsewhere


def steps_of(difference: Mapping[str, Any]) -> list[str] | None:
    """The steps to the place in a body; None if there is none."""
    path = difference.get("path")
    if not isinstance(path, str) or difference.get("kind") in WHOLE:
        return None
    if (path and not path.startswith("/")) or path.count("/") > MAX_STEPS:
        return None
    return split_pointer(path)


def _at(root: Branch, steps: Sequence[str]) -> Branch:
    branch = root
    for step in steps:
        branch = branch.children.setdefault(step, Branch())
    return branch
