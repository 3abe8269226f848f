"""Whether two decoded values are the same JSON value, as cheaply as it can be told.

Facts that force the design: Python says `1 == True == 1.0`, so `==` alone hides a boolean that
became a number; `list.__eq__` raises RecursionError near 990 levels.
"""

from itertools import compress
from operator import eq
from typing import Any, Final

import orjson

from shadowproxy.compare.budget import Budget
from shadowproxy.compare.keys import Keys
from shadowproxy.decode.json_text import Members

FAST_LEVELS: Final = 12
"""Above this many levels `==` may be used: it costs at most one pass over the body per level. Below,
keys are made once for all, or a spine of 1,000 levels would be compared 1,000 times."""

_SPELLING: Final = orjson.OPT_SORT_KEYS


class Sameness:
    """Equality of values in one comparison, without rules."""

    __slots__ = ("_budget", "_has_booleans", "_keys")

    def __init__(self, keys: Keys, budget: Budget, has_booleans: bool) -> None:
        self._keys = keys
        self._budget = budget
        self._has_booleans = has_booleans

    def holds(self, a: Any, b: Any, level: int) -> bool:
        """JSON equality: numbers by value, a boolean is never a number, members in any order.

        Raises:
            BoundError: the budget is used up.
        """
        self._budget.spend(1)
        if not isinstance(a, dict | list):
            return bool(a == b) and (type(a) is bool) == (type(b) is bool)
        if level <= FAST_LEVELS:
            try:
                if a != b:
                    return False
                if not self._has_booleans or are_spelled_alike(a, b):
                    return True
            except RecursionError:
                pass
        return isinstance(b, dict | list) and self._keys.of(a, None) == self._keys.of(b, None)

    def run(self, ours: list[Any], theirs: list[Any], level: int) -> int:
        """How many elements of two lists are the same before the first that is not.

        Raises:
            BoundError: the budget is used up.
        """
        shorter = min(len(ours), len(theirs))
        if level <= FAST_LEVELS:
            try:
                pairs = enumerate(map(eq, ours, theirs))
                equal = next((at for at, is_equal in pairs if not is_equal), shorter)
            except RecursionError:
                equal = 0
            else:
                shorter = equal
            self._budget.spend(1 + equal // 2)
            if not self._has_booleans:
                return equal
            if not equal or are_spelled_alike(ours[:equal], theirs[:equal]):
                return equal
        at = 0
        while at < shorter and self.holds(ours[at], theirs[at], level):
            at += 1
        return at

    def flags(self, ours: list[Any], theirs: list[Any], level: int) -> list[bool]:
        """For each pair of two lists whether they are the same, at a tenth of the price of `holds`.

        Raises:
            BoundError: the budget is used up.
        """
        if level > FAST_LEVELS:
            return [self.holds(a, b, level) for a, b in zip(ours, theirs, strict=False)]
        self._budget.spend(min(len(ours), len(theirs)) // 2)
        try:
            equal = list(map(eq, ours, theirs))
        except RecursionError:
            return [self.holds(a, b, level) for a, b in zip(ours, theirs, strict=False)]
        if not self._has_booleans or True not in equal:
            return equal
        left, right = ours, theirs
        if False in equal:
            left, right = list(compress(ours, equal)), list(compress(theirs, equal))
        if are_spelled_alike(left, right):
            return equal
        return [
            is_equal and self.holds(a, b, level)
            for a, b, is_equal in zip(ours, theirs, equal, strict=False)
        ]


def are_spelled_alike(a: Any, b: Any) -> bool:
    """Whether values that `==` calls equal certainly are so: no boolean is a number in the other.

    `==` has seen that names and texts are the same, one by one; so a boolean that faces a number
    makes texts differ that are otherwise spelled alike, however whole numbers are written.
    """
    left, right = spelling(a), spelling(b)
    if left is None or right is None:
        return False
    return left == right or _in_whole(left) == _in_whole(right)


def _in_whole(text: bytes) -> bytes:
    """1.0 as 1; inside of strings, too."""
    return text.replace(b".0,", b",").replace(b".0]", b"]").replace(b".0}", b"}")


def spelling(value: Any) -> bytes | None:
    """Equal for values that are spelled alike but for the order of members; a tenth of a key's cost.

    None for what cannot be spelled so: nested above 254, exact numbers, lone surrogates.
    """
    try:
        return orjson.dumps(value, option=_SPELLING)
    except orjson.JSONEncodeError:
        return None


def repeats(value: Any) -> dict[str, list[Any]]:
    """All values of each name that an object repeats."""
    return value.repeated if isinstance(value, Members) else {}
