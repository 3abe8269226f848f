"""Shares with their uncertainty."""

import math
from typing import Final, NamedTuple

CONFIDENCE_Z: Final = 1.959963984540054
"""Two-sided 95 %."""


class Share(NamedTuple):
    """A share from 0 to 1, with the ends of its interval."""

    rate: float
    low: float
    high: float


def share(count: int, total: int) -> Share:
    """The share and Wilson's interval (1927): it stays inside 0 to 1 and is honest about few.

    Of nothing it is unknown: 0, somewhere from 0 to 1. Two counters that are read one after the
    other may be a few apart, so more than all is all.
    """
    if total <= 0:
        return Share(0.0, 0.0, 1.0)
    rate = min(max(count, 0), total) / total
    z2 = CONFIDENCE_Z**2
    centre = (rate + z2 / (2 * total)) / (1 + z2 / total)
    spread = CONFIDENCE_Z * math.sqrt(rate * (1 - rate) / total + z2 / (4 * total**2))
    half = spread / (1 + z2 / total)
    # At the ends the rounding of the square root would put the rate outside its own interval.
    return Share(rate, max(0.0, min(rate, centre - half)), min(1.0, max(rate, centre + half)))
