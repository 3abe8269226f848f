"""Pairs that need no judge: the same status, body and head but for what never counts.

Law: what is called the same here, the comparer calls a match; anything less simple is left to it.
Equal heads cost 0.1 µs, heads that differ in their dates 2 µs; the judge needs 100 µs and a frame.
"""

from typing import Final

from shadowproxy.compare.headers import IGNORED, PRESENCE_ONLY
from shadowproxy.compare.ruleset import Rules
from shadowproxy.ipc.frames import FLAG_INCOMPLETE, Side

_NEEDS_A_LOOK: Final = {"connection", "content-encoding", "content-type", "set-cookie"}
"""Connection may name other fields, a coding or type says how to read the body."""


class Sameness:
    """The fields of one configuration that may differ."""

    __slots__ = ("_ignored", "_presence_only")

    def __init__(self, rules: Rules) -> None:
        self._ignored = _encoded((IGNORED | rules.ignored_headers) - _NEEDS_A_LOOK)
        self._presence_only = _encoded(PRESENCE_ONLY - rules.ignored_headers - _NEEDS_A_LOOK)

    def holds(self, legacy: Side, candidate: Side) -> bool:
        """True: certainly a match. False: somebody has to look."""
        return (
            legacy.flags == candidate.flags
            and legacy.body_bytes == candidate.body_bytes
            and not candidate.failure
            and not legacy.flags & FLAG_INCOMPLETE
            and self.holds_for(legacy, candidate.status, candidate.head, candidate.body)
        )

    def holds_for(self, legacy: Side, status: int, head: bytes, body: bytes | bytearray) -> bool:
        """The same for a candidate's whole answer and a legacy answer of the same flags."""
        return (
            legacy.status == status
            and legacy.body == body
            and not legacy.failure
            and (legacy.head == head or self._are_alike(legacy.head, head))
        )

    def _are_alike(self, legacy: bytes, candidate: bytes) -> bool:
        left, right = legacy.split(b"\r\n"), candidate.split(b"\r\n")
        if len(left) != len(right):
            return False
        for ours, theirs in zip(left, right, strict=True):
            if ours != theirs:
                name, other = ours.partition(b":")[0].lower(), theirs.partition(b":")[0].lower()
                if name in self._ignored:
                    if other not in self._ignored:
                        return False
                elif name != other or name not in self._presence_only:
                    return False
        return True


def _encoded(names: frozenset[str] | set[str]) -> frozenset[bytes]:
    return frozenset(name.encode() for name in names)
