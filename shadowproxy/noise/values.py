"""What is looked at in a value: its type, sign, length, where two texts part, and a keyed hash.

Laws: nothing raises, whatever a decoder gives; nothing here costs more than a pass over
MAX_COMPARED characters, however large the value is; nothing readable of a value is handed back.
"""

import math
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Final

from shadowproxy.core import likeness

MAX_COMPARED: Final = 1 << 16
"""Characters from either end of a text: a page of 64 KiB is looked at whole, in 20 µs."""

MAX_HASHED: Final = 4096
"""Characters from either end of a text: 10 µs at most, and the length is hashed as well."""

HASH_BYTES: Final = 8
"""Two of 10,000 keys' 32 values are taken for one another once in 10^8 tables."""

FAR: Final = 1 << 20
"""The number of digits of infinity, and of what has more."""

_LONG: Final = 10**1000
"""Python refuses to write integers of more than 4,300 digits."""
_TYPES: Final[dict[type, str]] = {
    str: "string", bool: "boolean", int: "number", float: "number", Decimal: "number",
    dict: "object", list: "array", type(None): "null",
}  # fmt: skip

Number = int | float | Decimal


def type_of(value: Any) -> str:
    """The JSON type, or `other` for what has none: opaque bytes, no value."""
    return _TYPES.get(type(value), "other")


TYPES: Final = frozenset((*_TYPES.values(), "other"))


def sign_of(value: Number) -> int:
    """-1, 0 or 1; 2 for what is no number."""
    if isinstance(value, Decimal):
        if value.is_nan():
            return 2  # comparing a signalling one raises
    elif value != value:
        return 2
    return (value > 0) - (value < 0)


def digits_of(value: Number) -> int:
    """Digits before the point, 0 below 1; FAR for infinity and for more than 1,000 of them."""
    if isinstance(value, Decimal):
        if not value.is_finite():
            return FAR
        return max(0, min(FAR, value.adjusted() + 1)) if value else 0
    if not -_LONG < value < _LONG:
        return FAR
    whole = abs(int(value))
    return len(str(whole)) if whole else 0


def has_fraction(value: Number) -> bool:
    """Whether anything is behind the point."""
    if isinstance(value, int):
        return False
    if isinstance(value, Decimal):
        return value.is_finite() and value != value.to_integral_value()
    return math.isfinite(value) and value % 1 != 0


def shared_start(a: str, b: str) -> int:
    """How many characters two texts begin with alike, at most MAX_COMPARED."""
    return likeness.shared_start(a[:MAX_COMPARED], b[:MAX_COMPARED])


def shared_end(a: str, b: str) -> int:
    """How many characters two texts end with alike, at most MAX_COMPARED."""
    return shared_start(a[: -MAX_COMPARED - 1 : -1], b[: -MAX_COMPARED - 1 : -1])


def are_worded_alike(a: str, b: str) -> bool:
    """Equal but for digits, `.` and `,`: `took 1,234.5 ms` and `took 7 ms`.

    What is in the middle of more than two times MAX_COMPARED characters is not looked at.
    """
    if len(a) <= MAX_COMPARED and len(b) <= MAX_COMPARED:
        return _wording(a) == _wording(b)
    heads = _wording(a[:MAX_COMPARED]), _wording(b[:MAX_COMPARED])
    tails = _wording(a[-MAX_COMPARED:]), _wording(b[-MAX_COMPARED:])
    # More digits in one leave fewer other characters in what is looked at.
    head, tail = (min(map(len, ends)) for ends in (heads, tails))
    return heads[0][:head] == heads[1][:head] and (
        tails[0][len(tails[0]) - tail :] == tails[1][len(tails[1]) - tail :]
    )


def _wording(text: str) -> bytes:
    """0.2 µs; as str.translate or by an expression it takes four times as long."""
    return text.encode("utf-8", "surrogatepass").translate(None, b"0123456789.,")


def hash_of(value: Any, key: bytes) -> bytes:
    """A keyed hash: equal for values that are written alike. 1 µs; of an object or array its size."""
    if isinstance(value, str):
        written = value if len(value) <= 2 * MAX_HASHED else _ends(value)
    elif type(value) is int:
        written = f"n{value % _PRIME:x}.{value.bit_length()}"
    elif isinstance(value, float | bool | None):
        written = f"n{value!r}"
    elif isinstance(value, Decimal):
        written = f"n{hash(value) if not value.is_snan() else 0:x}.{value.adjusted()}"
    else:
        written = f"{type_of(value)}.{len(value) if isinstance(value, dict | list) else 0}"
    data = written.encode("utf-8", "surrogatepass")
    return blake2b(data, digest_size=HASH_BYTES, key=key[:64]).digest()


_PRIME: Final = (1 << 521) - 1
"""Integers of any length in at most 131 characters; shorter ones are told apart for certain."""


def _ends(text: str) -> str:
    return f"{text[:MAX_HASHED]}{text[-MAX_HASHED:]}{len(text)}"
