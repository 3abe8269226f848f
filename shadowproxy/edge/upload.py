"""A request's body on its way through: framed strictly, sent on in the framing it came with."""

from typing import NamedTuple

from shadowproxy.http1.chunked import ChunkedDecoder
from shadowproxy.http1.heads import RequestHead


class Passed(NamedTuple):
    """What one segment came to: the payload, what to send on, what belongs to the next request."""

    payload: bytes
    wire: bytes
    rest: bytes
    is_last: bool


class Upload:
    """Counts a Content-Length down, or decodes chunks."""

    __slots__ = ("_decoder", "_left")

    def __init__(self, head: RequestHead) -> None:
        self._left = head.length or 0
        self._decoder = ChunkedDecoder() if head.chunked else None

    def feed(self, data: bytes) -> Passed:
        """Takes a segment.

        Raises:
            ChunkError: the bytes are no chunked body.
        """
        if self._decoder is not None:
            return self._feed_chunked(self._decoder, data)
        left = self._left - len(data)
        if left >= 0:
            self._left = left
            return Passed(data, data, b"", left == 0)
        self._left = 0
        return Passed(data[:left], data[:left], data[left:], True)

    def _feed_chunked(self, decoder: ChunkedDecoder, data: bytes) -> Passed:
        payload, rest = decoder.feed(data)
        wire = chunk(payload) if payload else b""
        if decoder.is_done:
            wire += last_chunk(decoder.trailers)
        return Passed(payload, wire, rest, decoder.is_done)


def chunk(payload: bytes) -> bytes:
    """One chunk; the payload must not be empty."""
    return b"%x\r\n%b\r\n" % (len(payload), payload)


def last_chunk(trailers: bytes) -> bytes:
    """The end of a chunked body."""
    return b"0\r\n%b\r\n" % trailers
