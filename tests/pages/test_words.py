"""Which words of two texts differ."""

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.pages.words import MAX_SCANNED, Mark, Part, differ

TEXTS = st.text(st.sampled_from("ab1. \n-é😀"), max_size=60) | st.text(max_size=40)


def joined(parts: list[Part], *marks: Mark) -> str:
    return "".join(part.text for part in parts if not marks or part.mark in marks)


def marked(parts: list[Part]) -> str:
    """Changed parts in brackets."""
    return "".join(part.text if part.mark is Mark.SAME else f"[{part.text}]" for part in parts)


@given(TEXTS, TEXTS)
def test_the_parts_of_a_side_are_its_text(legacy: str, candidate: str) -> None:
    """Nothing is lost or made up, and what is not marked is the same on both sides."""
    ours, theirs = differ(legacy, candidate)
    assert joined(ours) == legacy
    assert joined(theirs) == candidate
    assert joined(ours, Mark.SAME) == joined(theirs, Mark.SAME)


@given(TEXTS, TEXTS)
def test_marks_say_which_side_and_no_part_is_empty(legacy: str, candidate: str) -> None:
    """Legacy's are removed, the candidate's added; neighbours are marked differently."""
    ours, theirs = differ(legacy, candidate)
    assert {part.mark for part in ours} <= {Mark.SAME, Mark.REMOVED}
    assert {part.mark for part in theirs} <= {Mark.SAME, Mark.ADDED}
    for parts in (ours, theirs):
        assert all(part.text for part in parts)
        assert all(a.mark != b.mark for a, b in pairwise(parts))


@given(TEXTS)
def test_a_text_and_itself_have_nothing_marked(text: str) -> None:
    """Equal texts are one part, empty ones none."""
    assert differ(text, text) == (([Part(text)],) * 2 if text else ([], []))


@given(TEXTS, TEXTS)
def test_what_differs_is_marked(legacy: str, candidate: str) -> None:
    """Of two texts that are not equal at least one has a marked part."""
    ours, theirs = differ(legacy, candidate)
    is_marked = any(part.mark is not Mark.SAME for part in ours + theirs)
    assert is_marked is (legacy != candidate)


@pytest.mark.parametrize(
    ("legacy", "candidate", "ours", "theirs"),
    [
        ("the quick brown fox", "the quick braun fox", "the quick [brown] fox", "the quick [braun] fox"),
        ("12.00 EUR", "12.50 EUR", "[12.00] EUR", "[12.50] EUR"),
        ("total 3", "total 13", "total [3]", "total [13]"),
        ("version 1.2.3", "version 1.2.4", "version [1.2.3]", "version [1.2.4]"),
        ("a b c d", "a x y d", "a [b c] d", "a [x y] d"),
        ("3f2a-99", "81cc-12", "[3f2a-99]", "[81cc-12]"),
        ("one two", "one  two", "one two", "one [ ]two"),
        ("Hello", "Hello!", "Hello", "Hello[!]"),
        ("", "new", "", "[new]"),
        ("first\nlast", "first\nmore\nlast", "first\nlast", "first\n[more\n]last"),
    ],
)  # fmt: skip
def test_words_and_numbers_are_marked_whole(
    legacy: str, candidate: str, ours: str, theirs: str
) -> None:
    """Not the letters and digits that they share; and no single space between two changes is the same."""
    left, right = differ(legacy, candidate)
    assert (marked(left), marked(right)) == (ours, theirs)


def test_many_words_are_compared_by_line() -> None:
    """Of 900 words between the first change and the last the line in the middle is still the same."""
    lines = [f"row {number} of the table" for number in range(150)]
    changed = ["first", *lines[1:-1], "last"]
    ours, _ = differ("\n".join(lines), "\n".join(changed))
    assert joined(ours, Mark.SAME).count("row") == 148


@pytest.mark.parametrize(
    "make",
    [
        lambda size: ("a " * size, "b " * size),
        lambda size: ("a" * size, "a" * (size - 1) + "b"),
        lambda size: ("1." * size + "a", "1." * size + "b"),
        lambda size: ("x\n" * size, "y\n" * size),
        lambda size: ("-" * size, "_-" * size),
        lambda size: ("ab" * size, "b" + "ab" * size),
    ],
)
@pytest.mark.parametrize("size", [150, MAX_SCANNED // 3, 200_000])
def test_no_text_takes_long(make: object, size: int) -> None:
    """Whatever repeats in it and however long it is."""
    legacy, candidate = make(size)  # type: ignore[operator]  # a lambda above
    began = time.process_time()
    ours, theirs = differ(legacy, candidate)
    assert time.process_time() - began < 0.5
    assert (joined(ours), joined(theirs)) == (legacy, candidate)
