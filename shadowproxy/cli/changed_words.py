"""Which words of two texts differ, and the part of them that is worth showing.

"the quick brown fox"  ─►  the quick [brown] fox
"the quick red fox"    ─►  the quick [red] fox
"""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Final, NamedTuple

from shadowproxy.core.likeness import shared_start

MAX_CHARS: Final = 240
"""Of each value: three lines of a terminal."""
MAX_SCANNED: Final = 1 << 16
"""Characters from the first difference on; only MAX_CHARS of them are shown."""
CONTEXT_CHARS: Final = 40
"""Shown before the first difference: half a line."""
MAX_WORDS: Final = 120
"""Of either side that are aligned: what MAX_CHARS of them can hold, mostly. 2 ms at worst."""
ELLIPSIS: Final = "…"

_WORD: Final = re.compile(r"\w+|\s+|.", re.DOTALL)


class Part(NamedTuple):
    """A stretch of a text."""

    text: str
    is_changed: bool


def changed_parts(legacy: str, candidate: str) -> tuple[list[Part], list[Part]]:
    """Both texts around what differs, at most MAX_CHARS each and an ellipsis where they were cut."""
    start = max(0, shared_start(legacy, candidate) - CONTEXT_CHARS)
    start = start if start > len(ELLIPSIS) else 0
    ours, theirs = (_words(text[start : start + MAX_SCANNED]) for text in (legacy, candidate))
    left, right = [], []
    for is_changed, a, b in _stretches(ours, theirs):
        left.append(Part("".join(a), is_changed))
        right.append(Part("".join(b), is_changed))
    lead = [Part(ELLIPSIS, False)] if start else []
    return _cut([*lead, *left]), _cut([*lead, *right])


def _words(text: str) -> list[str]:
    words: list[str] = []
    for found in _WORD.finditer(text):
        words.append(found[0])
        if len(words) == MAX_WORDS:
            words.append(text[found.end() :])
            break
    return words


def _stretches(
    ours: Sequence[str], theirs: Sequence[str]
) -> Iterator[tuple[bool, Sequence[str], Sequence[str]]]:
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    for tag, from_a, to_a, from_b, to_b in matcher.get_opcodes():
        yield tag != "equal", ours[from_a:to_a], theirs[from_b:to_b]


def _cut(parts: Sequence[Part]) -> list[Part]:
    shown: list[Part] = []
    left = MAX_CHARS
    for part in parts:
        if part.text:
            shown.append(Part(part.text[:left], part.is_changed))
            left -= len(part.text)
        if left < 0:
            return [*shown, Part(ELLIPSIS, False)]
    return shown
