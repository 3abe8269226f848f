"""Which words of two texts differ, for a page that marks them.

    12.00 EUR, due 3 May     ─►     [12.00] EUR, due 3 May
    12.50 EUR, due 3 May     ─►     [12.50] EUR, due 3 May

Words, numbers with their fractions, runs of white space and single marks are compared whole. Equal
ends go first; of what is left the longest common subsequence stays, of words if there are few of them,
else of lines, else nothing.

Laws: the parts of a side, put together, are its text; what is not marked is the same on both sides;
parts that follow one another are marked differently. Bounded: MAX_CELLS comparisons, whatever the texts.
"""

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import groupby
from typing import Final, NamedTuple

from shadowproxy.core.likeness import shared_start

MAX_SCANNED: Final = 1 << 15
"""Characters between equal ends that are cut into words; 2 ms."""
MAX_CELLS: Final = 40_000
"""Words of one side times words of the other: 5 ms, as in compare.alignment."""


class Mark(StrEnum):
    """What a part of a text is."""

    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"


class Part(NamedTuple):
    """A stretch of a text."""

    text: str
    mark: Mark = Mark.SAME


_WORD: Final = re.compile(r"\d++(?:[.,]\d++)*+(?!\w)|\w+|\s+|.", re.DOTALL)
_LINE: Final = re.compile(r"[^\n]*\n|[^\n]+")
_SMALL: Final = re.compile(r"[\W_]?|\s+")
"""Between two changed words not worth being called the same: `8f-01` and `9e-22` changed whole."""
_EDGE: Final = re.compile(r"\w")


def differ(legacy: str, candidate: str) -> tuple[list[Part], list[Part]]:
    """The parts of both texts."""
    start = _whole_words(legacy, candidate, shared_start(legacy, candidate))
    end = _shared_end(legacy, candidate, start)
    middle = legacy[start : len(legacy) - end], candidate[start : len(candidate) - end]
    stretches = [
        (True, [legacy[:start]], [legacy[:start]]),
        *_stretches(*middle),
        (True, [legacy[len(legacy) - end :]], [legacy[len(legacy) - end :]]),
    ]
    stretches = _without_islands(stretches)
    ours = _parts([(is_same, a) for is_same, a, _ in stretches], Mark.REMOVED)
    theirs = _parts([(is_same, b) for is_same, _, b in stretches], Mark.ADDED)
    return ours, theirs


_Stretch = tuple[bool, Sequence[str], Sequence[str]]
"""Whether both have it, and the words of each."""


def _whole_words(a: str, b: str, at: int) -> int:
    """The place, moved back to where a word of neither text is cut."""
    if not 0 < at < max(len(a), len(b)):
        return at
    is_cut = any(at < len(text) and _EDGE.match(text[at]) for text in (a, b))
    lowest = max(0, at - MAX_SCANNED)
    while is_cut and at > lowest and (_EDGE.match(a[at - 1]) or _is_point(a, at - 1)):
        at -= 1
    return at


def _is_point(text: str, at: int) -> bool:
    """Inside a number: `12.50`."""
    return text[at] in ".," and at > 0 and text[at - 1].isdecimal()


def _shared_end(a: str, b: str, start: int) -> int:
    """How many characters after the beginning are the same at the end, in whole words."""
    longest = min(len(a), len(b)) - start
    left, right = a[len(a) - longest :], b[len(b) - longest :]
    length = shared_start(left[::-1], right[::-1])
    lowest = max(0, length - MAX_SCANNED)
    while length > lowest and _cuts(a, length, start, b):
        length -= 1
    return length


def _cuts(a: str, length: int, start: int, b: str) -> bool:
    """Whether a word of one text would be cut so many characters before the end."""
    first = a[len(a) - length]
    if not (_EDGE.match(first) or first in ".,"):
        return False
    before = [text[len(text) - length - 1] for text in (a, b) if len(text) - length > start]
    return any(_EDGE.match(each) or each in ".," for each in before)


def _stretches(a: str, b: str) -> Iterator[_Stretch]:
    if max(len(a), len(b)) <= MAX_SCANNED:
        for pattern in (_WORD, _LINE):
            ours, theirs = pattern.findall(a), pattern.findall(b)
            if len(ours) * len(theirs) <= MAX_CELLS:
                yield from _aligned(ours, theirs)
                return
    yield False, [a], [b]


def _aligned(ours: Sequence[str], theirs: Sequence[str]) -> Iterator[_Stretch]:
    """By the longest common subsequence; of several the one that removes first."""
    rows = [[0] * (len(theirs) + 1)]
    for word in reversed(ours):
        below, line = rows[-1], [0]
        for at in range(len(theirs) - 1, -1, -1):
            line.append(1 + below[at + 1] if word == theirs[at] else max(below[at], line[-1]))
        rows.append(line[::-1])
    rows.reverse()
    a = b = 0
    while a < len(ours) and b < len(theirs):
        if ours[a] == theirs[b]:
            yield True, [ours[a]], [theirs[b]]
            a, b = a + 1, b + 1
        elif rows[a + 1][b] >= rows[a][b + 1]:
            yield False, [ours[a]], []
            a += 1
        else:
            yield False, [], [theirs[b]]
            b += 1
    yield False, ours[a:], theirs[b:]


def _without_islands(stretches: Sequence[_Stretch]) -> list[_Stretch]:
    """Runs of one kind as one; a mark or a space between two changes is changed with them."""
    runs = _runs([each for each in stretches if any(each[1]) or any(each[2])])
    last = len(runs) - 1
    return _runs(
        [
            (is_same and not (0 < at < last and _SMALL.fullmatch("".join(a))), a, b)
            for at, (is_same, a, b) in enumerate(runs)
        ]
    )


def _runs(stretches: Sequence[_Stretch]) -> list[_Stretch]:
    runs: list[_Stretch] = []
    for is_same, group in groupby(stretches, key=lambda each: each[0]):
        members = list(group)
        ours = [word for _, words, _ in members for word in words]
        runs.append((is_same, ours, [word for *_, words in members for word in words]))
    return runs


def _parts(side: Sequence[tuple[bool, Sequence[str]]], mark: Mark) -> list[Part]:
    found = [("".join(words), Mark.SAME if is_same else mark) for is_same, words in side]
    return [
        Part("".join(text for text, _ in group), of)
        for of, group in groupby([each for each in found if each[0]], key=lambda each: each[1])
    ]
