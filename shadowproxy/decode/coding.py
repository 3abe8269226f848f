"""Undoing Content-Encoding under caps.

Law: output never exceeds MAX_BYTES, nor RATIO times the input once it is above FREE_BYTES (by
more than one step), and what exceeds them is said to be out of bounds, never cut.
"""

import zlib
from typing import Final

from shadowproxy.decode.bounds import BoundError, UndecodableError

MAX_BYTES: Final = 64 << 20
RATIO: Final = 200
"""Deflate reaches 1,032; repetitive JSON of real services stays below 60."""
FREE_BYTES: Final = 1 << 20
"""Below this the ratio says nothing: 20 bytes of gzip are a legitimate 8 KiB of spaces."""
MAX_CODINGS: Final = 4
"""Nested codings; more than two is already somebody's test."""
MAX_MEMBERS: Final = 64
"""Concatenated gzip members; each costs a copy of what follows it."""

_IDENTITY: Final = frozenset(("", "identity"))
_ZLIB_BITS: Final = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_STEP: Final = 1 << 20


def codings_of(fields: dict[str, list[str]]) -> tuple[str, ...]:
    """The content codings of a head in the order in which they were applied."""
    values = ",".join(fields.get("content-encoding", ()))
    names = (name.strip(" \t").lower() for name in values.split(","))
    return tuple(name for name in names if name not in _IDENTITY)


def undo(body: bytes, codings: tuple[str, ...]) -> bytes:
    """The body without its content codings.

    Raises:
        UndecodableError: broken or truncated.
        BoundError: out of bounds, or a coding that nobody here can undo.
    """
    if len(codings) > MAX_CODINGS:
        raise BoundError("codings")
    for coding in reversed(codings):
        bits = _ZLIB_BITS.get(coding)
        if bits is None:
            raise BoundError(f"coding_{coding}" if coding in _KNOWN else "coding_unknown")
        body = _inflate(body, bits) if body else body
    return body


_KNOWN: Final = frozenset(("br", "zstd", "compress", "dcb", "dcz"))


def _inflate(body: bytes, bits: int) -> bytes:
    try:
        return _inflate_as(body, bits)
    except zlib.error:
        if bits != _ZLIB_BITS["deflate"]:
            raise UndecodableError("broken") from None
    try:
        return _inflate_as(body, -15)  # many servers send deflate without zlib's wrapping
    except zlib.error:
        raise UndecodableError("broken") from None


def _inflate_as(body: bytes, bits: int) -> bytes:
    limit = min(MAX_BYTES, max(FREE_BYTES, RATIO * len(body)))
    out = bytearray()
    for _ in range(MAX_MEMBERS):
        inflater = zlib.decompressobj(bits)
        while not inflater.eof:
            piece = inflater.decompress(body, _STEP)
            out += piece
            if len(out) > limit:
                raise BoundError("inflation")
            body = inflater.unconsumed_tail
            if not piece and not inflater.eof:
                raise UndecodableError("truncated")
        body = inflater.unused_data
        if not body.strip(b"\0"):  # members of a gzip file may be padded
            return bytes(out)
        if bits != _ZLIB_BITS["gzip"]:
            raise UndecodableError("trailing bytes")
    raise BoundError("members")
