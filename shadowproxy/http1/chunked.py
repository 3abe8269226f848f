"""The chunked transfer coding, decoded strictly and in any segmentation (RFC 9112 7.1).

    size ─CRLF─► data ─► data-end ─CRLF─► size ... size 0 ─► trailers ─empty line─► done

Law: the same bytes give the same payload, trailers and error however they are cut.
"""

from enum import IntEnum

from shadowproxy.http1 import grammar
from shadowproxy.http1.names import NEVER_IN_TRAILERS

MAX_LINE_BYTES = 512
"""A size and its extensions; AWS signs chunks in 85 bytes, nobody needs more."""

MAX_OVERHEAD_BYTES = 16 << 10
"""Framing beyond 16 bytes and twice the data of each chunk, summed up (Go's bound): one-byte chunks
pass, a body that is nearly all extensions does not."""

MAX_TRAILERS = 100


class ChunkError(Exception):
    """Not a chunked body; whoever sent it cannot be trusted with the connection."""


class _At(IntEnum):
    SIZE = 0
    DATA = 1
    DATA_END = 2
    TRAILERS = 3
    DONE = 4


class ChunkedDecoder:
    """Feed it segments; it gives payload, and the rest once the body is over."""

    __slots__ = (
        "_at", "_left", "_line", "_max_trailer_bytes", "_overhead", "_trailer_count", "trailers",
    )  # fmt: skip

    def __init__(self, max_trailer_bytes: int = 16 << 10) -> None:
        self._at = _At.SIZE
        self._left = 0
        self._line = b""
        self._max_trailer_bytes = max_trailer_bytes
        self._overhead = 0
        self._trailer_count = 0
        self.trailers = b""
        """Trailer field lines that may travel on, once done."""

    @property
    def is_done(self) -> bool:
        """The last chunk and the trailers have been seen."""
        return self._at is _At.DONE

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """Returns (payload, rest).

        `rest` is what follows the body; it is only ever non-empty when `is_done`.

        Raises:
            ChunkError: the bytes are no chunked body.
        """
        if self._line:
            data, self._line = self._line + data, b""
        pieces: list[bytes] = []
        position = 0
        while position < len(data) and self._at is not _At.DONE:
            if self._at is _At.DATA:
                piece = data[position : position + self._left]
                pieces.append(piece)
                position += len(piece)
                self._left -= len(piece)
                if not self._left:
                    self._at = _At.DATA_END
                continue
            if self._at is _At.SIZE:
                position = self._feed_whole_chunks(data, position, pieces)
            if position < len(data):
                position = self._feed_line(data, position)
        payload = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        return payload, data[position:]

    def _feed_whole_chunks(self, data: bytes, position: int, pieces: list[bytes]) -> int:
        """Takes the plain chunks that are here from end to end, quickly: a segment can hold 43,000."""
        plain_size = grammar.PLAIN_SIZE.match
        while (found := plain_size(data, position)) is not None:
            start = found.end()
            size = int(found[1], 16)
            end = start + size
            if not size or data[end : end + 2] != b"\r\n":
                break
            pieces.append(data[start:end])
            if self._overhead:
                line_bytes = start - 2 - position
                self._overhead = max(0, self._overhead + line_bytes - 14 - 2 * size)
            position = end + 2
        return position

    def _feed_line(self, data: bytes, position: int) -> int:
        """Takes one line, or keeps an unfinished one for the next segment."""
        end = data.find(b"\r\n", position)
        if end < 0:
            self._keep(data[position:])
            return len(data)
        line = data[position:end]
        if self._at is _At.SIZE:
            self._read_size(line)
        elif self._at is _At.DATA_END:
            if line:
                raise ChunkError("chunk data does not end where its size says")
            self._at = _At.SIZE
        else:
            self._read_trailer(line)
        return end + 2

    def _keep(self, line: bytes) -> None:
        limit = self._max_trailer_bytes if self._at is _At.TRAILERS else MAX_LINE_BYTES
        if len(line) > limit:
            raise ChunkError("over-long line")
        if b"\n" in line or b"\r" in line[:-1]:
            raise ChunkError("bare CR or LF")
        if self._at is _At.DATA_END and line not in (b"", b"\r"):
            raise ChunkError("chunk data does not end where its size says")
        if self._at is _At.SIZE and not grammar.CHUNK_LINE_START.fullmatch(line):
            raise ChunkError("bad chunk size")
        self._line = line

    def _read_size(self, line: bytes) -> None:
        match = grammar.CHUNK_LINE.fullmatch(line)
        if match is None or len(line) > MAX_LINE_BYTES:
            raise ChunkError("bad chunk size")
        self._left = int(match.group(1), 16)
        self._at = _At.DATA if self._left else _At.TRAILERS
        self._overhead = max(0, self._overhead + len(line) - 14 - 2 * self._left)
        if self._overhead > MAX_OVERHEAD_BYTES:
            raise ChunkError("more chunk extensions than data")

    def _read_trailer(self, line: bytes) -> None:
        if not line:
            self._at = _At.DONE
            return
        if not grammar.FIELD_BLOCK.fullmatch(line + b"\r\n"):
            raise ChunkError("bad trailer field")
        self._max_trailer_bytes -= len(line) + 2
        self._trailer_count += 1
        if self._max_trailer_bytes < 0 or self._trailer_count > MAX_TRAILERS:
            raise ChunkError("trailers are too large")
        if line.partition(b":")[0].lower() not in NEVER_IN_TRAILERS:
            self.trailers += line + b"\r\n"
