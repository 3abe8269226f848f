"""The impact guard: when the proxy's own added time breaks its budget, shadowing steps back.

    FULL ─over budget─► held back entirely ─each quiet window─► 50 % ─► 10 % held back ─► FULL

A decision of values: counts of the overhead histogram in, the share to hold back out. A bucket that
reaches from below the budget to above it counts as within.
"""

from bisect import bisect_left
from collections import deque

from shadowproxy.core.cells import OVERHEAD_BOUNDS_S

STEPS = (0.0, 0.1, 0.5, 1.0)
"""Shares held back; up to the last at once, down one step per quiet window."""

SLOW_SHARE = 0.01
"""Above this share of slow answers their 99th percentile is over the budget."""

MIN_SLOW = 10
MIN_SLOW_SECONDS = 3
"""One stall of the machine is not an impact: slow answers must be ten and in three seconds."""


class Guard:
    """Watches one edge; `observe` is called once a second."""

    def __init__(self, budget_s: float, window_s: float) -> None:
        self._first_slow = bisect_left(OVERHEAD_BOUNDS_S, budget_s) + 1
        self._last: list[int] | None = None
        self._seconds: deque[tuple[int, int]] = deque(maxlen=max(1, round(window_s)))
        self._window = max(1, round(window_s))
        self._step = 0
        self._quiet_s = 0

    @property
    def held_back(self) -> float:
        """The share of copies that is not made."""
        return STEPS[self._step]

    def observe(self, counts: list[int]) -> float:
        """Takes the cumulated overhead buckets of this second.

        Returns the share to hold back from now on.
        """
        if self._last is not None:
            answers = sum(counts) - sum(self._last)
            slow = sum(counts[self._first_slow :]) - sum(self._last[self._first_slow :])
            self._seconds.append((answers, slow))
        self._last = counts
        if self._is_over():
            self._step = len(STEPS) - 1
            self._quiet_s = 0
            self._seconds.clear()
        elif self._step:
            self._quiet_s += 1
            if self._quiet_s >= self._window:
                self._step -= 1
                self._quiet_s = 0
        return self.held_back

    def _is_over(self) -> bool:
        answers = sum(answers for answers, _ in self._seconds)
        slow = sum(slow for _, slow in self._seconds)
        slow_seconds = sum(slow > 0 for _, slow in self._seconds)
        return slow >= MIN_SLOW and slow_seconds >= MIN_SLOW_SECONDS and slow > SLOW_SHARE * answers
