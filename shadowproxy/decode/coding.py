"""Undoing Content-Encoding under caps.

    body ─► slices ─► inflater of the coding ─► pieces of at most _STEP ─► caps ─► next coding

Law: at every moment the output is at most what it may be and, above FREE_BYTES, at most RATIO times
the input read so far (by no more than one piece): a bomb costs a few MiB, whatever it declares. What
exceeds the caps is said to be out of bounds, never cut.
"""

import io
import zlib
from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from shadowproxy.decode import bounds
from shadowproxy.decode.bounds import BoundError, UndecodableError

MAX_BYTES: Final = 64 << 20
"""Of both bodies of a comparison together."""
RATIO: Final = 200
"""Deflate reaches 1,032, brotli and zstd a million; repetitive JSON of real services stays below
60."""
FREE_BYTES: Final = 1 << 20
"""Below this the ratio says nothing: 20 bytes of gzip are a legitimate 8 KiB of spaces."""
MAX_CODINGS: Final = 4
"""Nested codings; more than two is already somebody's test."""
MAX_MEMBERS: Final = 64
"""Concatenated gzip members or zstd frames; each costs an inflater of its own."""
MAX_WINDOW_BYTES: Final = 8 << 20
"""Of zstd: RFC 9659 forbids a larger one in this coding. A brotli window is never above 16 MiB."""

_IDENTITY: Final = frozenset(("", "identity"))
_STEP: Final = 256 << 10
"""Largest piece of output."""
_SLICE: Final = 4 << 10
"""Input that counts as read when its first byte is: 800 KiB of output by the ratio."""
_ZSTD_SLICE: Final = 128
"""zstandard cannot be told how much to put out: at most 128 KiB for 4 bytes, so 4 MiB for these.
Costs 12 ms for 1 MiB of input."""

Piece = tuple[bytes, int]
"""Output, and how much of the input has been read by then."""


def codings_of(fields: dict[str, list[str]]) -> tuple[str, ...]:
    """The content codings of a head in the order in which they were applied."""
    if "content-encoding" not in fields:
        return ()
    values = ",".join(fields["content-encoding"])
    names = (name.strip(" \t").lower() for name in values.split(","))
    return tuple(name for name in names if name not in _IDENTITY)


class Large(NamedTuple):
    """In place of a body that is larger than anything that is decoded; `digest` is BLAKE2b-256."""

    size: int
    digest: bytes

    @classmethod
    def of(cls, body: bytes) -> "Large":
        """The same of a body that is here."""
        return cls(len(body), blake2b(body, digest_size=32).digest())


def undo(body: bytes, codings: tuple[str, ...], most: int = MAX_BYTES) -> bytes:
    """The body without its content codings, of which none gives more than `most` bytes.

    Raises:
        UndecodableError: broken or truncated.
        BoundError: out of bounds, or a coding that nobody here can undo.
    """
    plain = undo_or_digest(body, codings, most)
    if isinstance(plain, Large):
        raise BoundError("size")
    return plain


def undo_or_digest(body: bytes, codings: tuple[str, ...], most: int = MAX_BYTES) -> bytes | Large:
    """The body without its content codings, of which none gives more than `most` bytes.

    What is larger than bounds.MAX_BYTES is not kept: nobody decodes it.

    Raises:
        UndecodableError: broken or truncated.
        BoundError: out of bounds, or a coding that nobody here can undo.
    """
    if len(codings) > MAX_CODINGS:
        raise BoundError("codings")
    plain: bytes | Large = body
    for coding in reversed(codings):
        inflate = _INFLATE.get(coding)
        if inflate is None:
            raise BoundError(f"coding_{coding}" if coding in _FOREIGN else "coding_unknown")
        if isinstance(plain, Large):
            raise BoundError("size")  # it is compressed once more, and was not kept
        plain = inflate(plain, most) if plain else plain
    return plain


