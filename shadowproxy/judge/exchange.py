"""A pair as the judge reads it: who asked what, and the observations."""

import re
from hashlib import blake2b
from typing import Final

from shadowproxy.compare.observations import Observation
from shadowproxy.core.words import FailureKind
from shadowproxy.ipc.frames import FLAG_INCOMPLETE, FLAG_TRUNCATED, Pair, Side

_FAILURES: Final = tuple(FailureKind)
_REQUEST_ID: Final = re.compile(rb"(?im)^x-request-id:[ \t]*([\w.:/+=@-]{1,128})[ \t]*\r?$")
"""An identifier of another shape is not repeated: it would be a user's text in every log line."""

SAFE_METHODS: Final = frozenset(("GET", "HEAD", "OPTIONS"))
"""Asking once more changes nothing (RFC 9110 9.2.1)."""


def observation_of(side: Side) -> Observation:
    """What the comparer is given."""
    if side.failure:
        return Observation(_FAILURES[side.failure - 1])
    return Observation(
        None, side.status, side.head, side.body, side.body_bytes,
        bool(side.flags & FLAG_TRUNCATED), bool(side.flags & FLAG_INCOMPLETE),
    )  # fmt: skip


class Exchange:
    """One pair. `request_id` is the user's X-Request-Id or, without one, made from the exchange.

    `witness` is what legacy said when it was asked once more at the same moment.
    """

    __slots__ = ("candidate", "legacy", "method", "pair", "target", "witness")

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.legacy = observation_of(pair.legacy)
        self.candidate = observation_of(pair.candidate)
        self.witness = None if pair.witness is None else observation_of(pair.witness)
        line = pair.request_head.partition(b"\r\n")[0].decode("latin-1").split(" ")
        self.method = line[0]
        self.target = line[1] if len(line) > 1 else ""

    @property
    def request_id(self) -> str:
        """For finding the request in other logs."""
        pair = self.pair
        found = _REQUEST_ID.search(pair.request_head)
        if found is not None:
            return found[1].decode("ascii", "replace")
        made = blake2b(b"%d" % pair.started_ns + pair.request_head, digest_size=8)
        return made.hexdigest()
