"""The impact guard: when the proxy's own added time breaks its budget, shadowing steps back.

    FULL ─over budget─► held back entirely ─each quiet window─► 50 % ─► 10 % held back ─► FULL

A decision of values: counts of the overhead histogram in, the share to hold back out.
"""

from collections import deque

from shadowproxy.core.cells import OVERHEAD_BOUNDS_S

STEPS = (0.0, 0.1, 0.5, 1.0)
"""Shares held back; up to the last at once, down one step per quiet window."""

MIN_ANSWERS = 100
"""Fewer answers in a window say nothing about a 99th percentile."""


class Guard:
    """Watches one edge; `observe` is called once a second."""

    def __init__(self, budget_s: float, window_s: float) -> None:
        self._budget_s = budget_s
        self._window = max(1, round(window_s))
        self._counts: deque[list[int]] = deque(maxlen=self._window + 1)
        self._lags: deque[float] = deque(maxlen=self._window)
        self._step = 0
        self._quiet_s = 0

    @property
    def held_back(self) -> float:
        """The share of copies that is not made."""
        return STEPS[self._step]

    def observe(self, counts: list[int], lag_s: float) -> float:
        """Takes the cumulated overhead buckets and the worst loop lag of the last second.

        Returns the share to hold back from now on.
        """
        self._counts.append(counts)
        self._lags.append(lag_s)
        if self._is_over():
            self._step = len(STEPS) - 1
            self._quiet_s = 0
            self._counts.clear()
            self._lags.clear()
        elif self._step:
            self._quiet_s += 1
            if self._quiet_s >= self._window:
                self._step -= 1
                self._quiet_s = 0
        return self.held_back

    def _is_over(self) -> bool:
        if len(self._counts) < 2:
            return False
        first, last = self._counts[0], self._counts[-1]
        window = [late - early for early, late in zip(first, last, strict=True)]
        return sum(window) >= MIN_ANSWERS and p99(window) > self._budget_s


def p99(window: list[int]) -> float:
    """The upper bound of the bucket that holds the 99th percentile, in seconds."""
    rank = sum(window) * 0.99
    seen = 0
    for count, bound in zip(window, (*OVERHEAD_BOUNDS_S, float("inf")), strict=True):
        seen += count
        if seen >= rank:
            return bound
    return float("inf")
