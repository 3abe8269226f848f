"""Numbers of a report for people.

Law: what is not nothing never reads like nothing, what is not all never like all, and two values
that are compared never read alike unless they are.
"""

from decimal import Decimal
from typing import Final

from shadowproxy.cli.reporting.members import Document, count, text, texts

DIGITS: Final = 3
MAX_DIGITS: Final = 17
"""No two doubles read alike with so many."""
UNKNOWN: Final = "-"


def percent(share: float | None, beside: float | None = None) -> str:
    """`0.42 %`, with as many more digits as tell it from `beside`."""
    if share is None:
        return UNKNOWN
    others = {other for other in (0.0, 1.0, beside) if other is not None and other != share}
    for digits in range(DIGITS, MAX_DIGITS):
        shown = _rounded(100 * share, digits)
        if all(shown != _rounded(100 * other, digits) for other in others):
            return f"{shown} %"
    return f"{_rounded(100 * share, MAX_DIGITS)} %"


def duration(seconds: float | None, beside: float | None = None) -> str:
    """`0.9 ms`, `1.2 s`, with as many more digits as tell it from `beside`."""
    if seconds is None:
        return UNKNOWN
    factor, unit = (1, "s") if abs(seconds) >= 1 else (1000, "ms")
    others = {other for other in (0.0, beside) if other is not None and other != seconds}
    for digits in range(DIGITS, MAX_DIGITS):
        shown = _rounded(factor * seconds, digits)
        if all(shown != _rounded(factor * other, digits) for other in others):
            return f"{shown} {unit}"
    return f"{_rounded(factor * seconds, MAX_DIGITS)} {unit}"


def _rounded(value: float, digits: int) -> str:
    return f"{Decimal(f'{value:.{digits}g}'):f}"


def amount(count: int | None) -> str:
    """`74,210`."""
    return UNKNOWN if count is None else f"{count:,}"


def counted(count: int | None, name: str) -> str:
    """`1 finding`, `12 findings`."""
    return f"{amount(count)} {name}{'' if count == 1 else 's'}"


def interval(low: float | None, high: float | None) -> str:
    """`0.38 % to 0.47 %`."""
    return UNKNOWN if low is None or high is None else f"{percent(low)} to {percent(high)}"


def version_line(version: Document) -> str:
    """`2.1: 74,210 exchanges; findings: 1 new, 2 gone`."""
    kinds = (("new", "new"), ("gone", "gone"), ("back", "came back"))
    told = [f"{len(found)} {word}" for name, word in kinds if (found := texts(version, name))]
    findings = f"; findings: {', '.join(told)}" if told else ""
    label = text(version, "version", 80) or "unknown"
    return f"{label}: {counted(count(version, 'exchanges'), 'exchange')}{findings}"
