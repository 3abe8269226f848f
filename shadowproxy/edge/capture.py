"""What is kept of a sampled exchange while it passes, and how it is handed over.

    request whole ─► REQUEST frame ─► (legacy answers) ─► RESPONSE frame, or CANCEL

Law: a capture never holds more than its cap and never changes, delays or fails what passes
through; above the cap a body goes on as size and digest. An exchange without a request body whose
answer came in one segment, the usual one, keeps nothing at all.
"""

from hashlib import blake2b
from typing import TYPE_CHECKING

from shadowproxy.core.lifecycle import DropReason
from shadowproxy.core.observing import Failure
from shadowproxy.core.words import FailureKind
from shadowproxy.http1.heads import RequestHead
from shadowproxy.ipc import frames

if TYPE_CHECKING:
    from shadowproxy.edge.edge import Edge

DIGEST_BYTES = 32
_FAILURES = {kind: index + 1 for index, kind in enumerate(FailureKind)}
_DROPS = {reason: index for index, reason in enumerate(DropReason)}


class Kept:
    """A body's pieces, within the cap of one body and the memory of all captures."""

    __slots__ = ("_digest", "_edge", "_pieces", "_reserved", "size")

    def __init__(self, edge: "Edge") -> None:
        self._edge = edge
        self._pieces: list[bytes] = []
        self._reserved = 0
        self._digest: blake2b | None = None
        self.size = 0

    def refusal(self, size: int) -> DropReason | None:
        """Why a further piece of that size cannot be kept; None reserves room for it."""
        if self._reserved + size > self._edge.max_body_bytes:
            return DropReason.BODY_TOO_LARGE
        if not self._edge.reserve(size):
            return DropReason.MEMORY_LIMIT
        self._reserved += size
        return None

    def keep(self, payload: bytes) -> DropReason | None:
        """Keeps a piece, or says why not."""
        if (reason := self.refusal(len(payload))) is None:
            self._pieces.append(payload)
            self.size += len(payload)
        return reason

    def keep_or_digest(self, payload: bytes) -> None:
        """Keeps a piece; from the first that does not fit on, only size and digest."""
        if self._digest is None:
            if self.keep(payload) is None:
                return
            self._digest = blake2b(digest_size=DIGEST_BYTES)
            for piece in self._pieces:
                self._digest.update(piece)
            self.let_go()
        self._digest.update(payload)
        self.size += len(payload)

    def taken(self) -> tuple[int, bytes]:
        """The flags and the body, or FLAG_TRUNCATED and the digest; nothing is held afterwards."""
        body = b"".join(self._pieces)
        self.let_go()
        if self._digest is not None:
            return frames.FLAG_TRUNCATED, self._digest.digest()
        return 0, body

    def let_go(self) -> None:
        """Gives the held bytes back."""
        self._edge.unreserve(self._reserved)
        self._reserved = 0
        self._pieces = []


class Capture:
    """One sampled exchange, as the edge keeps it. `number` is 0 until it was handed over."""

    __slots__ = ("_edge", "_kept", "_slot", "number")

    def __init__(self, edge: "Edge", slot: int) -> None:
        self._edge = edge
        self._slot = slot
        self._kept: Kept | None = None
        self.number = 0

    def keep_request(self, payload: bytes) -> DropReason | None:
        """Keeps a part of the request's body, or says why it cannot be copied."""
        if self._kept is None:
            self._kept = Kept(self._edge)
        return self._kept.keep(payload)

    def hand_over(self, head: RequestHead, wire: bytes, written_ns: int) -> DropReason | None:
        """The request is whole: gives it away, or says why it could not."""
        edge = self._edge
        number = edge.next_number()
        flags = frames.FLAG_CHUNKED if head.chunked else 0
        if head.is_traced:
            flags |= frames.FLAG_TRACED
        body = b""
        if self._kept is not None:
            _, body = self._kept.taken()
            self._kept = None
        channel = edge.exchanges
        frame = frames.pack_request(number, self._slot, flags, written_ns, wire, body)
        if not channel.send(frame, urgent=True):
            return DropReason.CHANNEL_FULL if channel.is_open else DropReason.CHANNEL_DOWN
        self.number = number
        return None

    def keep_answer(self, payload: bytes) -> None:
        """Keeps a part of legacy's body, or, above the cap, its size and digest."""
        if self._kept is None:
            self._kept = Kept(self._edge)
        self._kept.keep_or_digest(payload)

    def finish(self, status: int, first_us: int, total_us: int, head: bytes, last: bytes) -> None:
        """Legacy's answer is whole; `last` is payload not given to `keep_answer` yet.

        A half that does not fit the channel is missed by shadow, which counts it after its
        deadline.
        """
        if not self.number:
            self.let_go()
            return
        flags, size = 0, len(last)
        if self._kept is not None or size > self._edge.max_body_bytes:
            self.keep_answer(last)
            assert self._kept is not None
            size = self._kept.size
            flags, last = self._kept.taken()
        self._edge.exchanges.send(
            frames.pack_answer(
                self.number, flags, status, max(0, first_us), total_us, size, head, last
            )
        )

    def finish_failed(self, failure: Failure, total_us: int) -> None:
        """Legacy gave no whole answer."""
        side = frames.Side(_FAILURES[failure.kind], 0, 0, 0, total_us, 0, b"", b"")
        self._end(frames.pack_response(self.number, side))

    def cancel(self, reason: DropReason) -> None:
        """Legacy's half will not come."""
        self._end(frames.pack_cancel(self.number, _DROPS[reason]))

    def _end(self, frame: bytes) -> None:
        self.let_go()
        if self.number:
            self._edge.exchanges.send(frame)

    def let_go(self) -> None:
        """Gives the held bytes back."""
        if self._kept is not None:
            self._kept.let_go()
            self._kept = None
