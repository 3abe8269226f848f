"""What legacy's own disagreements at one place look like: all that is kept of their values.

Laws: bounded, 32 hashes at most; no character of a value is kept, only types, classes, lengths and
keyed hashes; what was learned only ever allows more.
"""

from typing import Any, Final

from shadowproxy.compare.classes import ValueClass, class_of
from shadowproxy.noise.plain import count_at, flag_at, hash_at, list_at, value_at
from shadowproxy.noise.values import (
    TYPES,
    are_worded_alike,
    digits_of,
    has_fraction,
    hash_of,
    shared_end,
    shared_start,
    sign_of,
    type_of,
)

FEW: Final = 32
"""Values. The next one is longer or shorter than n before it with a probability of up to 2/(n + 1):
below 32 that is every sixteenth, which deserves a margin of one."""

MAX_DISTINCT: Final = 32
"""Values that are told apart. States of an order, cache results, hosts of a pool: fewer than that."""

CLOSED: Final = 100
"""Values after which a set in which each was seen twice counts as complete. What was never seen has
about the share of what was seen once (Good 1953): here none, and below 3 % with 95 % confidence."""


DRAWN: Final = frozenset((ValueClass.UUID, ValueClass.TIMESTAMP, ValueClass.HEX, ValueClass.TOKEN))
"""Classes of texts of which no part stands still: what two of them share is chance."""


class Range:
    """Lengths that were seen; `low` and `high` mean nothing while `count` is 0."""

    __slots__ = ("count", "high", "low")

    def __init__(self, count: int = 0, low: int = 0, high: int = 0) -> None:
        self.count, self.low, self.high = count, low, high

    def add(self, length: int) -> None:
        """One more."""
        self.low = min(self.low, length) if self.count else length
        self.high = max(self.high, length)
        self.count += 1

    def admits(self, length: int, also: int | None = None) -> bool:
        """Seen, or no further from it than half of what was seen is wide; one more while it is FEW.

        Of n lengths that spread evenly the next one is outside with 2/(n + 1) and outside of this
        never; with an exponential tail one in ten of those still is. What always had one length,
        such as a token, must have it. `also` is legacy's length at this moment: that far nothing is
        wrong either. Without any length all are admitted.
        """
        margin = (self.high - self.low + 1) // 2 + (self.count < FEW)
        low, high = self.low - margin, self.high + margin
        if also is not None:
            low, high = min(low, also), max(high, also)
        return not self.count or low <= length <= high

    def to_plain(self) -> list[int]:
        """For JSON."""
        return [self.count, self.low, self.high]

    @classmethod
    def from_plain(cls, plain: Any) -> "Range":
        """The same again; ValueError if it is something else."""
        return cls(*(count_at(plain, index) for index in range(3)))


class Distinct:
    """Which values there were, while they are few."""

    __slots__ = ("count", "is_open", "once", "seen")

    def __init__(self) -> None:
        self.count = self.once = 0
        self.seen: dict[bytes, bool] = {}
        self.is_open = False

    def add(self, value: Any, key: bytes) -> None:
        """One more; beyond MAX_DISTINCT different ones nothing is kept or looked at."""
        if self.is_open:
            return
        self.count += 1
        hashed = hash_of(value, key)
        is_again = self.seen.get(hashed)
        if is_again is None:
            self.once += 1
        elif not is_again:
            self.once -= 1
        self.seen[hashed] = is_again is not None
        if len(self.seen) > MAX_DISTINCT:
            self.is_open, self.seen, self.once = True, {}, 0

    @property
    def is_closed(self) -> bool:
        """All values there are have been seen, as far as one can tell."""
        return not (self.is_open or self.once) and self.count >= CLOSED

    def to_plain(self) -> dict[str, Any]:
        """For JSON; hashes alone."""
        seen = [[hashed.hex(), is_again] for hashed, is_again in self.seen.items()]
        return {"count": self.count, "is_open": self.is_open, "seen": seen}

    @classmethod
    def from_plain(cls, plain: Any) -> "Distinct":
        """The same again; ValueError if it is something else."""
        distinct = cls()
        distinct.count, distinct.is_open = count_at(plain, "count"), flag_at(plain, "is_open")
        for pair in list_at(plain, "seen")[:MAX_DISTINCT]:
            distinct.seen[hash_at(pair, 0)] = flag_at(pair, 1)
        distinct.once = sum(not is_again for is_again in distinct.seen.values())
        return distinct


