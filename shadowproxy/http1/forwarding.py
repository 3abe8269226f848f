"""What of a head goes on to the next hop (RFC 9110 7.6.1).

Law: no hop-by-hop field and none that Connection names survives; every other field keeps its
spelling, order and repetition; a head without such fields is forwarded as the very bytes it was.
"""

from shadowproxy.http1.heads import RequestHead, ResponseHead
from shadowproxy.http1.names import PROTECTED, Known, code_of

_HOP_CODES = frozenset((Known.CONNECTION, Known.HOP, Known.UPGRADE))


def forward_request(head: RequestHead, origin: tuple[bytes, bytes] | None, host: bytes) -> bytes:
    """The head to send to a backend, up to and including the empty line.

    Args:
        head: as parsed.
        origin: the peer's address and the scheme it used, for X-Forwarded-*; None adds nothing.
        host: for a request without Host (HTTP/1.0), the backend's own authority.
    """
    if head.special or head.minor == 0 or head.host is None or (origin and head.forwarded):
        return _rebuild_request(head, origin, host)
    raw = _without_connection(head.raw, head.names) if head.names else head.raw
    if raw is None:
        return _rebuild_request(head, origin, host)
    if origin is None:
        return raw
    return b"%bX-Forwarded-For: %b\r\nX-Forwarded-Proto: %b\r\nX-Forwarded-Host: %b\r\n\r\n" % (
        raw[:-2],
        *origin,
        head.host,
    )


def _rebuild_request(head: RequestHead, origin: tuple[bytes, bytes] | None, host: bytes) -> bytes:
    dropped = _nominated(head.names)
    parts = [head.method, b" ", head.target, b" HTTP/1.1\r\n"]
    if head.host is None:
        parts += (b"Host: ", host, b"\r\n")
    elif not any(code_of[name] == Known.HOST for name, _ in head.fields):
        parts += (b"Host: ", head.host, b"\r\n")
    last_for = _last_forwarded_for(head) if origin else -1
    for index, (name, value) in enumerate(head.fields):
        code = code_of[name]
        if code in _HOP_CODES or (dropped and name.lower() in dropped):
            continue
        if code == Known.HOST and head.host is not None:
            value = head.host
        elif index == last_for and origin:
            value = b"%b, %b" % (value, origin[0]) if value else origin[0]
        parts += (name, b": ", value, b"\r\n")
    if origin:
        parts.append(_missing_forwarded(head, origin, host))
    if head.has_upgrade:
        parts += (b"Connection: Upgrade\r\nUpgrade: ", _upgrade_of(head), b"\r\n")
    parts.append(b"\r\n")
    return b"".join(parts)


def _last_forwarded_for(head: RequestHead) -> int:
    found = -1
    for index, (name, _) in enumerate(head.fields):
        if code_of[name] == Known.FORWARDED_FOR:
            found = index
    return found


def _missing_forwarded(head: RequestHead, origin: tuple[bytes, bytes], host: bytes) -> bytes:
    lines = b""
    if not head.forwarded & 1:
        lines += b"X-Forwarded-For: %b\r\n" % origin[0]
    if not head.forwarded & 2:
        lines += b"X-Forwarded-Proto: %b\r\n" % origin[1]
    if not head.forwarded & 4:
        lines += b"X-Forwarded-Host: %b\r\n" % (head.host or host)
    return lines


def _upgrade_of(head: RequestHead) -> bytes:
    return b", ".join(value for name, value in head.fields if code_of[name] == Known.UPGRADE)


def forward_response(
    head: ResponseHead, *, chunked: bool, without_length: bool, connection: bytes
) -> bytes:
    """The head to send to the user, up to and including the empty line.

    Args:
        head: as parsed.
        chunked: the body will be sent chunked.
        without_length: a Content-Length must not be repeated (204).
        connection: a value for Connection, or empty for none.
    """
    if not (head.special or without_length or connection) and chunked == head.chunked:
        raw = _without_connection(head.raw, head.names) if head.names else head.raw
        if raw is not None:
            return raw
    dropped = _nominated(head.names)
    parts = [b"HTTP/1.1 %d %b\r\n" % (head.status, head.reason)]
    for name, value in head.fields:
        code = code_of[name]
        if code in _HOP_CODES or (dropped and name.lower() in dropped):
            continue
        if code == Known.CODING or (without_length and code == Known.LENGTH):
            continue
        parts += (name, b": ", value, b"\r\n")
    if chunked:
        parts.append(b"Transfer-Encoding: chunked\r\n")
    if connection:
        parts += (b"Connection: ", connection, b"\r\n")
    parts.append(b"\r\n")
    return b"".join(parts)


def forward_interim(head: ResponseHead) -> bytes:
    """An interim 1xx head for the user."""
    return forward_response(head, chunked=False, without_length=True, connection=b"")


_CONNECTION_LINES = (
    b"\r\nConnection: keep-alive\r\n",
    b"\r\nConnection: close\r\n",
    b"\r\nconnection: keep-alive\r\n",
    b"\r\nconnection: close\r\n",
    b"\r\nConnection: Keep-Alive\r\n",
    b"\r\nConnection: Close\r\n",
)


def _without_connection(raw: bytes, names: tuple[bytes, ...]) -> bytes | None:
    """Cuts the one ordinary Connection line out; None when it is not that simple.

    A line between two CRLFs of a head that passed the grammar is a field line, never a value.
    """
    if len(names) == 1:
        for line in _CONNECTION_LINES:
            if line in raw:
                return raw.replace(line, b"\r\n", 1)
    return None


_ORDINARY = frozenset((b"close", b"keep-alive", b"upgrade", b""))


def _nominated(names: tuple[bytes, ...]) -> frozenset[bytes]:
    """What Connection strips beyond the hop-by-hop fields that are never forwarded anyway."""
    return frozenset(name for name in names if name not in _ORDINARY and name not in PROTECTED)
