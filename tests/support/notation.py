r"""How data files write bytes down.

A string is Latin-1: `"GET / HTTP/1.1\r\n"`, one character a byte. A list is its items joined;
`{"repeat": NOTATION, "times": N}` is an item for what is too long to write, `{"gzip": NOTATION}` is
compressed, and ends `"cut"` bytes early.
"""

import gzip
from typing import Any


def to_bytes(notation: Any) -> bytes:
    """The bytes that a notation stands for.

    Raises:
        ValueError: it is no notation.
    """
    match notation:
        case str():
            return notation.encode("latin-1")
        case list():
            return b"".join(map(to_bytes, notation))
        case {"repeat": repeated, "times": int(times), **rest} if not rest:
            return to_bytes(repeated) * times
        case {"gzip": plain, **rest} if set(rest) <= {"cut"}:
            packed = gzip.compress(to_bytes(plain), mtime=0)
            cut: Any = rest.get("cut", 0)
            return packed[: len(packed) - cut]
        case _:
            raise ValueError(f"not bytes: {notation!r}")
