"""One request to one backend and what is kept of the answer: head, body or its digest, times.

    submitted ─► sent ─► answered | broke off | flooded, or given up by the owner: over

Laws: at most `max_body_bytes` of an answer are held, above that its size and digest; reading stops
as soon as the answer cannot be told from a flood; nothing is kept once the call is over.
"""

import os
from abc import ABC, abstractmethod
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from shadowproxy.core.observing import Failure
from shadowproxy.core.overriding import override
from shadowproxy.core.words import FailureKind
from shadowproxy.http1.heads import ResponseHead
from shadowproxy.ipc.frames import FLAG_INCOMPLETE, FLAG_TRACED, FLAG_TRUNCATED, Request, Side
from shadowproxy.shadow.marking import TRACE_ENTROPY_BYTES, Marking
from shadowproxy.upstream.call import Call
from shadowproxy.upstream.connection import Connection

if TYPE_CHECKING:
    from shadowproxy.shadow.breaker import Breaker
    from shadowproxy.upstream.pool import Pool

OVERHEAD_BYTES: Final = 2048
"""What a call costs besides its bytes: this object, dictionary entries."""

DIGEST_BYTES: Final = 32
FLOOD_FACTOR: Final = 64
"""An answer is read for its digest up to this many times `max_body` (64 MiB by default)."""

CLEARLY_LARGER: Final = 4
"""Times `max_body`, and more than twice legacy's: from there on nothing more is read."""

_FAILURES: Final = {kind: index + 1 for index, kind in enumerate(FailureKind)}
_IDEMPOTENT: Final = (b"GET ", b"HEAD ", b"OPTIONS ", b"PUT ", b"DELETE ", b"TRACE ")
_SAFE: Final = (b"GET ", b"HEAD ", b"OPTIONS ")


def is_safe(head: bytes) -> bool:
    """The request may be repeated: nobody pays, gets mail or is deleted (RFC 9110 9.2.1).

    TRACE is safe as well, and nobody serves it.
    """
    return head.startswith(_SAFE)


class Asking(Call, ABC):
    """What is known of one call. Its owner is told by the callbacks that are left to override."""

    __slots__ = (
        "answer", "answer_head", "breaker", "digest", "failure", "held", "is_cut", "is_over",
        "max_body_bytes", "pool", "request", "size", "status", "ticket",
    )  # fmt: skip

    def __init__(
        self, pool: "Pool", breaker: "Breaker", request: Request, max_body_bytes: int
    ) -> None:
        head = request.head
        super().__init__(is_head=head.startswith(b"HEAD "), can_retry=head.startswith(_IDEMPOTENT))
        self.pool = pool
        self.breaker = breaker
        self.ticket = 0
        self.request = request
        self.max_body_bytes = max_body_bytes
        self.held = OVERHEAD_BYTES
        self.status = 0
        self.answer_head = b""
        self.answer: bytes | bytearray = b""
        self.size = 0
        self.digest: blake2b | None = None
        self.failure: Failure | None = None
        self.is_cut = False
        """The deadline ended the answer, and nobody is to blame."""
        self.is_over = False

    @abstractmethod
    def hold(self, size: int) -> None:
        """Accounts for bytes that are held, or given back; may end the call."""

    @abstractmethod
    def legacy_bytes(self) -> int | None:
        """The size of the answer that the user got to the same request, if that is known."""

    @abstractmethod
    def on_answered(self) -> None:
        """The answer is whole."""

    @abstractmethod
    def on_flooded(self) -> None:
        """The answer is larger than it is worth reading; the call is still under way."""

    def write_to(self, connection: Connection, marking: Marking) -> None:
        """Sends the request with the mark, in one write."""
        request = self.request
        entropy = os.urandom(TRACE_ENTROPY_BYTES) if request.flags & FLAG_TRACED else b""
        head = marking.head_of_copy(request.head, request.flags, len(request.body), entropy)
        connection.write(head + request.body if request.body else head)
        connection.request_done()

    def expire(self, now_ns: int) -> None:
        """Ends a call whose deadline passed without a connection, whose clock would have ended it."""
        if not self.is_over and now_ns > self.deadline_ns:
            self.pool.cancel(self)
            self.ended_ns = now_ns
            self.on_failure(
                Failure(FailureKind.CONNECT_TIMEOUT, "connect", "no connection in time")
            )

    @override
    def on_head(self, head: ResponseHead, payload: bytes, is_last: bool) -> None:
        self.status = head.status
        self.answer_head = head.raw
        if is_last and len(payload) <= self.max_body_bytes:
            self.answer = payload
            self.size = len(payload)
            self.hold(len(head.raw) + len(payload))
            self.on_answered()
        else:
            self.hold(len(head.raw))
            self.on_data(payload, is_last)

    @override
    def on_data(self, payload: bytes, is_last: bool) -> None:
        if self.is_over:
            return
        self._keep(payload)
        if self.is_flood:
            self.on_flooded()
        elif is_last:
            self.on_answered()

    def _keep(self, payload: bytes) -> None:
        self.size += len(payload)
        if self.digest is not None:
            self.digest.update(payload)
        elif self.size <= self.max_body_bytes:
            if not isinstance(self.answer, bytearray):
                self.answer = bytearray()
            self.answer += payload
            self.hold(len(payload))
        else:
            self.digest = blake2b(self.answer, digest_size=DIGEST_BYTES)
            self.digest.update(payload)
            self.hold(-len(self.answer))
            self.answer = b""

    @property
    def is_flood(self) -> bool:
        """So much larger than the cap and legacy's whole answer that it is no answer any more.

        A little larger is a difference, and read to the end: who was finished first must not
        decide between a mismatch and a failure.
        """
        cap = self.max_body_bytes
        if self.size <= CLEARLY_LARGER * cap:
            return False
        legacy_bytes = self.legacy_bytes()
        return self.size > FLOOD_FACTOR * cap or (
            legacy_bytes is not None and self.size > 2 * legacy_bytes
        )

    def too_large(self) -> Failure:
        """What a flood is."""
        return Failure(FailureKind.TOO_LARGE, "body", f"more than {self.size} bytes")

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
        """The answer is complete and all of it is held."""
        return self.failure is None and self.digest is None

    def side(self) -> Side:
        """The observation, once the call is over."""
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
