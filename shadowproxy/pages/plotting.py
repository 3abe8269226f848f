"""Where things stand in a chart: scales and ticks, in per cent of the plot's width and height.

Law: pure arithmetic; no scale has a width of zero, whatever it is made for.
"""

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final, NamedTuple

_DAY_S: Final = 86_400
_STEPS_S: Final = (
    60,
    300,
    900,
    1800,
    3600,
    10_800,
    21_600,
    43_200,
    _DAY_S,
    7 * _DAY_S,
    28 * _DAY_S,
)
_MAX_TICKS: Final = 7
"""On the axis of time: a wide screen has room for them, a narrow one shows every other."""
_NINES: Final = (0.0, 0.5, 0.9, 0.99, 0.999)


class Tick(NamedTuple):
    """A mark on an axis: its place in per cent, and what is written at it."""

    at: float
    label: str


class Linear(NamedTuple):
    """From nothing at 0 % to `top` at 100 %."""

    top: float

    def place(self, value: float) -> float:
        """In per cent."""
        return _within(100 * value / self.top)

    def values(self) -> list[float]:
        """Where ticks belong: nothing, half, all."""
        return [0.0, self.top / 2, self.top]


SMALLEST: Final = 1e-300
"""Below that floating point has no room for a power of ten and its parts."""


def linear(largest: float) -> Linear:
    """The scale whose top is the next round number: 1, 2, 3, 5 or 10 times a power of ten."""
    if not largest > SMALLEST or not math.isfinite(largest):
        return Linear(1.0)
    power = 10.0 ** math.floor(math.log10(largest))
    for factor in (1, 2, 3, 5, 10):
        if largest <= factor * power * 1.0000001:
            return Linear(factor * power)
    return Linear(10 * power)


class Decades(NamedTuple):
    """A logarithmic scale between two powers of ten."""

    low: int
    high: int

    def place(self, value: float) -> float:
        """In per cent."""
        return _within(100 * (math.log10(value) - self.low) / (self.high - self.low))

    def values(self) -> list[float]:
        """Where ticks belong: every power of ten."""
        return [10.0**power for power in range(self.low, self.high + 1)]


def decades(values: Iterable[float]) -> Decades:
    """The scale that holds all of the values above zero."""
    logs = [math.log10(value) for value in values if value > 0]
    low, high = math.floor(min(logs, default=-3)), math.ceil(max(logs, default=0))
    return Decades(low, max(high, low + 1))


def place_share(share: float) -> float:
    """Percentiles so that each further nine has as much room as the one before it."""
    most = -math.log10(1 - _NINES[-1])
    return _within(100 * -math.log10(max(1 - share, 1 - _NINES[-1])) / most)


def share_ticks() -> list[Tick]:
    """The percentiles that people know."""
    return [Tick(place_share(share), f"{100 * share:g} %") for share in _NINES]


class Period(NamedTuple):
    """A stretch of time, in Unix seconds."""

    start_s: float
    end_s: float

    def place(self, at_s: float) -> float:
        """In per cent."""
        return _within(100 * (at_s - self.start_s) / max(1.0, self.end_s - self.start_s))

    def ticks(self) -> list[Tick]:
        """Round times in UTC: of the day, or days."""
        length_s = self.end_s - self.start_s
        step_s = next((step for step in _STEPS_S if length_s / step <= _MAX_TICKS), 0)
        if not step_s:
            step_s = _STEPS_S[-1] * math.ceil(length_s / _STEPS_S[-1] / _MAX_TICKS)
        first = math.ceil(self.start_s / step_s) * step_s
        times = [first + step_s * index for index in range(int((self.end_s - first) // step_s) + 1)]
        form = "%b %d" if step_s >= _DAY_S else "%H:%M"
        return [
            Tick(self.place(at), datetime.fromtimestamp(at, UTC).strftime(form)) for at in times
        ]


def apart(places: list[float], least: float) -> list[float]:
    """The places moved so far that none is nearer than `least` to the next, their order kept."""
    order = sorted(range(len(places)), key=lambda index: places[index])
    moved = list(places)
    for before, after in pairwise(order):
        moved[after] = max(moved[after], moved[before] + least)
    over = max(0.0, max(moved, default=0.0) - 100)
    return [place - over for place in moved]


def _within(place: float) -> float:
    return round(min(100.0, max(0.0, place)), 2)
