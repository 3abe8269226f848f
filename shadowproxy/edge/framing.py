"""How legacy's answer is framed for this user: a decision of values (RFC 9112 6)."""

from typing import NamedTuple

from shadowproxy.http1.heads import ResponseHead


class Framing(NamedTuple):
    """What goes out.

    `chunked` is what the head says, `sends_chunks` whether chunks follow; `connection` is the value
    of the Connection field, empty for none.
    """

    chunked: bool
    sends_chunks: bool
    keep_alive: bool
    connection: bytes


_PLAIN = Framing(False, False, True, b"")
_PLAIN_CLOSE = Framing(False, False, False, b"close")


def frame_answer(head: ResponseHead, minor: int, is_head: bool, keep_alive: bool) -> Framing:
    """Frames an answer for an HTTP/1.`minor` user who sent HEAD or not.

    An answer without a length goes out in chunks, so that one that is cut off looks cut off; to an
    HTTP/1.0 user it ends with the connection.
    """
    if minor and head.content_length is not None:
        return _PLAIN if keep_alive else _PLAIN_CLOSE
    has_body = not (is_head or head.status == 204 or head.status == 304)
    is_endless = has_body and head.content_length is None
    if minor:
        chunked = is_endless or (head.chunked and head.status != 204)
        return Framing(chunked, is_endless, keep_alive, b"" if keep_alive else b"close")
    keep_alive = keep_alive and not is_endless
    return Framing(False, False, keep_alive, b"keep-alive" if keep_alive else b"close")
