"""How much shadow takes on at once, and when it tells the edges to stop capturing.

Law: a limit that was reached is published until a share of it is free again, so that edges do not
capture, send and lose at the edge of the limit.
"""

from collections.abc import Callable
from typing import Final

from shadowproxy.core.lifecycle import DropReason
from shadowproxy.core.settings import ShadowSettings

LOW_WATER: Final = 0.875
"""Of a limit that was reached, before there is room again: an eighth is a few milliseconds of
copies, long enough not to flap, short enough not to lose samples."""

MEMORY_SHARE: Final = 0.5
"""Of `max_memory`; the edges' captures have a quarter and the judge's queue has the rest."""


class Room:
    """The limits of one configuration and what is in use of them."""

    __slots__ = (
        "_low_in_flight",
        "_low_memory",
        "_publish",
        "held_bytes",
        "in_flight",
        "max_bytes",
        "max_in_flight",
        "shedding",
    )

    def __init__(self, publish: Callable[[DropReason | None], None]) -> None:
        """`publish` tells the edges why they should stop capturing, or None: go on."""
        self.in_flight = 0
        self.held_bytes = 0
        self.shedding: DropReason | None = None
        self._publish = publish
        self.limit(ShadowSettings())

    def limit(self, settings: ShadowSettings) -> None:
        """Takes the limits of a new configuration; what is in use stays in use."""
        self.max_in_flight = settings.max_in_flight
        self.max_bytes = int(settings.max_memory_bytes * MEMORY_SHARE)
        self._low_in_flight = int(self.max_in_flight * LOW_WATER)
        self._low_memory = int(self.max_bytes * LOW_WATER)

    def refusal(self, size: int) -> DropReason | None:
        """Why one more exchange of `size` bytes cannot be taken."""
        if self.in_flight >= self.max_in_flight:
            return DropReason.IN_FLIGHT_LIMIT
        if self.held_bytes + size > self.max_bytes:
            return DropReason.MEMORY_LIMIT
        return None

    def shed(self, reason: DropReason | None) -> None:
        """Publishes a reason, if it is another one."""
        if reason is not self.shedding:
            self.shedding = reason
            self._publish(reason)

    def reconsider(self, candidate_is_let: bool) -> None:
        """Publishes what is true now; `candidate_is_let`: the breaker would admit a copy."""
        if not candidate_is_let:
            self.shed(DropReason.BREAKER_OPEN)
        elif self.shedding is not None and not self._is_still_full(self.shedding):
            self.shed(None)

    def _is_still_full(self, reason: DropReason) -> bool:
        if reason is DropReason.IN_FLIGHT_LIMIT:
            return self.in_flight > self._low_in_flight
        return reason is DropReason.MEMORY_LIMIT and self.held_bytes > self._low_memory
