"""What stops decoding, and the limits that several decoders share.

Law: what is over a limit is said to be so, never cut and never called equal.
"""

from typing import Final

MAX_DEPTH: Final = 1000
"""Nesting above this counts as undecodable."""

MAX_NODES: Final = 200_000
"""Values in one body: both sides as objects then stay below 64 MiB (117 bytes for a member of an
object with its name) and are walked within 250 ms."""


MAX_BYTES: Final = 8 << 20
"""Of a body that is decoded: as texts, both take seven times as much with all copies."""
MAX_WIDE_BYTES: Final = 4 << 20
"""If one character may make all of a text take four bytes a character."""


class UndecodableError(Exception):
    """These bytes are not what they are declared to be."""


class BoundError(Exception):
    """A bound was reached before the end; the text is the reason of an incomparable exchange."""

    @property
    def reason(self) -> str:
        """One word for the log and the page."""
        return str(self)


def require_size(body: bytes) -> None:
    """Refuses what cannot be decoded in time and memory.

    Raises:
        BoundError: there is too much.
    """
    if len(body) > MAX_WIDE_BYTES and (
        len(body) > MAX_BYTES or not body.isascii() or b"\\u" in body
    ):
        raise BoundError("size")
