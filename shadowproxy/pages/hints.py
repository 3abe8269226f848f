"""What a person would say about a pair of values, besides that they differ.

Law: a hint is a fact about these two values; where nothing can be said for certain it is empty.
"""

import unicodedata
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from shadowproxy.compare.classes import ValueClass, is_in_class
from shadowproxy.compare.times import moment_of
from shadowproxy.pages import figures

MAX_LOOKED_AT: Final = 10_000
"""Characters; a hint is not worth more time."""
MAX_APART: Final = 10**15
"""Numbers that are further apart are no longer read digit by digit."""
MAX_TIMES: Final = 10
"""From here on a share of legacy's number says nothing."""


def hint(legacy: Any, candidate: Any) -> str:
    """`0.50 more (4.2 %)`, `7 s later`, `only white space differs`, or nothing."""
    if isinstance(legacy, bool) or isinstance(candidate, bool):
        return ""
    if isinstance(legacy, str) and isinstance(candidate, str):
        if max(len(legacy), len(candidate)) > MAX_LOOKED_AT or legacy == candidate:
            return ""
        return _in_time(legacy, candidate) or _of_texts(legacy, candidate)
    if isinstance(legacy, int | float) and isinstance(candidate, int | float):
        return _in_time(legacy, candidate) or _of_numbers(legacy, candidate)
    return _across_types(legacy, candidate)


def _of_texts(legacy: str, candidate: str) -> str:
    facts = (
        ("only white space differs", "".join(legacy.split()) == "".join(candidate.split())),
        ("only upper and lower case differ", legacy.casefold() == candidate.casefold()),
        ("the same characters in another Unicode form", _normal(legacy) == _normal(candidate)),
        ("became empty", not candidate),
        ("was empty", not legacy),
        ("the candidate's is cut short", legacy.startswith(candidate)),
        ("the candidate's goes on", candidate.startswith(legacy)),
    )
    return next((words for words, is_true in facts if is_true), "")


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _of_numbers(legacy: float, candidate: float) -> str:
    try:
        ours, theirs = Decimal(str(legacy)), Decimal(str(candidate))
        if ours == theirs:
            return "the same number as far as a page shows it"
        if ours == -theirs:
            return "the sign changed"
        by, word = abs(theirs - ours), "more" if theirs > ours else "less"
        if not by < MAX_APART:
            return f"far {word}"
        shown = figures.number(float(by)) if by % 1 else figures.number(int(by))
        if by > MAX_TIMES * abs(ours):
            return f"{shown} {word}"
        return f"{shown} {word} ({figures.percent(float(by / abs(ours)))})"
    except (
        InvalidOperation,
        ValueError,
        OverflowError,
    ):  # no finite number, or thousands of digits
        return ""


def _in_time(legacy: Any, candidate: Any) -> str:
    """Of two points in time how far they are apart."""
    if not all(is_in_class(each, ValueClass.TIMESTAMP) for each in (legacy, candidate)):
        return ""
    ours, theirs = moment_of(legacy), moment_of(candidate)
    if ours is None or theirs is None:
        return ""
    if ours.has_zone != theirs.has_zone:
        return "one of them says its time zone, the other does not"
    if ours.seconds == theirs.seconds:
        return "the same time, written differently"
    word = "later" if theirs.seconds > ours.seconds else "earlier"
    return f"{figures.duration(float(abs(theirs.seconds - ours.seconds)))} {word}"


def _across_types(legacy: Any, candidate: Any) -> str:
    for number, text in ((legacy, candidate), (candidate, legacy)):
        if isinstance(number, int | float) and isinstance(text, str):
            return _SAME_DIGITS if _spells(text, number) else ""
    if legacy is not None and candidate is None:
        return "became null"
    if legacy is None and candidate is not None:
        return "was null"
    return ""


_SAME_DIGITS: Final = "the same number, on one side as a text"


def _spells(text: str, number: float) -> bool:
    try:
        return len(text) <= 400 and Decimal(text) == Decimal(str(number))
    except (InvalidOperation, ValueError):
        return False
