"""JSON bodies into trees, exactly.

    both by orjson ─► values that may have lost digits? ─► both again with exact numbers

Facts: orjson turns integers from 2**64 up into floats and refuses 1e400, lone surrogates, a byte
order mark and nesting above 1,024; all of these but the last are JSON. What it would lose is looked
for by `digits`.
"""

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NamedTuple

import orjson

from shadowproxy.decode.bounds import (
    MAX_DEPTH,
    MAX_NODES,
    BoundError,
    UndecodableError,
    require_size,
)
from shadowproxy.decode.digits import MARKS, may_lose_digits


class Members(dict[str, Any]):
    """An object that repeats a name: as every parser, it holds the last; `repeated` has all."""

    __slots__ = ("repeated",)

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        values: dict[str, list[Any]] = {}
        for name, value in pairs:
            values.setdefault(name, []).append(value)
        self.repeated = {name: found for name, found in values.items() if len(found) > 1}


_SPARE_LEVELS: Final = 1024 - MAX_DEPTH
_SPARE_OPEN: Final = b"[" * _SPARE_LEVELS
_SPARE_CLOSED: Final = b"]" * _SPARE_LEVELS


class How(NamedTuple):
    """`exact`: numbers as written. `keep_duplicates`: objects that repeat a name are `Members`.

    `quick`: by orjson alone, which someone has made sure loses no digits.
    """

    exact: bool = False
    keep_duplicates: bool = False
    quick: bool = False


_QUICK: Final = How()


class SlowError(Exception):
    """Something may be JSON that orjson cannot read; the whole is to be read without it."""


class Trees(NamedTuple):
    """Both decoded bodies; None in place of one that is undecodable.

    `has_booleans` warns that Python's `==` may call a number and a boolean equal; `cost` is what
    reading them exactly took, in values that could have been walked instead.
    """

    legacy: Any
    candidate: Any
    legacy_is_broken: bool
    candidate_is_broken: bool
    has_booleans: bool
    cost: int = 0


def decode_both(legacy: bytes, candidate: bytes, how: How) -> Trees:
    """Both sides with the same kind of numbers.

    Raises:
        BoundError: more nodes than can be walked in time.
    """
    bodies = legacy, candidate
    for body in bodies:
        require_size(body)
        if len(body) > MAX_NODES and _nodes(body) > MAX_NODES:
            raise BoundError("nodes")
    quick: list[_Quick | None] = [None, None]
    if how == _QUICK and not may_lose_digits(legacy, candidate):
        quick = [_quick_or_none(legacy), _quick_or_none(candidate)]
        if quick[0] is not None and quick[1] is not None:
            has_booleans = _has_booleans(legacy) or _has_booleans(candidate)
            return Trees(quick[0].value, quick[1].value, False, False, has_booleans)
    exact: list[tuple[Any, bool]] = [(None, False), (None, False)]
    for side in sorted((0, 1), key=lambda side: quick[side] is not None):
        exact[side] = _decode_exactly(bodies[side], how)
        if exact[side][1] and quick[1 - side] is not None:
            break  # one is broken and the other is not; nobody needs its numbers
    cost = sum(map(_nodes, bodies)) // _EXACT_PER_STEP
    return Trees(exact[0][0], exact[1][0], exact[0][1], exact[1][1], True, cost)


class _Quick(NamedTuple):
    value: Any


def _quick_or_none(body: bytes) -> _Quick | None:
    try:
        return _Quick(_decode_quickly(body))
    except orjson.JSONDecodeError:
        return None


def is_json(body: bytes) -> bool:
    """Whether an undeclared body may be taken for JSON: it begins and parses like it."""
    if not body.lstrip(b" \t\r\n").startswith((b"{", b"[")):
        return False
    try:
        require_size(body)
    except BoundError:
        return True  # whoever decodes it will be told
    try:
        _decode_quickly(body)
    except orjson.JSONDecodeError:
        return len(body) <= MAX_NODES and not _decode_exactly(body, _QUICK)[1]
    return True


def decode_json(body: bytes, how: How) -> Any:
    """One document.

    Raises:
        UndecodableError: not JSON, or nested above MAX_DEPTH.
        BoundError: more than can be looked at in time.
        SlowError: only if `how` is quick.
    """
    if how.quick:
        try:
            return _decode_quickly(body)
        except orjson.JSONDecodeError:
            raise SlowError from None
    if len(body) > MAX_NODES and _nodes(body) > MAX_NODES:
        raise BoundError("nodes")
    value, is_broken = _decode_exactly(body, how)
    if is_broken:
        raise UndecodableError("json")
    return value


def _decode_quickly(body: bytes) -> Any:
    """By orjson, without what is nested above MAX_DEPTH.

    It goes 24 levels deeper, so it is given 24 more than there are.

    Raises:
        JSONDecodeError: it does not parse it, which does not mean that it is not JSON.
    """
    if len(body) <= 2 * MAX_DEPTH:  # each level has an opening and a closing bracket
        return orjson.loads(body)
    value = orjson.loads(_SPARE_OPEN + body + _SPARE_CLOSED)
    for _ in range(_SPARE_LEVELS):
        if len(value) != 1:  # `1],[2` was no document of its own
            raise orjson.JSONDecodeError("not one document", "", 0)
        value = value[0]
    return value


_EXACT_PER_STEP: Final = 2
_MAX_EXACT: Final = MAX_NODES * 6 // 5
"""Values that are read exactly, of which those with a fraction or an exponent count twice."""


def _require_exact_room(body: bytes) -> None:
    if len(body) > MAX_NODES and _nodes(body) + _fractions(body) > _MAX_EXACT:
        raise BoundError("nodes")


def _fractions(body: bytes) -> int:
    """At least the number of values that become a Decimal: 104 bytes each."""
    return body.count(b".") + body.translate(MARKS).count(b"0e")


def _nodes(body: bytes) -> int:
    """At least the number of values: separators inside strings count too."""
    return 1 + body.count(b",") + body.count(b"[") + body.count(b"{")


# What is not there is found to be missing three times as fast from the end (CPython 3.11).


def _has_booleans(body: bytes) -> bool:
    """Whether there may be a boolean in UTF-8."""
    return body.rfind(b"true") >= 0 or body.rfind(b"false") >= 0


def _decode_exactly(body: bytes, how: How) -> tuple[Any, bool]:
    """The value and False, or None and True when it is not JSON.

    Raises:
        BoundError: more than can be looked at in time.
    """
    _require_exact_room(body)
    try:
        text = body.decode(json.detect_encoding(body), "surrogatepass")
    except ValueError:
        return None, True
    try:
        return (_KEEPING if how.keep_duplicates else _EXACT).decode(text), False
    except ValueError:
        return None, True
    except RecursionError:
        if _depth_is_above(text, MAX_DEPTH):
            return None, True
        raise BoundError("depth") from None


def _exact_integer(text: str) -> int | Decimal:
    if len(text) < LONG_INTEGER:
        return int(text) if text != "-0" else _MINUS_ZERO
    return _exact_fraction(text)


_MINUS_ZERO: Final = Decimal("-0")


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


def _object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    return members if len(members) == len(pairs) else Members(pairs)


_KEEPING: Final = json.JSONDecoder(
    parse_float=_exact_fraction,
    parse_int=_exact_integer,
    parse_constant=_refuse,
    object_pairs_hook=_object_of,
)
LONG_INTEGER: Final = 4000
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
