"""Captures: never over the cap, never lossy below it, and every held byte is given back."""

from hashlib import blake2b
from typing import TYPE_CHECKING, cast

from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.core.lifecycle import DropReason
from shadowproxy.edge.capture import Capture
from shadowproxy.http1.requests import parse_request_head
from shadowproxy.ipc import frames

if TYPE_CHECKING:
    from shadowproxy.edge.edge import Edge

HEAD = parse_request_head(b"POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\n", 10)
ANSWER = b"HTTP/1.1 200 OK\r\n\r\n"


class _Channel:
    is_open = True

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.has_room = True

    def send(self, frame: bytes, *, urgent: bool = False) -> bool:
        assert urgent == (frame[4] == frames.REQUEST)
        if self.has_room:
            self.sent.append(frame[4:])
        return self.has_room


class _Edge:
    """As much of an edge as a capture uses."""

    def __init__(self, max_body_bytes: int, memory_bytes: int) -> None:
        self.max_body_bytes = max_body_bytes
        self.memory_bytes = memory_bytes
        self.held = self.peak = 0
        self.exchanges = _Channel()

    def next_number(self) -> int:
        return 7

    def reserve(self, size: int) -> bool:
        if self.held + size > self.memory_bytes:
            return False
        self.held += size
        self.peak = max(self.peak, self.held)
        return True

    def unreserve(self, size: int) -> None:
        self.held -= size


def _capture(edge: _Edge) -> Capture:
    return Capture(cast("Edge", edge), 3)


pieces = st.lists(st.binary(min_size=1, max_size=40), max_size=12)


@given(pieces, st.integers(0, 200), st.integers(0, 300), st.booleans())
def test_an_answer_is_kept_whole_or_as_size_and_digest(
    parts: list[bytes], cap: int, memory: int, last_comes_alone: bool
) -> None:
    """Below both limits the bytes, above either the digest, and nothing stays held."""
    edge = _Edge(cap, memory)
    capture = _capture(edge)
    assert capture.hand_over(HEAD, HEAD.raw, 1) is None
    body = b"".join(parts)
    last = parts.pop() if parts and last_comes_alone else b""
    for part in parts:
        capture.keep_answer(part)
    capture.finish(200, 1, 2, ANSWER, last)
    number, side = frames.unpack_response(edge.exchanges.sent[-1])
    assert (number, side.status, side.body_bytes) == (7, 200, len(body))
    if side.flags & frames.FLAG_TRUNCATED:
        assert side.body == blake2b(body, digest_size=32).digest()
        assert len(body) > min(cap, memory)
    else:
        assert side.body == body
        assert len(body) <= cap
    assert edge.peak <= min(cap, memory)
    assert edge.held == 0


@given(pieces, st.integers(0, 200), st.integers(0, 300))
def test_a_request_is_kept_whole_or_not_at_all(parts: list[bytes], cap: int, memory: int) -> None:
    """Over a limit the reason says which, and what was held is given back."""
    edge = _Edge(cap, memory)
    capture = _capture(edge)
    reasons = {capture.keep_request(part) for part in parts} - {None}
    if reasons:
        assert reasons <= {DropReason.BODY_TOO_LARGE, DropReason.MEMORY_LIMIT}
        assert sum(map(len, parts)) > min(cap, memory)
    else:
        assert capture.hand_over(HEAD, HEAD.raw, 9) is None
        request = frames.unpack_request(edge.exchanges.sent[0])
        assert (request.body, request.head, request.route) == (b"".join(parts), HEAD.raw, 3)
    capture.let_go()
    assert edge.held == 0
    assert edge.peak <= min(cap, memory)


def test_a_full_channel_and_a_closed_one_are_told_apart() -> None:
    """The reason is the channel's state."""
    edge = _Edge(100, 100)
    edge.exchanges.has_room = False
    assert _capture(edge).hand_over(HEAD, HEAD.raw, 1) is DropReason.CHANNEL_FULL
    edge.exchanges.is_open = False
    assert _capture(edge).hand_over(HEAD, HEAD.raw, 1) is DropReason.CHANNEL_DOWN


def test_what_was_not_handed_over_is_not_followed_up() -> None:
    """No second half without a first."""
    edge = _Edge(100, 100)
    capture = _capture(edge)
    capture.cancel(DropReason.CLIENT_GONE)
    capture.finish(200, 1, 2, ANSWER, b"x")
    assert edge.exchanges.sent == []
