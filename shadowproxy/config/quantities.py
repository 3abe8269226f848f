"""Durations, sizes and shares as people write them.

Law: what was read, printed and read again is the same value. Every reader raises ValueError with a
sentence that says what would have been right; none of them repeats the text it was given.
"""

import re
from decimal import Decimal
from typing import Final

UNITS_S: Final = {"ms": "0.001", "s": "1", "m": "60", "h": "3600", "d": "86400"}
MAX_DURATION_S: Final = 3650 * 86400.0
"""Ten years: beyond that it is a slip of the keyboard, and timers overflow."""

_UNITS_BYTES: Final = {
    "B": 1,
    "kB": 1000, "MB": 1000**2, "GB": 1000**3, "TB": 1000**4,
    "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
}  # fmt: skip
_BINARY: Final = ("TiB", "GiB", "MiB", "KiB")
_BY_LOWER_CASE: Final = {unit.lower(): size for unit, size in _UNITS_BYTES.items()}
MAX_SIZE_BYTES: Final = 1 << 50

DURATION_PATTERN: Final = r"([0-9]{1,9}(\.[0-9]{1,9})?(ms|s|m|h|d))+"
SIZE_PATTERN: Final = r"[0-9]{1,18}(\.[0-9]{1,9})?([KkMmGgTt][Ii]?)?[Bb]"
SHARE_PATTERN: Final = r"[0-9]{1,3}(\.[0-9]{1,9})?%"

_PART = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m|h|d)")
_SIZE = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?)([A-Za-z]*)")
_NUMBER = re.compile(r"-?[0-9]{1,9}(?:\.[0-9]{0,18})?|\.[0-9]{1,18}")


def read_duration(text: str) -> float:
    """Seconds in `250ms`, `10s`, `5m`, `1h30m`, `14d`."""
    if not re.fullmatch(DURATION_PATTERN, text):
        raise ValueError("expected a duration such as 250ms, 10s, 5m or 1h")
    parts = _PART.findall(text)
    order = [list(UNITS_S).index(unit) for _, unit in parts]
    if order != sorted(set(order), reverse=True):
        raise ValueError("expected the larger units first and each once, such as 1h30m")
    seconds = float(sum(Decimal(number) * Decimal(UNITS_S[unit]) for number, unit in parts))
    if seconds > MAX_DURATION_S:
        raise ValueError("expected at most 3650d")
    return seconds


def print_duration(seconds: float) -> str:
    """The shortest single-unit spelling that reads back as the same number of seconds."""
    if seconds == 0:
        return "0s"
    exact = Decimal(repr(seconds))
    for unit in ("d", "h", "m", "s", "ms"):
        count = exact / Decimal(UNITS_S[unit])
        if count == count.to_integral_value() and abs(count) < 10**9:
            return f"{int(count)}{unit}"
    return f"{exact:f}s"


def approximate_duration(seconds: float) -> str:
    """For people: whole seconds, in at most the two largest units."""
    left = round(seconds)
    parts: list[str] = []
    for unit in ("d", "h", "m", "s"):
        count, left = divmod(left, int(UNITS_S[unit]))
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2]) or "0s"


def read_size(text: str) -> int:
    """Bytes in `1MiB`, `64KiB`, `1MB` (a million) or a plain number of bytes."""
    match = _SIZE.fullmatch(text)
    if not match:
        raise ValueError("expected a size such as 64KiB, 1MiB or 1MB")
    number, unit = match.groups()
    factor = _BY_LOWER_CASE.get((unit or "B").lower())
    if factor is None:
        raise ValueError(f"expected a size with the unit spelled out{_spelled_out(unit)}")
    size = Decimal(number) * factor
    if size != size.to_integral_value():
        raise ValueError("expected a whole number of bytes")
    if size > MAX_SIZE_BYTES:
        raise ValueError("expected at most 1024TiB")
    return int(size)


def _spelled_out(unit: str) -> str:
    letter = unit[:1].upper()
    if letter and letter in "KMGT" and len(unit) <= 2:
        return f": {letter}iB (steps of 1024) or {letter}B (steps of 1000)"
    return ", such as 64KiB, 1MiB or 1MB"


def print_size(size_bytes: int) -> str:
    """The largest binary unit that leaves a whole number, else plain bytes."""
    for unit in _BINARY:
        factor = _UNITS_BYTES[unit]
        if size_bytes and size_bytes % factor == 0:
            return f"{size_bytes // factor}{unit}"
    return f"{size_bytes}"


def approximate_size(size_bytes: int) -> str:
    """For people: at most one decimal, in the unit that fits."""
    for unit in _BINARY:
        if size_bytes >= _UNITS_BYTES[unit]:
            return f"{size_bytes / _UNITS_BYTES[unit]:.1f} {unit}"
    return f"{size_bytes} B"


def read_share(text: str) -> float:
    """0.0 to 1.0 in `5%` or `0.05`."""
    number, percent = (text[:-1], True) if text.endswith("%") else (text, False)
    if not _NUMBER.fullmatch(number):
        raise ValueError("expected a share such as 5% or 0.05")
    share = float(Decimal(number) / 100 if percent else Decimal(number))
    if not 0 <= share <= 1:
        raise ValueError("expected a share from 0% to 100% (0 to 1)")
    return share


def print_share(share: float) -> str:
    """As a percentage."""
    return f"{(Decimal(repr(share)) * 100).normalize():f}%"