class Shape:
    """Learned from pairs of legacy's answers to one request. `key` keys the hashes."""

    __slots__ = (
        "arrays", "classes", "distinct", "end", "has_fraction", "is_compared", "is_worded_alike", "key",
        "numbers", "pairs", "signs", "start", "texts", "types",
    )  # fmt: skip

    def __init__(self, key: bytes) -> None:
        self.key = key
        self.pairs = 0
        self.types: set[str] = set()
        self.classes: set[ValueClass | None] = set()
        self.signs: set[int] = set()
        self.has_fraction = False
        self.texts, self.numbers, self.arrays = Range(), Range(), Range()
        self.start = self.end = 0
        self.is_compared = False
        self.is_worded_alike = True
        self.distinct = Distinct()

    def learn(self, one: Any, other: Any) -> None:
        """What legacy answered and what it answered when it was asked again. 8 to 12 µs."""
        self.pairs += 1
        self._add(one)
        self._add(other)
        if type(one) is str and type(other) is str:
            classes = {class_of(one), class_of(other)}
            self.classes |= classes
            if not classes <= DRAWN:
                self._compare(one, other)

    def _add(self, value: Any) -> None:
        name = type_of(value)
        self.types.add(name)
        if type(value) is list:
            self.arrays.add(len(value))
            return
        if type(value) is str:
            self.texts.add(len(value))
        elif name == "number":
            self.numbers.add(digits_of(value))
            self.signs.add(sign_of(value))
            self.has_fraction = self.has_fraction or has_fraction(value)
        self.distinct.add(value, self.key)

    def _compare(self, one: str, other: str) -> None:
        start, end = shared_start(one, other), shared_end(one, other)
        self.start = min(self.start, start) if self.is_compared else start
        self.end = min(self.end, end) if self.is_compared else end
        self.is_worded_alike &= are_worded_alike(one, other)
        self.is_compared = True

    def to_plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "pairs": self.pairs,
            "types": sorted(self.types),
            "classes": sorted(name or "" for name in self.classes),
            "signs": sorted(self.signs),
            "has_fraction": self.has_fraction,
            "texts": self.texts.to_plain(),
            "numbers": self.numbers.to_plain(),
            "arrays": self.arrays.to_plain(),
            "shared": [self.start, self.end],
            "is_compared": self.is_compared,
            "is_worded_alike": self.is_worded_alike,
            "distinct": self.distinct.to_plain(),
        }

    @classmethod
    def from_plain(cls, plain: Any, key: bytes, is_same_key: bool) -> "Shape":
        """The same again; hashes that were made with another key mean nothing and are left out.

        Raises:
            ValueError: it is not what `to_plain` gives.
        """
        shape = cls(key)
        shape.pairs = count_at(plain, "pairs")
        shape.types = set(filter(list_at(plain, "types").__contains__, TYPES))
        shape.classes = {_class_named(name) for name in list_at(plain, "classes")}
        shape.signs = set(filter(list_at(plain, "signs").__contains__, (-1, 0, 1, 2)))
        shape.has_fraction = flag_at(plain, "has_fraction")
        shape.texts = Range.from_plain(list_at(plain, "texts", 3))
        shape.numbers = Range.from_plain(list_at(plain, "numbers", 3))
        shape.arrays = Range.from_plain(list_at(plain, "arrays", 3))
        shape.start, shape.end = (count_at(list_at(plain, "shared", 2), at) for at in (0, 1))
        shape.is_compared = flag_at(plain, "is_compared")
        shape.is_worded_alike = flag_at(plain, "is_worded_alike")
        if is_same_key:
            shape.distinct = Distinct.from_plain(value_at(plain, "distinct"))
        return shape


def _class_named(name: Any) -> ValueClass | None:
    return None if name == "" else ValueClass(name)
