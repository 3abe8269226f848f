"""Request heads, parsed once, strictly, from a whole head.

    bytes ─► grammar (one expression) ─► llhttp (splits the fields) ─► framing rules ─► head

Both must agree: what the grammar lets through and llhttp refuses is refused. A whole head is given
at once, so the segmentation in which it arrived cannot matter.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from shadowproxy.core.words import Refusal
from shadowproxy.http1 import grammar
from shadowproxy.http1.fields import (
    FieldError,
    Fields,
    connection_names,
    length_of,
    request_fields,
)
from shadowproxy.http1.heads import HeadError, RequestHead
from shadowproxy.http1.names import Known, code_of


def parse_request_head(raw: bytes, max_headers: int) -> RequestHead:
    """Parses a whole request head, the empty line included.

    Raises:
        HeadError: RFC 9112 does not allow it, or allows two readings of it.
    """
    match = grammar.REQUEST_HEAD.fullmatch(raw)
    if match is None:
        check_unfinished(raw, 0)  # what had come first would have been refused first
        raise diagnose(raw)
    method, target, minor, _ = match.groups()
    try:
        fields = request_fields(raw[match.start(4) :])
    except FieldError as error:
        _read_fields(RequestHead(raw, method, target, 1, _split(match.group(4))))
        raise HeadError(Refusal.BAD_FIELD, 400, str(error)) from None
    if len(fields) > max_headers:
        raise HeadError(Refusal.TOO_MANY_FIELDS, 431, f"more than {max_headers} fields")
    head = RequestHead(raw, method, target, 0 if minor == b"0" else 1, fields)
    _read_fields(head)
    if head.host is None and head.minor == 1:
        raise HeadError(Refusal.BAD_HOST, 400, "Host is missing")
    if target[0] != 0x2F or method == b"CONNECT":
        _read_target(head)
    return head


def _read_fields(head: RequestHead) -> None:
    for name, value in head.fields:
        code = code_of[name]
        if code:
            _RULES[code](head, value.strip(b" \t"))
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


def _length(head: RequestHead, value: bytes) -> None:
    if head.length is not None:
        raise HeadError(Refusal.BAD_FRAMING, 400, "Content-Length is repeated")
    head.length = length_of(value)
    if head.length < 0:
        raise HeadError(Refusal.BAD_FRAMING, 400, "Content-Length is not a number of bytes")


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
    head.names += connection_names(value)
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


def _baggage(head: RequestHead, value: bytes) -> None:
    """What a service asks for on behalf of a copy carries the copy's baggage, if nothing else."""
    head.is_traced = True
    if b"shadow" in value:
        keys = (member.partition(b"=")[0].strip() for member in value.split(b","))
        head.is_marked |= b"shadow" in keys


_RULES: Final[dict[int, Callable[[RequestHead, bytes], None]]] = {
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
    Known.BAGGAGE: _baggage,
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


def check_unfinished(head: bytes | bytearray, seen: int) -> None:
    """Refuses an unfinished head that no further byte can make right.

    Args:
        head: all that has come, from the first byte; one empty line may stand before it.
        seen: how much of it was checked before.

    Raises:
        HeadError: it begins with no method, its request line is wrong, or a bare CR, LF or NUL is
            in it.
    """
    if not _FIRST_BYTE.match(head):
        raise HeadError(Refusal.BAD_REQUEST_LINE, 400, "not a request line")
    bare = _BARE.search(head, max(0, seen - 1))
    start = 2 if head.startswith(b"\r\n") else 0
    end = head.find(b"\r\n", start) + 2
    if end > start + 2 and (bare is None or bare.start() >= end):
        line = bytes(head[start:end])
        if grammar.REQUEST_HEAD.fullmatch(line + b"\r\n") is None:
            raise diagnose(line + b"\r\n")
    if bare is not None:
        raise HeadError(Refusal.BAD_FIELD, 400, "bare CR, LF or NUL")


def too_large(limit: int) -> HeadError:
    """A head that is over its limit, finished or not."""
    return HeadError(Refusal.HEAD_TOO_LARGE, 431, f"the request's head is over {limit} bytes")


_BARE: Final = re.compile(rb"(?<!\r)\n|\r(?=[^\n])|\x00")
_FIRST_BYTE: Final = re.compile(
    rb"[" + grammar.TOKEN + rb"]|\r\n?[" + grammar.TOKEN + rb"]|\r\n?\Z"
)


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
