"""Heads as values: parsed once, strictly, from a whole head. The only door to httptools.

    bytes ─► grammar (one expression) ─► llhttp (splits the fields) ─► framing rules ─► head

Both must agree: what the grammar lets through and llhttp refuses is refused. llhttp gets the field
lines behind a neutral first line, because it knows only some methods and would stop at the others.
A whole head is given at once, so the segmentation in which it arrived cannot matter.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

import httptools

from shadowproxy.core.words import Refusal
from shadowproxy.http1 import grammar
from shadowproxy.http1.names import Known, code_of

Fields = list[tuple[bytes, bytes]]


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


class _Collector:
    """Receives llhttp's fields; only the list matters."""

    __slots__ = ("fields",)

    def __init__(self) -> None:
        self.fields: Fields = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name, value))


MAX_ANSWER_FIELDS: Final = 1000
"""Fields of an answer: five times what users may send (`max_headers`)."""

_REQUEST_LINE: Final = b"GET / HTTP/1.1\r\n"
_STATUS_LINE: Final = b"HTTP/1.1 200 OK\r\n"


def parse_request_head(raw: bytes, max_headers: int) -> RequestHead:
    """Parses a whole request head, the empty line included.

    Raises:
        HeadError: RFC 9112 does not allow it, or allows two readings of it.
    """
    match = grammar.REQUEST_HEAD.fullmatch(raw)
    if match is None:
        raise diagnose(raw)
    method, target, minor, _ = match.groups()
    collector = _Collector()
    try:
        httptools.HttpRequestParser(collector).feed_data(_REQUEST_LINE + raw[match.start(4) :])
    except httptools.HttpParserUpgrade:
        pass
    except httptools.HttpParserError as error:
        _read_request_fields(RequestHead(raw, method, target, 1, _split(match.group(4))))
        raise HeadError(Refusal.BAD_FIELD, 400, f"bad field: {error}") from None
    if len(collector.fields) > max_headers:
        raise HeadError(Refusal.TOO_MANY_FIELDS, 431, f"more than {max_headers} fields")
    head = RequestHead(raw, method, target, 0 if minor == b"0" else 1, collector.fields)
    _read_request_fields(head)
    if head.host is None and head.minor == 1:
        raise HeadError(Refusal.BAD_HOST, 400, "Host is missing")
    if target[0] != 0x2F or method == b"CONNECT":
        _read_target(head)
    return head


def _read_request_fields(head: RequestHead) -> None:
    for name, value in head.fields:
        code = code_of[name]
        if code:
            _REQUEST_RULES[code](head, value.strip(b" \t"))
    if head.chunked and head.length is not None:
        raise HeadError(Refusal.BAD_FRAMING, 400, "both Transfer-Encoding and Content-Length")
    if head.has_upgrade:
        _check_upgrade(head)


def _host(head: RequestHead, value: bytes) -> None:
    if head.host is not None:
        raise HeadError(Refusal.BAD_HOST, 400, "Host is repeated")
    if not is_authority(value) or (not value and head.target.startswith(b"/")):
        raise HeadError(Refusal.BAD_HOST, 400, "Host is not a host with an optional port")
    head.host = value


@lru_cache(1024)
def is_authority(value: bytes) -> bool:
    """A host with an optional port up to 65535, without userinfo. The same few come all day."""
    if not grammar.HOST.fullmatch(value):
        return False
    port = value.rpartition(b":")[2] if b":" in value and not value.endswith(b"]") else b""
    return not port or int(port) <= 65535


@lru_cache(1024)
def _names(value: bytes) -> tuple[bytes, ...]:
    """The lower-case names in a Connection field."""
    return tuple(name.strip(b" \t").lower() for name in value.split(b","))


def _length(head: RequestHead, value: bytes) -> None:
    if head.length is not None:
        raise HeadError(Refusal.BAD_FRAMING, 400, "Content-Length is repeated")
    head.length = _length_of(value)
    if head.length < 0:
        raise HeadError(Refusal.BAD_FRAMING, 400, "Content-Length is not a number of bytes")


MAX_LENGTH: Final = (1 << 63) - 1
"""No overflow in any 64-bit parser behind us; it has 19 digits."""


