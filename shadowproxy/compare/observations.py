"""What the comparer is given of each backend."""

from collections.abc import Iterable
from typing import NamedTuple

from shadowproxy.core.words import FailureKind


class Observation(NamedTuple):
    """What one backend did with one request: a response, or a `failure` and nothing else.

    `head` runs from the status line to the empty line. `body` has no transfer coding, but still
    its content coding; when `is_digest` it is the BLAKE2b-256 digest of `body_bytes` bytes instead,
    and when `is_cut` the deadline ended it before its last byte.
    """

    failure: FailureKind | None = None
    status: int = 0
    head: bytes = b""
    body: bytes = b""
    body_bytes: int = 0
    is_digest: bool = False
    is_cut: bool = False


DIGEST_BYTES = 32
"""Of the digest that stands for a body above the cap."""


def response(
    body: bytes,
    content_type: str | None = None,
    status: int = 200,
    fields: Iterable[tuple[str, str]] = (),
) -> Observation:
    """A whole response as an observation.

    `body` is as it was received but for its transfer coding: a body that is compressed has its
    Content-Encoding among `fields`, which are (name, value) pairs. Without `content_type` the body is
    JSON if it looks like it, else opaque.
    """
    lines = [f"HTTP/1.1 {status} ", *(f"{name}: {value}" for name, value in fields)]
    if content_type is not None:
        lines.append(f"Content-Type: {content_type}")
    head = "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")
    return Observation(None, status, head, body, len(body))
