"""Heads as values: what the rest of the proxy needs to know of a request or an answer."""

from shadowproxy.core.words import Refusal
from shadowproxy.http1.fields import Fields


class HeadError(Exception):
    """A request head that must not pass: why, and the status that says so."""

    def __init__(self, refusal: Refusal, status: int, detail: str) -> None:
        super().__init__(detail)
        self.refusal = refusal
        self.status = status
        self.detail = detail


class AnswerError(Exception):
    """A response head that must not pass: the user gets 502."""


class RequestHead:
    """One request head. `raw` runs from the request line to the empty line.

    `length` is the Content-Length or None, `names` the lower-case names that Connection lists.
    `forwarded` says which X-Forwarded-* were seen (1 For, 2 Proto, 4 Host); `special` is True when
    a field other than Connection must be dropped or rewritten before the head can be forwarded.
    """

    __slots__ = (
        "chunked", "coded", "expects", "fields", "forwarded", "has_upgrade", "host", "is_marked",
        "is_traced", "keep_alive", "length", "method", "minor", "names", "raw", "special",
        "target",
    )  # fmt: skip

    def __init__(self, raw: bytes, method: bytes, target: bytes, minor: int, fields: Fields):
        self.raw = raw
        self.method = method
        self.target = target
        self.minor = minor
        self.fields = fields
        self.host: bytes | None = None
        self.length: int | None = None
        self.chunked = False
        self.coded = False
        self.names: tuple[bytes, ...] = ()
        self.keep_alive = minor == 1
        self.expects = False
        self.has_upgrade = False
        self.is_marked = False
        self.is_traced = False
        self.forwarded = 0
        self.special = False

    @property
    def has_body(self) -> bool:
        """A body follows (`Content-Length: 0` has none)."""
        return self.chunked or bool(self.length)


class ResponseHead:
    """One response head. `raw` runs from the status line to the empty line, as received."""

    __slots__ = (
        "chunked", "coded", "content_length", "fields", "keep_alive", "minor", "names", "raw",
        "reason", "special", "status",
    )  # fmt: skip

    def __init__(self, raw: bytes, status: int, reason: bytes, minor: int, fields: Fields):
        self.raw = raw
        self.status = status
        self.reason = reason
        self.minor = minor
        self.fields = fields
        self.content_length: int | None = None
        self.chunked = False
        self.coded = False
        self.names: tuple[bytes, ...] = ()
        self.keep_alive = minor == 1
        self.special = minor == 0