def _length_of(value: bytes) -> int:
    """The length that a field gives, -1 when it gives none."""
    length = int(value) if value.isdigit() and len(value) <= 19 else -1
    return length if length <= MAX_LENGTH else -1


def _coding(head: RequestHead, value: bytes) -> None:
    if head.coded:
        raise HeadError(Refusal.BAD_FRAMING, 400, "Transfer-Encoding is repeated")
    if head.minor == 0:
        raise HeadError(Refusal.BAD_FRAMING, 400, "Transfer-Encoding in HTTP/1.0")
    head.coded = head.chunked = True
    codings = [coding.strip(b" \t").lower() for coding in value.split(b",")]
    if codings == [b"chunked"]:
        return
    if codings.count(b"chunked") > 1 or b"" in codings:
        raise HeadError(Refusal.BAD_FRAMING, 400, "bad Transfer-Encoding")
    raise HeadError(Refusal.UNKNOWN_CODING, 501, "the only transfer coding here is chunked")


def _connection(head: RequestHead, value: bytes) -> None:
    head.names += _names(value)
    if b"close" in head.names:
        head.keep_alive = False
    elif b"keep-alive" in head.names:
        head.keep_alive = True


def _hop(head: RequestHead, value: bytes) -> None:
    head.special = True


def _upgrade(head: RequestHead, value: bytes) -> None:
    head.special = True
    protocols = [name.strip(b" \t").lower() for name in value.split(b",")]
    head.has_upgrade = head.has_upgrade or not all(name in _NO_UPGRADE for name in protocols)


_NO_UPGRADE: Final = (b"h2c", b"h2", b"tls/1.0", b"")
"""Offers that are ignored, as RFC 9110 7.8 allows: they would smuggle another protocol past us."""


def _check_upgrade(head: RequestHead) -> None:
    if head.minor == 0 or b"upgrade" not in head.names:
        head.has_upgrade = False
    elif head.has_body:
        raise HeadError(Refusal.BAD_UPGRADE, 400, "Upgrade with a body")


def _expect(head: RequestHead, value: bytes) -> None:
    if value.lower() != b"100-continue":
        raise HeadError(Refusal.BAD_EXPECT, 417, "the only expectation here is 100-continue")
    head.expects = True


def _forwarded_for(head: RequestHead, value: bytes) -> None:
    head.forwarded |= 1


def _forwarded_proto(head: RequestHead, value: bytes) -> None:
    head.forwarded |= 2


def _forwarded_host(head: RequestHead, value: bytes) -> None:
    head.forwarded |= 4


def _trace(head: RequestHead, value: bytes) -> None:
    head.is_traced = True


def _shadow_mark(head: RequestHead, value: bytes) -> None:
    head.is_traced = True
    head.is_marked = True


_REQUEST_RULES: Final[dict[int, Callable[[RequestHead, bytes], None]]] = {
    Known.HOST: _host,
    Known.LENGTH: _length,
    Known.CODING: _coding,
    Known.CONNECTION: _connection,
    Known.HOP: _hop,
    Known.UPGRADE: _upgrade,
    Known.EXPECT: _expect,
    Known.FORWARDED_FOR: _forwarded_for,
    Known.FORWARDED_PROTO: _forwarded_proto,
    Known.FORWARDED_HOST: _forwarded_host,
    Known.TRACE: _trace,
    Known.SHADOW_MARK: _shadow_mark,
}


def _read_target(head: RequestHead) -> None:
    """Forms other than origin-form (RFC 9112 3.2): absolute-form becomes origin-form."""
    target = head.target
    if head.method == b"CONNECT":
        raise HeadError(Refusal.BAD_TARGET, 501, "CONNECT is not served here")
    if target == b"*":
        if head.method != b"OPTIONS":
            raise HeadError(Refusal.BAD_TARGET, 400, "the target * is for OPTIONS alone")
        return
    scheme, separator, rest = target.partition(b"://")
    if not separator or scheme.lower() not in (b"http", b"https"):
        raise HeadError(Refusal.BAD_TARGET, 400, "the target is neither a path nor a URL")
    cut = min((at for at in (rest.find(b"/"), rest.find(b"?")) if at >= 0), default=len(rest))
    authority, path = rest[:cut], rest[cut:]
    if not authority or not is_authority(authority):
        raise HeadError(Refusal.BAD_HOST, 400, "the target's authority is not a host")
    if not path and head.method == b"OPTIONS":
        path = b"*"
    elif not path.startswith(b"/"):
        path = b"/" + path
    head.target = path
    head.host = authority
    head.special = True