_FOREIGN: Final = frozenset(("compress", "dcb", "dcz"))
"""Registered codings that need history (LZW) or a dictionary that nobody here has."""


def _collect(pieces: Iterator[Piece], most: int) -> bytes | Large:
    out = io.BytesIO()  # gives its bytes away without a copy, which a bytearray does not
    size, digest = 0, None
    for piece, read in pieces:
        size += len(piece)
        if size > most or size > max(FREE_BYTES, RATIO * read):
            raise BoundError("inflation")
        if size > bounds.MAX_BYTES and digest is None:
            digest = blake2b(out.getbuffer(), digest_size=32)
            out = io.BytesIO()
        if digest is None:
            out.write(piece)
        else:
            digest.update(piece)
    return out.getvalue() if digest is None else Large(size, digest.digest())


def _gunzip(body: bytes, most: int) -> bytes | Large:
    try:
        return _collect(_zlib_pieces(body, 31, MAX_MEMBERS), most)
    except zlib.error:
        raise UndecodableError("broken") from None


def _inflate(body: bytes, most: int) -> bytes | Large:
    try:
        return _collect(_zlib_pieces(body, 15, 1), most)
    except zlib.error:
        pass
    try:
        return _collect(
            _zlib_pieces(body, -15, 1), most
        )  # many servers send it without zlib's wrapping
    except zlib.error:
        raise UndecodableError("broken") from None


def _zlib_pieces(body: bytes, bits: int, members: int) -> Iterator[Piece]:
    view, read = memoryview(body), 0
    for _ in range(members):
        inflater = zlib.decompressobj(bits)
        tail = b""
        while not inflater.eof:
            fed = tail or view[read : read + _SLICE]
            read += 0 if tail else len(fed)
            piece = inflater.decompress(fed, _STEP)
            tail = inflater.unconsumed_tail
            if not (fed or piece or inflater.eof):
                raise UndecodableError("truncated")
            yield piece, read
        read -= len(inflater.unused_data)
        if not body[read:].strip(b"\0"):  # members of a gzip file may be padded
            return
    raise BoundError("members") if members > 1 else UndecodableError("trailing bytes")


def _unbrotli(body: bytes, most: int) -> bytes | Large:
    import brotli

    try:
        return _collect(_brotli_pieces(body, brotli.Decompressor()), most)
    except brotli.error:
        raise UndecodableError("broken") from None


def _brotli_pieces(body: bytes, decoder: Any) -> Iterator[Piece]:
    view, read = memoryview(body), 0
    while not decoder.is_finished():
        fed = view[read : read + _SLICE] if decoder.can_accept_more_data() else view[:0]
        read += len(fed)
        piece = decoder.process(fed, output_buffer_limit=_STEP)
        if not fed and not piece:
            raise UndecodableError("truncated")
        yield piece, read
    if read < len(body):
        raise UndecodableError("trailing bytes")


def _unzstd(body: bytes, most: int) -> bytes | Large:
    import zstandard

    decompressor = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES)
    try:
        return _collect(_zstd_pieces(body, decompressor.decompressobj), most)
    except zstandard.ZstdError as error:
        if "too much memory" in str(error):
            raise BoundError("window") from None
        raise UndecodableError("broken") from None


def _zstd_pieces(body: bytes, open_frame: Callable[[], Any]) -> Iterator[Piece]:
    view, read = memoryview(body), 0
    for _ in range(MAX_MEMBERS):
        frame = open_frame()
        while not frame.eof:
            fed = view[read : read + _ZSTD_SLICE]
            if not fed:
                raise UndecodableError("truncated")
            read += len(fed)
            yield frame.decompress(fed), read
        read -= len(frame.unused_data)
        if read == len(body):
            return
    raise BoundError("members")


_INFLATE: Final[dict[str, Callable[[bytes, int], bytes | Large]]] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _inflate,
    "br": _unbrotli,
    "zstd": _unzstd,
}
