"""Reads what was written as JSON before a restart, and believes nothing of it.

Law: a value that is not there, of another type or out of bounds is a ValueError, nothing else.
"""

from typing import Any, Final

MAX_COUNT: Final = 1 << 53
"""JSON's integers are exact up to here: 1 million exchanges a second for 285 years."""


def value_at(plain: Any, name: str | int) -> Any:
    """Whatever is there."""
    try:
        return plain[name]
    except (KeyError, IndexError, TypeError):
        raise ValueError(f"nothing at {name}") from None


def count_at(plain: Any, name: str | int) -> int:
    """A whole number from 0 to MAX_COUNT."""
    value = value_at(plain, name)
    if type(value) is not int or not 0 <= value <= MAX_COUNT:
        raise ValueError(f"no count at {name}")
    return value


def number_at(plain: Any, name: str | int) -> float:
    """A finite number that is not above MAX_COUNT or below its negative."""
    value = value_at(plain, name)
    if type(value) not in (int, float) or not -MAX_COUNT <= value <= MAX_COUNT:
        raise ValueError(f"no number at {name}")
    return float(value)


def flag_at(plain: Any, name: str | int) -> bool:
    """True or false."""
    value = value_at(plain, name)
    if type(value) is not bool:
        raise ValueError(f"no flag at {name}")
    return value


def text_at(plain: Any, name: str | int, max_length: int) -> str:
    """A text of at most so many characters."""
    value = value_at(plain, name)
    if type(value) is not str or len(value) > max_length:
        raise ValueError(f"no text at {name}")
    return value


def hash_at(plain: Any, name: str | int) -> bytes:
    """A hash that was written in hexadecimal."""
    return bytes.fromhex(text_at(plain, name, 64))


def list_at(plain: Any, name: str | int, length: int | None = None) -> list[Any]:
    """A list, of this length if one is given."""
    value = value_at(plain, name)
    if type(value) is not list or (length is not None and len(value) != length):
        raise ValueError(f"no list at {name}")
    return value