def _split(block: bytes) -> Fields:
    lines = (line.partition(b":") for line in block.split(b"\r\n") if line)
    return [(name, value.strip(b" \t")) for name, _, value in lines]


def check_request_line(unfinished: bytes | bytearray) -> None:
    """Refuses an unfinished head whose request line is already wrong.

    Raises:
        HeadError: no further byte can make it right.
    """
    end = unfinished.find(b"\r\n") + 2
    line = bytes(unfinished[:end])
    if end > 2 and grammar.REQUEST_HEAD.fullmatch(line + b"\r\n") is None:
        raise diagnose(line + b"\r\n")


def diagnose(raw: bytes) -> HeadError:
    """Says what is wrong with a head that the grammar refused."""
    line = grammar.REQUEST_LINE.match(raw)
    if line is None:
        return HeadError(Refusal.BAD_REQUEST_LINE, 400, "not a request line")
    version = line.group(3)
    if version not in (b"HTTP/1.0", b"HTTP/1.1"):
        return HeadError(Refusal.VERSION, 505, "only HTTP/1.1 and HTTP/1.0 are spoken here")
    if grammar.REQUEST_HEAD.fullmatch(raw[: line.end()] + b"\r\n") is None:
        return HeadError(Refusal.BAD_TARGET, 400, "bad method or request target")
    return HeadError(Refusal.BAD_FIELD, 400, "bad field line")


def parse_response_head(raw: bytes) -> ResponseHead:
    """Parses a whole response head, the empty line included.

    Raises:
        AnswerError: no user may see it (RFC 9112 6.3 asks for 502).
    """
    match = grammar.RESPONSE_HEAD.fullmatch(raw)
    if match is None:
        raise AnswerError("not an HTTP/1.1 response head")
    minor, status, reason, _ = match.groups()
    collector = _Collector()
    try:
        httptools.HttpResponseParser(collector).feed_data(_STATUS_LINE + raw[match.start(4) :])
    except httptools.HttpParserUpgrade:
        pass
    except httptools.HttpParserError as error:
        raise AnswerError(f"bad field: {error}") from None
    if len(collector.fields) > MAX_ANSWER_FIELDS:
        raise AnswerError(f"more than {MAX_ANSWER_FIELDS} fields")
    head = ResponseHead(
        raw, int(status), reason or b"", 0 if minor == b"0" else 1, collector.fields
    )
    if reason is None:
        head.special = True  # the space that is missing behind the status is put in
    for name, value in head.fields:
        code = code_of[name]
        if code:
            rule = _RESPONSE_RULES.get(code)
            if rule is not None:
                rule(head, value.strip(b" \t"))
    if head.coded and head.content_length is not None:
        raise AnswerError("both Transfer-Encoding and Content-Length")
    return head


def _response_length(head: ResponseHead, value: bytes) -> None:
    if head.content_length is not None:
        raise AnswerError("Content-Length is repeated")
    head.content_length = _length_of(value)
    if head.content_length < 0:
        raise AnswerError("Content-Length is not a number of bytes")


def _response_coding(head: ResponseHead, value: bytes) -> None:
    if head.coded or head.minor == 0 or value.lower() != b"chunked":
        raise AnswerError("bad Transfer-Encoding")
    head.coded = head.chunked = True


def _response_connection(head: ResponseHead, value: bytes) -> None:
    head.names += _names(value)
    if b"close" in head.names:
        head.keep_alive = False
    elif b"keep-alive" in head.names:
        head.keep_alive = True


def _response_hop(head: ResponseHead, value: bytes) -> None:
    head.special = True


_RESPONSE_RULES: Final[dict[int, Callable[[ResponseHead, bytes], None]]] = {
    Known.LENGTH: _response_length,
    Known.CODING: _response_coding,
    Known.CONNECTION: _response_connection,
    Known.HOP: _response_hop,
    Known.UPGRADE: _response_hop,
}
