"""How long something took, as counts in buckets that grow with the time.

Laws: 2.5 KiB, however much is added; a quantile is off by less than a sixteenth, and the same for
the same counts.
"""

from array import array
from typing import Any, Final

from shadowproxy.noise.plain import count_at

_PARTS: Final = 8
"""Of each doubling. Within a bucket times are taken to lie evenly, so 4 % is the usual error."""
_DOUBLINGS: Final = 40
MAX_US: Final = (1 << _DOUBLINGS) - 1
"""Twelve days; nothing that takes longer has an answer."""


class Durations:
    """Counts of whole microseconds from 1 to MAX_US; what is outside counts as the nearest."""

    __slots__ = ("_counts", "total")

    def __init__(self) -> None:
        self.total = 0
        self._counts = array("Q", bytes(8 * _PARTS * _DOUBLINGS))

    def add(self, us: int) -> None:
        """One more. 0.3 µs."""
        us = max(1, min(us, MAX_US))
        doubling = us.bit_length() - 1
        self._counts[doubling * _PARTS + ((us * _PARTS >> doubling) & (_PARTS - 1))] += 1
        self.total += 1

    def quantile_us(self, share: float) -> int:
        """The time that this share took at most; 0 of nothing."""
        left = share * self.total
        for index, count in enumerate(self._counts):
            if count and left <= count:
                low, high = _edge(index), _edge(index + 1)
                return round(low + (high - low) * max(0.0, left) / count)
            left -= count
        return 0

    def halve(self) -> None:
        """Lets what is old weigh less."""
        self._counts = array("Q", [count // 2 for count in self._counts])
        self.total = sum(self._counts)

    def to_plain(self) -> list[list[int]]:
        """For JSON: the buckets that are not empty."""
        return [[index, count] for index, count in enumerate(self._counts) if count]

    @classmethod
    def from_plain(cls, plain: Any) -> "Durations":
        """The same again; ValueError if it is something else."""
        durations = cls()
        if not isinstance(plain, list):
            raise ValueError("no buckets")
        for pair in plain:
            index = count_at(pair, 0)
            if index >= _PARTS * _DOUBLINGS:
                raise ValueError("no such bucket")
            durations._counts[index] = count_at(pair, 1)
        durations.total = sum(durations._counts)
        return durations


def _edge(index: int) -> float:
    """The time at which a bucket begins."""
    doubling, part = divmod(index, _PARTS)
    return float((_PARTS + part << doubling) / _PARTS)
