"""Framing of answers: what the user is told about where an answer ends."""

import pytest

from shadowproxy.edge.framing import frame_answer
from shadowproxy.http1.answers import parse_response_head

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
UNTIL_CLOSE = b"HTTP/1.0 200 OK\r\n\r\n"
EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"
NOT_MODIFIED = b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("raw", "minor", "is_head", "keep_alive", "expected"),
    [
        (LENGTH, 1, False, True, (False, False, True, b"")),
        (LENGTH, 1, False, False, (False, False, False, b"close")),
        (LENGTH, 0, False, True, (False, False, True, b"keep-alive")),
        (CHUNKED, 1, False, True, (True, True, True, b"")),
        (CHUNKED, 1, True, True, (True, False, True, b"")),
        (CHUNKED, 0, False, True, (False, False, False, b"close")),
        (UNTIL_CLOSE, 1, False, True, (True, True, True, b"")),
        (UNTIL_CLOSE, 0, False, True, (False, False, False, b"close")),
        (EMPTY, 1, False, True, (False, False, True, b"")),
        (NOT_MODIFIED, 1, False, True, (True, False, True, b"")),
    ],
)
def test_an_answer_ends_where_the_user_can_see_it(
    raw: bytes,
    minor: int,
    is_head: bool,
    keep_alive: bool,
    expected: tuple[bool, bool, bool, bytes],
) -> None:
    """By length, by chunks, or for HTTP/1.0 by the end of the connection."""
    assert frame_answer(parse_response_head(raw), minor, is_head, keep_alive) == expected
