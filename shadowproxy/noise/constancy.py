"""Whether the candidate always says the same where legacy varies.

Law: it takes RUN exchanges in a row. If the candidate behaves like legacy, then of two values that
differ either is as likely the candidate's; that it is one and the same value so often in a row
happens once in 2^20 exchanges, even where legacy has one value nearly always (`MISS, MISS, HIT`).
"""

from typing import Any, Final

from shadowproxy.noise.values import hash_of

RUN: Final = 20
"""Exchanges in a row in which the two differ; see above."""

VARIETY: Final = 5
"""Values of legacy in these: with two it may be a flag that turns back and forth by the minute."""


class Constancy:
    """The latest run. It is not kept over a restart: RUN exchanges are soon there."""

    __slots__ = ("_last", "_others", "run")

    def __init__(self) -> None:
        self._last = b""
        self._others: set[bytes] = set()
        self.run = 0

    def see(self, legacy: Any, candidate: Any, key: bytes) -> None:
        """One exchange in which they differ. 2 µs."""
        last = hash_of(candidate, key)
        if last != self._last:
            self._last, self.run = last, 0
            self._others.clear()
        self.run += 1
        if len(self._others) < VARIETY:
            self._others.add(hash_of(legacy, key))

    @property
    def is_constant(self) -> bool:
        """The candidate stands still and legacy does not."""
        return self.run >= RUN and len(self._others) >= VARIETY
