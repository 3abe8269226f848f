"""Field names that the proxy has to know, as small codes; every other field just passes.

The code of a name is looked up by its spelling, learned once: `Connection` and `connection` cost
one dictionary access each (30 ns) instead of a `lower()` per field and request.
"""

from enum import IntEnum
from typing import Final


class Known(IntEnum):
    """Why the proxy looks at a field; PLAIN fields are only carried."""

    PLAIN = 0
    HOST = 1
    LENGTH = 2
    CODING = 3
    CONNECTION = 4
    HOP = 5
    UPGRADE = 6
    EXPECT = 7
    FORWARDED_FOR = 8
    FORWARDED_PROTO = 9
    FORWARDED_HOST = 10
    TRACE = 11
    SHADOW_MARK = 12
    BAGGAGE = 13


_CODES: Final[dict[bytes, Known]] = {
    b"host": Known.HOST,
    b"content-length": Known.LENGTH,
    b"transfer-encoding": Known.CODING,
    b"connection": Known.CONNECTION,
    b"keep-alive": Known.HOP,
    b"proxy-connection": Known.HOP,
    b"proxy-authenticate": Known.HOP,
    b"proxy-authorization": Known.HOP,
    b"te": Known.HOP,
    b"http2-settings": Known.HOP,
    b"upgrade": Known.UPGRADE,
    b"expect": Known.EXPECT,
    b"x-forwarded-for": Known.FORWARDED_FOR,
    b"x-forwarded-proto": Known.FORWARDED_PROTO,
    b"x-forwarded-host": Known.FORWARDED_HOST,
    b"baggage": Known.BAGGAGE,
    b"traceparent": Known.TRACE,
    b"tracestate": Known.TRACE,
    b"x-shadow-of": Known.TRACE,
    b"x-shadow": Known.SHADOW_MARK,
}

MAX_SPELLINGS = 4096
"""Spellings remembered; a client that invents names beyond that pays for its own look-ups."""


class _Spellings(dict[bytes, int]):
    def __missing__(self, name: bytes) -> int:
        code = int(_CODES.get(name.lower(), Known.PLAIN))
        if len(self) < MAX_SPELLINGS and len(name) <= 64:
            self[name] = code
        return code


code_of: Final = _Spellings()
"""`code_of[name]` is the Known code of a field name in any spelling."""

PROTECTED: Final = frozenset(
    (
        b"host", b"content-length", b"content-type", b"content-encoding", b"transfer-encoding",
        b"authorization", b"cookie", b"set-cookie", b"forwarded", b"x-forwarded-for",
        b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-port", b"x-real-ip", b"via",
        b"x-request-id", b"origin", b"date", b"cache-control", b"location", b"trailer",
        b"x-shadow", b"x-shadow-of", b"baggage", b"traceparent", b"tracestate", b"expect",
        b"range", b"content-range", b"vary", b"age", b"etag", b"expires",
    )
)  # fmt: skip
"""End-to-end fields that `Connection` may not strip: naming them is an attack or a mistake
(hop-by-hop header abuse), so the nomination is ignored and the field travels on."""

NEVER_IN_TRAILERS: Final = PROTECTED | frozenset(
    (b"connection", b"keep-alive", b"te", b"upgrade", b"proxy-authorization", b"proxy-connection",
     b"proxy-authenticate", b"max-forwards", b"if-match", b"if-none-match", b"if-range",
     b"www-authenticate", b"x-http-method-override")
)  # fmt: skip
"""Framing, routing, authentication and request-modifier fields (RFC 9110 6.5.1)."""
