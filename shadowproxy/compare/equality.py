"""Whether two decoded values are the same JSON value, and how much looking may cost.

Facts that force the design: Python says `1 == True == 1.0`, so `==` alone hides a boolean that
became a number; and `list.__eq__` raises RecursionError near 990 levels.
"""

from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from typing import Any, Final

import orjson

from shadowproxy.compare.differences import type_name
from shadowproxy.decode.bounds import MAX_NODES, BoundError

FAST_LEVELS: Final = 12
"""Below this many levels `==` may be used: it costs at most one pass over the body per level.
Deeper, every value looked at is charged, or a spine of 1,000 levels would be compared 1,000 times."""

_FREEZE_DEPTH: Final = 100


class Budget:
    """Values that may still be looked at; 250 ms worth of them to begin with."""

    __slots__ = ("left",)

    def __init__(self, nodes: int = 2 * MAX_NODES) -> None:
        self.left = nodes

    def spend(self, nodes: int) -> None:
        """Pays for looking.

        Raises:
            BoundError: nothing is left.
        """
        self.left -= nodes
        if self.left < 0:
            raise BoundError("nodes")


def are_same(a: Any, b: Any, level: int, has_booleans: bool, budget: Budget) -> bool:
    """JSON equality: numbers by value, a boolean is never a number, members in any order."""
    if level <= FAST_LEVELS:
        try:
            if a != b:
                return False
            if not has_booleans or _are_written_alike(a, b):
                return True
        except RecursionError:
            pass
    return _are_same_slowly(a, b, budget)


def _are_written_alike(a: Any, b: Any) -> bool:
    """Equal spelling settles what `==` leaves open, at a tenth of the price of looking."""
    try:
        return orjson.dumps(a) == orjson.dumps(b)
    except orjson.JSONEncodeError:
        return False  # nested above 254, exact numbers, lone surrogates


def _are_same_slowly(a: Any, b: Any, budget: Budget) -> bool:
    stack = [(a, b)]
    while stack:
        a, b = stack.pop()
        budget.spend(1)
        if type(a) is dict and type(b) is dict:
            if a.keys() != b.keys():
                return False
            stack += [(value, b[name]) for name, value in a.items()]
        elif type(a) is list and type(b) is list:
            if len(a) != len(b):
                return False
            stack += zip(a, b, strict=True)
        elif type_name(a) != type_name(b) or a != b:
            return False
    return True


def freeze(value: Any, budget: Budget, depth: int = _FREEZE_DEPTH) -> object:
    """A hashable stand-in: two are equal exactly when their values are the same.

    Raises:
        BoundError: too many values, or nested too deeply to be put into a set.
    """
    budget.spend(1)
    if isinstance(value, dict):
        if not depth:
            raise BoundError("depth")
        return frozenset((name, freeze(item, budget, depth - 1)) for name, item in value.items())
    if isinstance(value, list):
        if not depth:
            raise BoundError("depth")
        return tuple(freeze(item, budget, depth - 1) for item in value)
    return (type_name(value), _spelled(value) if isinstance(value, int | Decimal) else value)


def _spelled(value: int | Decimal) -> object:
    """Equal for equal numbers, and not hashed as a number when it is long.

    Python hashes numbers modulo 2**61 - 1, so a million long ones with one hash are easy to find.
    """
    if not value:
        return 0
    if Decimal(value).adjusted() < _SHORT_DIGITS and value == int(value):
        return value
    return str(_WIDE.normalize(Decimal(value)))


_SHORT_DIGITS: Final = 19
_WIDE: Final = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)
