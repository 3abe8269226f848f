"""The head of a copy: legacy's head with the mark that this is a shadow.

Laws: a copy always carries `X-Shadow: NAME` and `baggage: shadow=NAME`, the name of the backend it
is for; Host, framing and the mark are out of the policy's reach; nothing of the original's trace
is continued.
"""

import re
from typing import Final

from shadowproxy.core.settings import ShadowSettings
from shadowproxy.core.words import Backend
from shadowproxy.ipc.frames import FLAG_CHUNKED, FLAG_TRACED

_OUT_OF_REACH: Final = frozenset(
    (b"host", b"content-length", b"transfer-encoding", b"connection", b"x-shadow")
)
"""Names that `shadow.headers` cannot touch."""

_NEVER_COPIED: Final = frozenset((b"expect", b"x-shadow", b"x-shadow-of", b"tracestate"))
"""Expect: the copy's body is at hand, so there is nothing to wait for. The rest is rewritten."""

_FRAMING: Final = frozenset((b"transfer-encoding", b"trailer"))

_TRACEPARENT: Final = re.compile(rb"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})")
"""W3C Trace Context, level 1; what does not look like this is not a trace and is left out."""

TRACE_ENTROPY_BYTES: Final = 24
"""For a new trace id (16) and a new parent id (8)."""


class Marking:
    """What the configuration does to the heads of copies for one backend."""

    __slots__ = ("_baggage", "_mark", "_removed", "_set", "_suffix", "_touches_all")

    def __init__(self, settings: ShadowSettings, backend: Backend = Backend.CANDIDATE) -> None:
        self._mark = b"X-Shadow: %b\r\n" % backend.encode()
        self._baggage = b"shadow=%b" % backend.encode()
        fields = [(name.encode(), _clean(value)) for name, value in settings.set_headers]
        fields = [(name, value) for name, value in fields if name.lower() not in _OUT_OF_REACH]
        removed = {name.lower().encode() for name in settings.remove_headers}
        self._removed = (removed | {name.lower() for name, _ in fields}) - _OUT_OF_REACH
        self._set = b"".join(b"%b: %b\r\n" % field for field in fields)
        self._touches_all = bool(self._removed)
        self._suffix = b"%bbaggage: %b\r\n%b\r\n" % (self._mark, self._baggage, self._set)

    def head_of_copy(self, head: bytes, flags: int, body_bytes: int, entropy: bytes) -> bytes:
        """The head to send; `entropy` is TRACE_ENTROPY_BYTES random ones, used when traced."""
        if flags or body_bytes or self._touches_all or b"xpect:" in head or b"XPECT:" in head:
            return self._rewrite(head, flags, body_bytes, entropy)
        return head[:-2] + self._suffix

    def _rewrite(self, head: bytes, flags: int, body_bytes: int, entropy: bytes) -> bytes:
        request_line, *lines = head[:-4].split(b"\r\n")
        kept = [request_line]
        baggage: list[bytes] = []
        traces: list[bytes] = []
        dropped = _NEVER_COPIED | self._removed | (_FRAMING if flags & FLAG_CHUNKED else set())
        for line in lines:
            name, _, value = line.partition(b":")
            name = name.lower()
            if name in dropped:
                continue
            if name == b"baggage":
                baggage += _members(value)
            elif name == b"traceparent":
                traces.append(value.strip(b" \t"))
            else:
                kept.append(line)
        if flags & FLAG_CHUNKED:
            kept.append(b"Content-Length: %d" % body_bytes)
        if flags & FLAG_TRACED:
            kept += _own_trace(traces, entropy)
        members = b",".join([*baggage, self._baggage])
        kept.append(b"%bbaggage: %b\r\n%b\r\n" % (self._mark, members, self._set))
        return b"\r\n".join(kept)


def flags_of(head: bytes) -> int:
    """The flags of a head that comes without any; what is not there needs no rewriting."""
    is_chunked = b"\r\ntransfer-encoding:" in head.lower()
    return FLAG_TRACED | (FLAG_CHUNKED if is_chunked else 0)


def _members(value: bytes) -> list[bytes]:
    """The list members of a baggage field but those that speak for us."""
    members = (member.strip(b" \t") for member in value.split(b","))
    return [
        member for member in members if member and member.partition(b"=")[0].strip() != b"shadow"
    ]


def _own_trace(traces: list[bytes], entropy: bytes) -> list[bytes]:
    """A trace of the copy's own that names the original, if the original had exactly one."""
    match = _TRACEPARENT.fullmatch(traces[0]) if len(traces) == 1 else None
    if match is None:
        return []
    trace, parent = entropy[:16].hex().encode(), entropy[16:24].hex().encode()
    own = b"traceparent: 00-%b-%b-%b" % (trace, parent, match[2])
    return [b"X-Shadow-Of: " + match[1], own]


def _clean(value: str) -> bytes:
    """A field value: a line break in it would be another field."""
    return re.sub(r"[\x00-\x1f\x7f]", " ", value).encode("latin-1", "replace")
