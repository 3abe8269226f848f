"""One copy on its way to the candidate, and the exchange that it belongs to.

    request half ─► sent ─► the candidate is over (answer | failure | cut) ─┐
                 └────────► legacy's half ───────────────────────────────────┴─► concluded

Laws: an exchange is settled exactly once; at most `max_body` bytes of an answer are held, above
that its size and digest; reading stops as soon as the answer cannot be told from a flood.
"""

from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from shadowproxy.core.observing import Failure
from shadowproxy.core.overriding import override
from shadowproxy.core.words import FailureKind
from shadowproxy.http1.heads import ResponseHead
from shadowproxy.ipc.frames import FLAG_INCOMPLETE, FLAG_TRUNCATED, Request, Side
from shadowproxy.upstream.call import Call
from shadowproxy.upstream.connection import Connection

if TYPE_CHECKING:
    from shadowproxy.shadow.replay import Replay
    from shadowproxy.upstream.pool import Pool

OVERHEAD_BYTES: Final = 2048
"""What an exchange costs besides its bytes: this object, its call, dictionary entries."""

DIGEST_BYTES: Final = 32
FLOOD_FACTOR: Final = 64
"""An answer is read for its digest up to this many times `max_body` (64 MiB by default)."""

CLEARLY_LARGER: Final = 4
"""Times `max_body`, and more than twice legacy's: from there on nothing more is read."""

_FAILURES: Final = {kind: index + 1 for index, kind in enumerate(FailureKind)}
_IDEMPOTENT: Final = (b"GET ", b"HEAD ", b"OPTIONS ", b"PUT ", b"DELETE ", b"TRACE ")


class Copy(Call):
    """What shadow knows of one exchange. `legacy` is None until its half arrives."""

    __slots__ = (
        "answer", "answer_head", "base", "digest", "exchange", "failure", "held", "is_cut",
        "is_over", "is_settled", "legacy", "pool", "request", "shadow", "size", "slot", "status",
        "ticket",
    )  # fmt: skip

    def __init__(self, shadow: "Replay", pool: "Pool", slot: int, request: Request) -> None:
        head = request.head
        super().__init__(is_head=head.startswith(b"HEAD "), can_retry=head.startswith(_IDEMPOTENT))
        self.shadow = shadow
        self.pool = pool
        self.slot = slot
        self.exchange = request.exchange
        self.request = request
        self.base = 0
        self.ticket = 0
        self.held = OVERHEAD_BYTES + len(head) + len(request.body)
        self.legacy: Side | None = None
        self.status = 0
        self.answer_head = b""
        self.answer: bytes | bytearray = b""
        self.size = 0
        self.digest: blake2b | None = None
        self.failure: Failure | None = None
        self.is_cut = False
        self.is_over = False
        self.is_settled = False

    # -- upstream.Call ---------------------------------------------------------------------

    @override
    def on_connected(self, connection: Connection) -> None:
        self.shadow.send(self, connection)

    @override
    def on_head(self, head: ResponseHead, payload: bytes, is_last: bool) -> None:
        self.status = head.status
        self.answer_head = head.raw
        if is_last and len(payload) <= self.shadow.max_body_bytes:
            self.answer = payload
            self.size = len(payload)
            self.shadow.hold(self, len(head.raw) + len(payload))
            self.shadow.answered(self)
        else:
            self.shadow.hold(self, len(head.raw))
            self.on_data(payload, is_last)

    @override
    def on_data(self, payload: bytes, is_last: bool) -> None:
        if self.is_settled:
            return
        self._keep(payload)
        if self.is_flood:
            self.shadow.flooded(self)
        elif is_last:
            self.shadow.answered(self)

    @override
    def on_failure(self, failure: Failure) -> None:
        self.shadow.broke_off(self, failure)

    # -- the answer's body -----------------------------------------------------------------

    def _keep(self, payload: bytes) -> None:
        shadow = self.shadow
        self.size += len(payload)
        if self.digest is not None:
            self.digest.update(payload)
        elif self.size <= shadow.max_body_bytes:
            if not isinstance(self.answer, bytearray):
                self.answer = bytearray()
            self.answer += payload
            shadow.hold(self, len(payload))
        else:
            self.digest = blake2b(self.answer, digest_size=DIGEST_BYTES)
            self.digest.update(payload)
            shadow.hold(self, -len(self.answer))
            self.answer = b""

    @property
    def is_flood(self) -> bool:
        """So much larger than the cap and legacy's whole answer that it is no answer any more.

        A little larger is a difference, and read to the end: who was finished first must not
        decide between a mismatch and a failure.
        """
        cap = self.shadow.max_body_bytes
        if self.size <= CLEARLY_LARGER * cap:
            return False
        legacy = self.legacy
        return self.size > FLOOD_FACTOR * cap or (
            legacy is not None and not legacy.failure and self.size > 2 * legacy.body_bytes
        )

    @property
    def is_beyond_comparing(self) -> bool:
        """Legacy's own answer is larger than what is read of the candidate's."""
        limit = FLOOD_FACTOR * self.shadow.max_body_bytes
        return self.legacy is not None and self.legacy.body_bytes > limit

    # -- what was observed -----------------------------------------------------------------

    @property
    def wait_us(self) -> int:
        """What getting a connection took."""
        return max(0, (self.written_ns or self.ended_ns) - self.submitted_ns) // 1000

    @property
    def total_us(self) -> int:
        """From request written to last byte; 0 when it was never written."""
        return (self.ended_ns - self.written_ns) // 1000 if self.written_ns else 0

    @property
    def is_whole(self) -> bool:
        """The candidate's answer is complete and all of it is held."""
        return self.failure is None and self.digest is None

    def side(self) -> Side:
        """The candidate's observation, once it is over."""
        failure = self.failure
        if failure is not None and not self.is_cut:
            kind = _FAILURES[failure.kind]
            return Side(kind, 0, 0, 0, self.total_us, 0, b"", b"", self.wait_us)
        flags = FLAG_INCOMPLETE if self.is_cut else 0
        body = self.answer
        if self.digest is not None:
            flags |= FLAG_TRUNCATED
            body = self.digest.digest()
        return Side(
            0, flags, self.status, (self.first_ns - self.written_ns) // 1000, self.total_us,
            self.size, self.answer_head, bytes(body), self.wait_us,
        )  # fmt: skip
