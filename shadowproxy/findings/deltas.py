"""The delta of one stored, pruned example, written by DeepDiff for people.

    python -m shadowproxy.findings.deltas < {"legacy": ..., "candidate": ...} > ["...", ...]

Facts that force the design: DeepDiff takes 28 µs a leaf even where nothing differs and recurses, so
it sees small trees only and its caller may run it in a process with a time limit; `deepdiff.Delta`
unpickles and is never imported. By default it says `1 == True` (`zip_ordered_iterables` repairs
that), hides members that begin with two underscores, and shows two unlike objects as one change.
"""

import sys
from decimal import Decimal
from itertools import chain, starmap
from typing import Any, Final

import orjson

from shadowproxy.compare.differences import type_name
from shadowproxy.findings.escaping import clip
from shadowproxy.findings.places import write_steps
from shadowproxy.findings.tallies import write_short

MAX_LEAVES: Final = 2000
"""Of both sides together: 60 ms. A reproducer has ten."""
MAX_DEPTH: Final = 100
"""DeepDiff needs four Python frames a level."""
MAX_LINES: Final = 100
MAX_LINE: Final = 400
"""Characters: two values and a path."""

TOO_LARGE: Final = f"too large to be shown as a delta: more than {MAX_LEAVES:,} values"
TOO_DEEP: Final = f"too deep to be shown as a delta: more than {MAX_DEPTH} levels"

_CONFIGURATION: Final[dict[str, Any]] = {
    "ignore_order": False,
    "zip_ordered_iterables": True,
    "ignore_private_variables": False,
    "threshold_to_diff_deeper": 0,
    "view": "tree",
}
"""Exact, in every trap that was met; `max_diffs` would answer {} when it stops."""


def render(legacy: Any, candidate: Any) -> list[str]:
    """A line for each disagreement, in the order of their paths; [] when there is none.

    Equal numbers are equal however they are written: 1 is 1.0. True is not 1.
    """
    if refusal := _refuse(legacy, candidate):
        return [refusal]
    from deepdiff import DeepDiff

    levels = chain.from_iterable(DeepDiff(legacy, candidate, **_CONFIGURATION).values())
    found = [(level.path(output_format="list"), level.t1, level.t2) for level in levels]
    found.sort(key=lambda each: [_place_of(step) for step in each[0]])
    lines = [line for line in starmap(_line, found) if line]
    more = len(lines) - MAX_LINES
    return lines if more <= 0 else [*lines[:MAX_LINES], f"and {more:,} more"]


def _place_of(step: str | int) -> tuple[int, str]:
    return (step, "") if isinstance(step, int) else (-1, step)


def _line(steps: list[str | int], legacy: Any, candidate: Any) -> str:
    """What happened at one path; empty when only the spelling of a number differs."""
    place = write_steps(steps) or "the body"
    if type(candidate) not in _VALUES:
        said = f"{place}: {write_short(legacy)} is missing"
    elif type(legacy) not in _VALUES:
        said = f"{place}: {write_short(candidate)} is new"
    elif type_name(legacy) != type_name(candidate):
        said = f"{place}: {_typed(legacy)} became {_typed(candidate)}"
    elif legacy == candidate:
        return ""
    else:
        said = f"{place}: {write_short(legacy)} became {write_short(candidate)}"
    return clip(said, MAX_LINE)


def _typed(value: Any) -> str:
    written, name = write_short(value), type_name(value)
    return written if written == name else f"{name} {written}"


_VALUES: Final = (dict, list, str, bool, int, float, Decimal, type(None))
"""What a decoded tree is made of; DeepDiff has a type of its own for what is not there."""


def _refuse(*trees: Any) -> str:
    """Why these are not rendered; empty when they are."""
    todo = [(tree, 0) for tree in trees]
    leaves = 0
    while todo:
        value, depth = todo.pop()
        leaves += 1
        if depth > MAX_DEPTH:
            return TOO_DEEP
        if leaves + len(todo) > MAX_LEAVES:
            return TOO_LARGE
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, list):
            if len(value) > MAX_LEAVES:
                return TOO_LARGE
            todo += [(item, depth + 1) for item in value]
    return ""


def main() -> None:
    """Renders what is on standard input; whatever else is there ends in a traceback and exit 1."""
    asked = orjson.loads(sys.stdin.buffer.read())
    sys.stdout.buffer.write(orjson.dumps(render(asked["legacy"], asked["candidate"])))


if __name__ == "__main__":
    main()
