"""JSON bodies into trees, exactly.

    both by orjson ─► values that may have lost digits? ─► both again with exact numbers

Facts: orjson turns integers from 2**64 up into floats and refuses 1e400, lone surrogates, a byte
order mark and nesting above 1,024; all of these but the last are JSON. It accepts at most 15
significant digits without loss, which is what `_may_lose_digits` looks for.
"""

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NamedTuple

import orjson

from shadowproxy.decode.bounds import MAX_DEPTH, MAX_NODES, BoundError, UndecodableError

_DIGITS: Final = bytes(
    0x30 if byte in b"0123456789." else 0x65 if byte in b"eE" else 0x20 for byte in range(256)
)
"""Maps numbers to zeros, so that two searches for fixed bytes find the suspicious ones: 2 µs per
KiB, where a regular expression needs 24."""
_LONG_NUMBER: Final = b"0" * 17
_LONG_EXPONENT: Final = b"0e000"


class Trees(NamedTuple):
    """Both decoded bodies; None in place of one that is undecodable.

    `has_booleans` warns that Python's `==` may call a number and a boolean equal.
    """

    legacy: Any
    candidate: Any
    legacy_is_broken: bool
    candidate_is_broken: bool
    has_booleans: bool


def decode_both(legacy: bytes, candidate: bytes) -> Trees:
    """Both sides with the same kind of numbers.

    Raises:
        BoundError: more nodes than can be walked in time.
    """
    for body in (legacy, candidate):
        if len(body) > MAX_NODES and _nodes(body) > MAX_NODES:
            raise BoundError("nodes")
    has_booleans = any(b"true" in body or b"false" in body for body in (legacy, candidate))
    if not (_may_lose_digits(legacy) or _may_lose_digits(candidate)):
        try:
            ours, theirs = orjson.loads(legacy), orjson.loads(candidate)
        except orjson.JSONDecodeError:
            pass
        else:
            return Trees(ours, theirs, False, False, has_booleans)
    ours, ours_broken = _decode_exactly(legacy)
    theirs, theirs_broken = _decode_exactly(candidate)
    return Trees(ours, theirs, ours_broken, theirs_broken, has_booleans)


def is_json(body: bytes) -> bool:
    """Whether an undeclared body may be taken for JSON: it begins and parses like it."""
    if not body.lstrip(b" \t\r\n").startswith((b"{", b"[")):
        return False
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return len(body) <= MAX_NODES and not _decode_exactly(body)[1]
    return True


class How(NamedTuple):
    """`exact`: numbers as written. `keep_duplicates`: objects that repeat a name are `Members`."""

    exact: bool = False
    keep_duplicates: bool = False


def decode_json(body: bytes, how: How) -> Any:
    """One document.

    Raises:
        UndecodableError: not JSON, or nested above MAX_DEPTH.
        BoundError: more than can be looked at in time.
    """
    if len(body) > MAX_NODES and _nodes(body) > MAX_NODES:
        raise BoundError("nodes")
    value, is_broken = _decode_exactly(body)
    if is_broken:
        raise UndecodableError("json")
    return value


def _nodes(body: bytes) -> int:
    """At least the number of values: separators inside strings count too."""
    return 1 + body.count(b",") + body.count(b"[") + body.count(b"{")


def _may_lose_digits(body: bytes) -> bool:
    """A number of 16 digits with a point, of 17 without, or with an exponent of three digits."""
    return _LONG_NUMBER in body.translate(_DIGITS) or _LONG_EXPONENT in body.translate(
        _DIGITS, b"+-"
    )


def _decode_exactly(body: bytes) -> tuple[Any, bool]:
    """The value and False, or None and True when it is not JSON."""
    try:
        text = body.decode(json.detect_encoding(body), "surrogatepass")
    except ValueError:
        return None, True
    try:
        return _EXACT.decode(text), False
    except ValueError:
        return None, True
    except RecursionError:
        if _depth_is_above(text, MAX_DEPTH):
            return None, True
        raise BoundError("depth") from None


def _exact_integer(text: str) -> int | Decimal:
    return int(text) if len(text) < _LONG_INTEGER else _exact_fraction(text)


def _exact_fraction(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise BoundError("number") from None


def _refuse(name: str) -> None:
    raise ValueError(name)


_EXACT: Final = json.JSONDecoder(
    parse_float=_exact_fraction, parse_int=_exact_integer, parse_constant=_refuse
)
_LONG_INTEGER: Final = 4000
"""Python refuses to read integers of more than 4,300 digits."""

_BRACKET: Final = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', re.DOTALL)


def _depth_is_above(text: str, limit: int) -> bool:
    depth = 0
    for found in _BRACKET.finditer(text):
        mark = found[0]
        if mark in "[{":
            depth += 1
            if depth > limit:
                return True
        elif mark in "]}":
            depth -= 1
    return False
