"""Numbers of which orjson loses something, found before parsing.

    every digit becomes a 0 ─► fixed bytes searched ─► a number there? ─► is it lost?

Facts: reading a pair with exact numbers makes comparing it 15 times as expensive, so it must be
rare; but `0.1 + 0.2` is 0.30000000000000004 in most languages, identifiers of 19 digits are common, and
4 % of all UUIDs have something like `0e-000` in them.

Law: if nothing is lost, two numbers are equal for Python if and only if they are equal as written.
That holds among numbers of at most 15 significant digits, those that equal the shortest text of
their double, and whole ones of 63 bits unless there are doubles of that size, too.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from typing import Final

MARKS: Final = bytes(
    0x30 if byte in b"0123456789." else 0x65 if byte in b"eE" else 0x2D if byte == 0x2D else 0x20
    for byte in range(256)
)
"""Maps numbers to zeros, so that searches for fixed bytes find the suspicious ones: 0.6 µs per KiB,
where a regular expression needs 24."""
_LONG: Final = b"0" * 17
"""16 digits with a point or 17 without."""
_LONG_MANTISSA: Final = b"0" * 16 + b"e"
_SMALL: Final = b"0e-000"
"""An exponent of -100 or less."""
_EXPONENT: Final = b"0e"

_RUN: Final = re.compile(rb"[0-9.]+(?:[eE][-+]?[0-9]+)?")
_NUMBER: Final = re.compile(rb"[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_WHOLE: Final = re.compile(
    rb"(?:[:,\[ \t\r\n\x1e]|(?<=[:,\[ \t\r\n\x1e])-)([0-9]{1,20}(?:\.[0-9]{1,20})?)[,\]} \t\r\n\x1e]"
)
"""The usual number with what is around it, in a fourth of the time."""
_BEFORE: Final = b":,[ \t\r\n\x1e"
_AFTER: Final = b",]} \t\r\n\x1e"
_MAX_NUMBER: Final = 40
"""Characters of one that is worth a closer look; a double's shortest text has 24 at most."""
_MAX_LOOKED_AT: Final = 50_000
"""Numbers of one mark: 50 ms and 5 MiB."""
_MAX_TEXTS: Final = 10_000
"""Places of one mark that are in no usual number: 12 ms. More are taken for a lost one."""
_LOST: Final = b"9" * (_MAX_NUMBER + 1)
_ZERO: Final = 0x30
_BIG: Final = 1 << 53
"""From here up doubles are not all whole numbers."""


def may_lose_digits(legacy: bytes, candidate: bytes) -> bool:
    """Whether two JSON texts may have numbers that are to be compared as they are written."""
    texts = [(body, body.translate(MARKS)) for body in (legacy, candidate)]
    numbers: set[bytes] = set()
    for body, marked in texts:
        for mark in (_LONG, _LONG_MANTISSA, _SMALL):
            # What is missing is found to be so three times as fast from the end (CPython 3.11).
            if marked.rfind(mark) >= 0:
                numbers.update(islice(_numbers(body, marked, mark), _MAX_LOOKED_AT))
    if not numbers:
        return False
    if len(numbers) >= _MAX_LOOKED_AT or any(map(_is_lost, numbers)):
        return True
    sizes = [float(number) for number in numbers if not number.isdigit()]
    if len(sizes) == len(numbers):
        return False
    return max(sizes, default=0.0) >= _BIG or any(_has_exponent(*text) for text in texts)


def _numbers(body: bytes, marked: bytes, mark: bytes) -> Iterator[bytes]:
    """Those that a mark is in, without their sign; parts of texts only if they look like numbers."""
    at = marked.find(mark)
    texts = 0
    while at >= 0:
        whole = _WHOLE.match(body, at - 1) if at else None
        if whole is not None:
            yield whole[1]
            at = marked.find(mark, whole.end(1))
            continue
        texts += 1
        if texts > _MAX_TEXTS:
            yield _LOST
            return
        start = at
        while start and marked[start - 1] == _ZERO and at - start <= _MAX_NUMBER:
            start -= 1
        run = _RUN.match(body, start)
        assert run is not None
        end = run.end()
        before = start - 2 if body[start - 1 : start] == b"-" else start - 1
        if body[before : before + 1] in _BEFORE and body[end : end + 1] in _AFTER:
            number = run.group()
            if len(number) > _MAX_NUMBER or _NUMBER.fullmatch(number):
                yield number
        at = marked.find(mark, max(end, at + 1))


def _is_lost(number: bytes) -> bool:
    """Whether it is too large, or another one than the shortest text of its double."""
    if len(number) > _MAX_NUMBER:
        return True
    if number.isdigit():
        return int(number) >> 63 > 0  # it may be a negative one
    text = number.decode("ascii")
    shortest = repr(float(text))
    return shortest != text and Decimal(shortest) != Decimal(text)


def _has_exponent(body: bytes, marked: bytes) -> bool:
    return any(True for _ in _numbers(body, marked, _EXPONENT))
