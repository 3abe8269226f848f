"""The clock by which shadow ends what is late, in the test's hands.

Law: a deadline passes when the test says so, never because the machine is busy. Durations that
shadow measures, its pauses and its connections know the real time alone.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from shadowproxy.shadow import upkeep
from tests.support.waiting import until


class Clock:
    """Real time and what it was set ahead; shadow reads it at the beginning of each tick."""

    def __init__(self) -> None:
        self._ahead_ns = 0
        self._ticks = 0

    def read_ns(self) -> int:
        self._ticks += 1
        return time.monotonic_ns() + self._ahead_ns

    async def set_ahead(self, seconds: float) -> None:
        """For one tick: what is late by then ends, and what comes after has all its time."""
        self._ahead_ns = int(seconds * 1e9)
        ticks = self._ticks
        await until(lambda: self._ticks > ticks, "a tick")
        self._ahead_ns = 0


@contextmanager
def clock_in_hand() -> Iterator[Clock]:
    """For shadow processes in this loop."""
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(upkeep, "monotonic_ns", clock.read_ns)
        yield clock
