"""One copy on its way to the candidate, and the exchange that it belongs to.

    request half ─► sent ─► the candidate is over (answer | failure | cut) ─┐
                 ├────────► legacy's half ──────────────────────────────────┼─► concluded
                 └────────► the witness is over, where there is one ────────┘

Law: an exchange is settled exactly once.
"""

from typing import TYPE_CHECKING

from shadowproxy.core.lifecycle import DropReason
from shadowproxy.core.observing import Failure
from shadowproxy.core.overriding import override
from shadowproxy.ipc.frames import Request, Side
from shadowproxy.shadow.asking import FLOOD_FACTOR, OVERHEAD_BYTES, Asking
from shadowproxy.upstream.connection import Connection

if TYPE_CHECKING:
    from shadowproxy.shadow.replay import Replay
    from shadowproxy.shadow.witness import Witness
    from shadowproxy.upstream.pool import Pool


class Copy(Asking):
    """What shadow knows of one exchange. `legacy` is None until its half arrives."""

    __slots__ = ("base", "exchange", "is_settled", "legacy", "shadow", "slot", "witness")

    def __init__(self, shadow: "Replay", pool: "Pool", slot: int, request: Request) -> None:
        super().__init__(pool, shadow.breaker, request, shadow.max_body_bytes)
        self.shadow = shadow
        self.slot = slot
        self.exchange = request.exchange
        self.base = 0
        self.held = OVERHEAD_BYTES + len(request.head) + len(request.body)
        self.legacy: Side | None = None
        self.witness: Witness | None = None
        self.is_settled = False

    @override
    def on_connected(self, connection: Connection) -> None:
        self.shadow.send(self, connection)

    @override
    def on_answered(self) -> None:
        self.shadow.answered(self)

    @override
    def on_flooded(self) -> None:
        self.shadow.flooded(self)

    @override
    def on_failure(self, failure: Failure) -> None:
        self.shadow.broke_off(self, failure)

    @override
    def hold(self, size: int) -> None:
        if self.is_settled:
            return
        self.held += size
        room = self.shadow.room
        room.held_bytes += size
        if room.held_bytes > room.max_bytes and size > 0:
            room.shed(DropReason.MEMORY_LIMIT)
            self.shadow.give_up(self, DropReason.MEMORY_LIMIT)

    @override
    def legacy_bytes(self) -> int | None:
        legacy = self.legacy
        return legacy.body_bytes if legacy is not None and not legacy.failure else None

    @property
    def is_beyond_comparing(self) -> bool:
        """Legacy's own answer is larger than what is read of the candidate's."""
        limit = FLOOD_FACTOR * self.max_body_bytes
        return self.legacy is not None and self.legacy.body_bytes > limit
