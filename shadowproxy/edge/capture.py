"""What is kept of a sampled exchange while it passes, and how it is handed over.

    request whole ─► REQUEST frame ─► (legacy answers) ─► RESPONSE frame, or CANCEL

Law: a capture never holds more than its cap and never changes, delays or fails what passes
through; above the cap a body goes on as size and digest.
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


class Capture:
    """One sampled exchange, as the edge keeps it."""

    __slots__ = (
        "_digest", "_edge", "_held", "_number", "_pieces", "_request", "_size", "_slot",
        "is_handed_over",
    )  # fmt: skip

    def __init__(self, edge: "Edge", slot: int) -> None:
        self._edge = edge
        self._slot = slot
        self._number = 0
        self.is_handed_over = False
        self._request: list[bytes] = []
        self._pieces: list[bytes] = []
        self._size = 0
        self._held = 0
        self._digest: blake2b | None = None

    def keep_request(self, payload: bytes) -> DropReason | None:
        """Keeps a part of the request's body, or says why it cannot be copied."""
        if self._held + len(payload) > self._edge.max_body_bytes:
            return DropReason.BODY_TOO_LARGE
        if not self._edge.reserve(len(payload)):
            return DropReason.MEMORY_LIMIT
        self._held += len(payload)
        self._request.append(payload)
        return None

    def hand_over(self, head: RequestHead, wire: bytes, written_ns: int) -> DropReason | None:
        """The request is whole: gives it away, or says why it could not."""
        edge = self._edge
        number = edge.next_number()
        flags = (frames.FLAG_CHUNKED if head.chunked else 0) | (
            frames.FLAG_TRACED if head.is_traced else 0
        )
        body = b"".join(self._request) if self._request else b""
        frame = frames.pack_request(number, self._slot, flags, written_ns, wire, body)
        self.let_go()
        self._request = []
        channel = edge.exchanges
        if not channel.send(frame):
            return DropReason.CHANNEL_FULL if channel.is_open else DropReason.CHANNEL_DOWN
        self._number = number
        self.is_handed_over = True
        return None

    def keep_response(self, payload: bytes) -> None:
        """Keeps a part of legacy's body, or, above the cap, its size and digest."""
        size = len(payload)
        self._size += size
        if self._digest is not None:
            self._digest.update(payload)
        elif self._size <= self._edge.max_body_bytes and self._edge.reserve(size):
            self._held += size
            self._pieces.append(payload)
        else:
            self._digest = blake2b(digest_size=DIGEST_BYTES)
            for piece in self._pieces:
                self._digest.update(piece)
            self._digest.update(payload)
            self.let_go()
            self._pieces = []

    def finish(self, status: int, first_us: int, total_us: int, head: bytes, last: bytes) -> None:
        """Legacy's answer is whole; `last` is payload not given to `keep_response` yet."""
        if last and (self._pieces or self._size or len(last) > self._edge.max_body_bytes):
            self.keep_response(last)
            last = b""
        flags = 0
        if self._digest is not None:
            flags, body = frames.FLAG_TRUNCATED, self._digest.digest()
        else:
            body = b"".join(self._pieces) if self._pieces else last
            self._size = len(body)
        side = frames.Side(0, flags, status, first_us, total_us, self._size, head, body)
        self._send(frames.pack_response(self._number, side))

    def finish_failed(self, failure: Failure, total_us: int) -> None:
        """Legacy gave no whole answer."""
        side = frames.Side(_FAILURES[failure.kind], 0, 0, 0, total_us, 0, b"", b"")
        self._send(frames.pack_response(self._number, side))

    def cancel(self, reason: DropReason) -> None:
        """Legacy's half will not come."""
        self._send(frames.pack_cancel(self._number, _DROPS[reason]))

    def _send(self, frame: bytes) -> None:
        """A half that does not fit is missed by shadow, which counts it after its deadline."""
        self.let_go()
        self._pieces = []
        if self.is_handed_over:
            self._edge.exchanges.send(frame)

    def let_go(self) -> None:
        """Gives the held bytes back."""
        self._edge.unreserve(self._held)
        self._held = 0
