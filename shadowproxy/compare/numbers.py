"""Numbers as they were written: equality by value, by spelling, as doubles, within a tolerance.

Facts that force the design: Python compares int, float and Decimal by value, exactly and in linear
time; floats come here only with at most 15 digits (decode.json_text), so `repr` spells their value;
a number may have a million digits and an exponent of 10^9, so nothing may write it out.
"""

from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, ROUND_05UP, ROUND_DOWN, Context, Decimal, Inexact
from typing import Final

from shadowproxy.compare.rules import DOUBLE, STRICT, Tolerance
from shadowproxy.core.words import Kind
from shadowproxy.decode.json_text import LONG_INTEGER

Number = int | float | Decimal
Comparing = str | Tolerance
"""The action `numbers`: a word of compare.rules, or a tolerance."""

_WIDE: Final = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)
_BOUNDED: Final = Context(prec=5000, Emax=MAX_EMAX, Emin=MIN_EMIN, rounding=ROUND_DOWN, traps=[])
"""Of what is added or multiplied here the first 5,000 digits count: 200 are in use."""
_FOR_DOUBLES: Final = Context(prec=800, Emax=MAX_EMAX, Emin=MIN_EMIN, rounding=ROUND_05UP, traps=[])
"""No double needs more than 767 digits to be told from its neighbour; 05UP keeps what follows."""


def difference_of(ours: Number, theirs: Number, comparing: Comparing) -> Kind | None:
    """How two numbers disagree; None if they do not."""
    if comparing == STRICT:
        if _is_integer(ours) != _is_integer(theirs):
            return Kind.TYPE
        is_same = ours == theirs and _sign(ours) == _sign(theirs)
    elif isinstance(comparing, Tolerance):
        is_same = ours == theirs or _is_within(ours, theirs, comparing)
    elif comparing == DOUBLE:
        is_same = ours == theirs or as_double(ours) == as_double(theirs)
    else:
        is_same = ours == theirs
    return None if is_same else Kind.CHANGED


def _is_integer(number: Number) -> bool:
    """Whether it is spelled without a fraction and an exponent."""
    if not isinstance(number, Decimal):
        return isinstance(number, int)
    sign, digits, exponent = number.as_tuple()
    return exponent == 0 and (len(digits) >= LONG_INTEGER or (sign == 1 and not number))


def _sign(number: Number) -> bool:
    if isinstance(number, Decimal):
        return number.is_signed()
    return number < 0 or (not number and str(number).startswith("-"))


def as_decimal(number: Number) -> Decimal:
    """The written value."""
    return number if isinstance(number, Decimal) else Decimal(str(number))


def as_double(number: Number) -> float:
    """The nearest 64-bit float, infinite beyond them."""
    return number if isinstance(number, float) else float(_FOR_DOUBLES.plus(as_decimal(number)))


def _is_within(ours: Number, theirs: Number, tolerance: Tolerance) -> bool:
    left, right = as_decimal(ours), as_decimal(theirs)
    context = _BOUNDED.copy()
    distance = context.abs(context.subtract(left, right))
    if _fits(distance, tolerance.absolute, context):
        return True
    if not tolerance.relative:
        return False
    larger = max(left.copy_abs(), right.copy_abs())
    return _fits(distance, _BOUNDED.multiply(larger, tolerance.relative), context)


def _fits(distance: Decimal, limit: Decimal, context: Context) -> bool:
    """What was cut off the distance counts: then it is more than it says."""
    return distance < limit or (distance == limit and not context.flags[Inexact])


def spelled(number: Number) -> str:
    """Equal for equal numbers, and for no others."""
    if -_LARGE < number < _LARGE:
        whole = int(number)
        if whole == number:
            return f"{whole:d}"
    return str(_WIDE.normalize(as_decimal(number)))


_LARGE: Final = 10**14
