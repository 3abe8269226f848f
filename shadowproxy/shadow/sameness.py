"""Pairs that need no judge: the same status, body and head but for what never counts.

Laws: what is called the same here, the comparer calls a match; anything less simple is left to it,
and so is the first answer of another version of the candidate, for the judge to learn of it.
Equal heads cost 0.1 µs, heads that differ in their dates 2 µs; the judge needs 100 µs and a frame.
"""

import re
from typing import Final

from shadowproxy.compare.headers import IGNORED, PRESENCE_ONLY
from shadowproxy.compare.ruleset import Rules
from shadowproxy.ipc.frames import FLAG_INCOMPLETE, Side

_NEEDS_A_LOOK: Final = {"connection", "content-encoding", "content-type", "set-cookie"}
"""Connection may name other fields, a coding or type says how to read the body."""


class Sameness:
    """The fields of one configuration that may differ."""

    __slots__ = ("_ignored", "_presence_only", "_version", "_version_field")

    def __init__(self, rules: Rules, version_header: str = "") -> None:
        self._version: bytes | None = None
        name = re.escape(version_header.encode())
        self._version_field = (
            re.compile(rb"(?i)\r\n" + name + rb":([^\r]*)") if version_header else None
        )
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
            and (self._version_field is None or self._is_known(self._version_field, head))
        )

    def _is_known(self, field: re.Pattern[bytes], head: bytes) -> bool:
        """Whether the version is the one that the judge was told of last."""
        found = field.search(head)
        version = None if found is None else found[1]
        is_known = version == self._version
        self._version = version
        return is_known

    def _are_alike(self, legacy: bytes, candidate: bytes) -> bool:
        left, right = legacy.split(b"\r\n"), candidate.split(b"\r\n")
        if len(left) != len(right):
            left, right = self._without_ignored(left), self._without_ignored(right)
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

    def _without_ignored(self, lines: list[bytes]) -> list[bytes]:
        """What is ignored may be on one side alone, as the candidate's version is."""
        return [line for line in lines if line.partition(b":")[0].lower() not in self._ignored]


def _encoded(names: frozenset[str] | set[str]) -> frozenset[bytes]:
    return frozenset(name.encode() for name in names)
