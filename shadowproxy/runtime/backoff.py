"""When to start a process again that has ended by itself: pure, times come in.

First restart at once: a process that worked is replaced before its clients notice. One that ends
again and again gets 0.2, 0.4 ... 5 s, so it cannot eat the cores that the users' path needs.
"""

from typing import Final

FIRST_S: Final = 0.2
LONGEST_S: Final = 5.0
HEALTHY_S: Final = 10.0
"""Twice the longest pause: a process that ends every 5 s is not healthy."""

FUTILE_S: Final = 1.0
FUTILE_STARTS: Final = 5
"""A process that ends within a second of its start, five times in a row, cannot start."""


class Backoff:
    """The memory of one process slot."""

    __slots__ = ("_pause_s", "futile")

    def __init__(self) -> None:
        self._pause_s = 0.0
        self.futile = 0

    def pause_after(self, lived_s: float) -> float:
        """Seconds to wait before the next start of a process that lived so long."""
        self.futile = self.futile + 1 if lived_s < FUTILE_S else 0
        if lived_s >= HEALTHY_S:
            self._pause_s = 0.0
        pause_s = self._pause_s
        self._pause_s = min(LONGEST_S, max(FIRST_S, 2 * pause_s))
        return pause_s

    @property
    def is_futile(self) -> bool:
        """True once at the fifth futile start in a row: the moment to say so."""
        return self.futile == FUTILE_STARTS
