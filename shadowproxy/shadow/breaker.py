"""When to leave the candidate alone: a circuit breaker, pure, the clock comes in.

    CLOSED ─ at least half of at least 20 copies in 10 s failed ─► OPEN
    OPEN ─ the pause is over ─► HALF_OPEN
    HALF_OPEN ─ 5 of 5 probes succeeded ─► CLOSED
    HALF_OPEN ─ a probe failed ─► OPEN, for twice as long, 30 s at most

Laws: while OPEN nothing is admitted; while HALF_OPEN at most PROBES copies are under way; a copy
admitted in an earlier state changes nothing.
"""

from enum import Enum
from typing import Final

WINDOW_S: Final = 10
"""As long as the copy's default deadline: a hanging candidate shows within one window."""
MIN_COPIES: Final = 20
"""Fewer say nothing: 10 of 20 by chance at a true failure share of 10 % happens once in 140,000."""
FAILED_SHARE: Final = 0.5
"""A candidate that answers every second request can still be compared; Envoy and Hystrix use the
same half."""
PROBES: Final = 5
"""Enough to tell a recovered candidate from a lucky one, too few to hurt it."""
FIRST_PAUSE_S: Final = 1.0
MAX_PAUSE_S: Final = 30.0
"""A candidate that comes back is noticed within half a minute."""

REFUSED: Final = 0
"""The ticket of a copy that is not admitted."""


class State(Enum):
    """Of the breaker."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker:
    """Hands out a ticket per copy and takes it back with the outcome, exactly once.

    `pause_s` is how long the last pause is, or was.
    """

    __slots__ = (
        "_buckets", "_closed_s", "_epoch", "_opens_s", "_probes_good", "_probes_out", "pause_s",
        "state",
    )  # fmt: skip

    def __init__(self) -> None:
        self.state = State.CLOSED
        self._epoch = 1
        self._buckets: dict[int, list[int]] = {}
        self.pause_s = FIRST_PAUSE_S
        self._opens_s = 0.0
        self._closed_s = float("-inf")
        self._probes_out = 0
        self._probes_good = 0

    def has_room(self, now_s: float) -> bool:
        """Whether `admit` would hand out a ticket."""
        if self.state is State.CLOSED:
            return True
        if self.state is State.OPEN:
            return now_s >= self._opens_s
        return self._probes_out + self._probes_good < PROBES

    def admit(self, now_s: float) -> int:
        """A ticket for one copy, or REFUSED."""
        if self.state is State.CLOSED:
            return self._epoch
        if not self.has_room(now_s):
            return REFUSED
        if self.state is State.OPEN:
            self._enter(State.HALF_OPEN)
            self._probes_out = self._probes_good = 0
        self._probes_out += 1
        return self._epoch

    def succeeded(self, ticket: int, now_s: float) -> None:
        """The candidate answered, whatever it said."""
        if ticket != self._epoch:
            return
        if self.state is State.CLOSED:
            self._bucket(now_s)[0] += 1
            return
        self._probes_out -= 1
        self._probes_good += 1
        if self._probes_good == PROBES:
            self._enter(State.CLOSED)
            self._buckets.clear()
            self._closed_s = now_s

    def failed(self, ticket: int, now_s: float) -> None:
        """The candidate could not be reached or did not answer properly."""
        if ticket != self._epoch:
            return
        if self.state is State.CLOSED:
            bucket = self._bucket(now_s)
            bucket[0] += 1
            bucket[1] += 1
            if self._is_failing():
                is_relapse = now_s - self._closed_s < WINDOW_S
                self._pause(now_s, self.pause_s * 2 if is_relapse else FIRST_PAUSE_S)
        else:
            self._pause(now_s, self.pause_s * 2)

    def released(self, ticket: int) -> None:
        """The copy was given up before it could tell anything."""
        if ticket == self._epoch and self.state is State.HALF_OPEN:
            self._probes_out -= 1

    def _pause(self, now_s: float, pause_s: float) -> None:
        self.pause_s = min(pause_s, MAX_PAUSE_S)
        self._opens_s = now_s + self.pause_s
        self._enter(State.OPEN)

    def _enter(self, state: State) -> None:
        self.state = state
        self._epoch += 1

    def _bucket(self, now_s: float) -> list[int]:
        """[copies, failures] of this second."""
        second = int(now_s)
        bucket = self._buckets.get(second)
        if bucket is None:
            bucket = self._buckets[second] = [0, 0]
            for old in [each for each in self._buckets if each <= second - WINDOW_S]:
                del self._buckets[old]
        return bucket

    def _is_failing(self) -> bool:
        copies = sum(bucket[0] for bucket in self._buckets.values())
        failures = sum(bucket[1] for bucket in self._buckets.values())
        return copies >= MIN_COPIES and failures >= FAILED_SHARE * copies
