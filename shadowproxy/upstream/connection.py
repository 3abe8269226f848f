"""One connection to a backend: one call at a time, the answer framed by RFC 9112 6.3.

    IDLE ─assign─► HEAD ─final head─► NONE | LENGTH | CHUNKED | UNTIL_CLOSE ─last byte─► IDLE | closed
                     └─101─► TUNNEL

Law: bytes that nobody asked for are never given to anybody: on an idle connection, behind an
answer, or before the whole request is written, they close it.
"""

import asyncio
import socket
from time import monotonic_ns
from typing import TYPE_CHECKING, cast

from shadowproxy.core.observing import Failure
from shadowproxy.core.overriding import override
from shadowproxy.core.words import FailureKind
from shadowproxy.http1.answers import parse_response_head
from shadowproxy.http1.chunked import ChunkedDecoder, ChunkError
from shadowproxy.http1.heads import AnswerError, ResponseHead
from shadowproxy.upstream.call import Call
from shadowproxy.upstream.failures import lost

if TYPE_CHECKING:
    from shadowproxy.upstream.pool import Pool

MAX_HEAD_BYTES = 256 << 10
"""Answers' heads; four times what we take from users, because a service's cookies are its own."""

MAX_INTERIM = 16
"""1xx answers before the final one; more is a flood (HAProxy and nginx stop as well)."""


IDLE, HEAD, LENGTH, CHUNKED, UNTIL_CLOSE, TUNNEL, CLOSED = range(7)
"""Where a connection is; plain integers, because enum members compare four times slower."""

_ENDLESS = (UNTIL_CLOSE, TUNNEL)


class Connection(asyncio.Protocol):
    """A connection of a `Pool`; `call` is whose answer is awaited."""

    __slots__ = (
        "_decoder",
        "_head",
        "_interim",
        "_keep_alive",
        "_left",
        "_rest",
        "_transport",
        "at",
        "call",
        "ended_early",
        "heard_ns",
        "idle_since_ns",
        "is_reused",
        "pool",
        "request_is_written",
        "sock",
    )  # fmt: skip

    def __init__(self, pool: "Pool") -> None:
        self.pool = pool
        self.at = IDLE
        self.call: Call | None = None
        self.sock: socket.socket | None = None
        self.is_reused = False
        self.request_is_written = False
        self.idle_since_ns = 0
        self.heard_ns = 0
        self._transport: asyncio.Transport | None = None
        self._decoder: ChunkedDecoder | None = None
        self._head: ResponseHead | None = None
        self._interim = 0
        self._keep_alive = False
        self._left = 0
        self._rest = bytearray()

    def write(self, data: bytes) -> None:
        """Sends a part of the request (or of the tunnel)."""
        transport = self._transport
        if transport is not None:
            transport.write(data)

    def request_done(self) -> None:
        """The whole request has been written; the connection may be used again after it."""
        self.request_is_written = True
        self.heard_ns = monotonic_ns()
        if self.call is not None:
            self.call.written_ns = self.heard_ns

    def touch(self) -> None:
        """Progress was made by the user; the backend's time starts again."""
        self.heard_ns = monotonic_ns()

    def write_eof(self) -> None:
        """Half-closes a tunnel."""
        if self._transport is not None and self._transport.can_write_eof():
            self._transport.write_eof()

    def pause_reading(self) -> None:
        """Back-pressure: the user reads slower than the backend sends."""
        if self._transport is not None and self._transport.is_reading():
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """The user reads again."""
        if self._transport is not None and not self._transport.is_reading():
            self.heard_ns = monotonic_ns()
            self._transport.resume_reading()

    @property
    def is_paused(self) -> bool:
        """We do not read: the backend cannot be blamed for silence."""
        return self._transport is not None and not self._transport.is_reading()

    def abandon(self) -> None:
        """Closes without telling anyone; the call's owner knows."""
        self.call = None
        self.at = CLOSED
        if self._transport is not None:
            self._transport.abort()

    def assign(self, call: Call) -> None:
        """Takes a call; the connection is idle and open."""
        self.call = call
        self.at = HEAD
        self.request_is_written = False
        self._interim = 0
        call.connection = self
        self.heard_ns = call.written_ns = monotonic_ns()
        call.on_connected(self)

    def is_clean(self, now_ns: int) -> bool:
        """The connection is open and nothing waits on it that nobody asked for."""
        transport = self._transport
        if transport is None or transport.is_closing() or self.at != IDLE:
            return False
        if now_ns - self.idle_since_ns < self.pool.trusted_idle_ns or self.sock is None:
            return True
        try:
            self.sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def close(self) -> None:
        """Closes an idle connection."""
        self.at = CLOSED
        if self._transport is not None:
            self._transport.close()

    def fail(self, kind: FailureKind, phase: str, detail: str) -> None:
        """Ends the call as a failure and closes."""
        call, self.call = self.call, None
        self.at = CLOSED
        if self._transport is not None:
            self._transport.abort()
        if call is not None:
            call.ended_ns = monotonic_ns()
            call.connection = None
            call.on_failure(Failure(kind, phase, detail))

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    @override
    def data_received(self, data: bytes) -> None:
        at = self.at
        if at == HEAD:
            self._receive_head(data)
        elif at == LENGTH:
            self._receive_length(data)
        elif at == CHUNKED:
            self._receive_chunked(data)
        elif at in _ENDLESS:
            self._receive_endless(data)
        elif at == IDLE:
            self.abandon()

    def _receive_endless(self, data: bytes) -> None:
        self.heard_ns = monotonic_ns()
        call = self.call
        assert call is not None
        if self.at == TUNNEL:
            call.on_tunnel_data(data)
        else:
            call.on_data(data, False)

    def _receive_head(self, data: bytes) -> None:
        call = self.call
        assert call is not None
        now = monotonic_ns()
        self.heard_ns = now
        if not call.first_ns:
            call.first_ns = now
        if self._rest or data.find(b"\r\n\r\n") < 0:
            whole = self._assemble_head(data)
            if whole is None:
                return
            data = whole
        while True:
            end = data.find(b"\r\n\r\n") + 4
            if end < 4:
                self._rest += data
                return
            try:
                if end > MAX_HEAD_BYTES:
                    raise AnswerError("the answer's head is too large")
                head = parse_response_head(data if end == len(data) else data[:end])
            except AnswerError as error:
                self.fail(FailureKind.PROTOCOL, "head", str(error))
                return
            data = data[end:]
            if head.status >= 200:
                self._receive_final(call, head, data)
                return
            if not self._receive_interim(call, head, data) or not data:
                return

    def _assemble_head(self, data: bytes) -> bytes | None:
        """Joins segments until a head is whole; None while it is not, or when it cannot be."""
        rest = self._rest
        start = max(0, len(rest) - 3)
        rest += data
        if rest.find(b"\r\n\r\n", start) >= 0:
            self._rest = bytearray()
            return bytes(rest)
        if len(rest) > MAX_HEAD_BYTES:
            self.fail(FailureKind.PROTOCOL, "head", "the answer's head is too large")
        elif not _STATUS_LINE_START.startswith(rest[:7]):
            self.fail(FailureKind.PROTOCOL, "head", "not an HTTP/1.1 answer")
        return None

    def _receive_interim(self, call: Call, head: ResponseHead, rest: bytes) -> bool:
        """True when another head must follow."""
        self._interim += 1
        if head.status == 101:
            if not call.may_upgrade or b"upgrade" not in head.names:
                self.fail(FailureKind.PROTOCOL, "head", "101 that nobody asked for")
            else:
                self.at = TUNNEL
                call.on_upgraded(head, rest)
            return False
        if self._interim > MAX_INTERIM:
            self.fail(FailureKind.PROTOCOL, "head", f"more than {MAX_INTERIM} interim answers")
            return False
        if head.coded or head.content_length is not None:
            self.fail(FailureKind.PROTOCOL, "head", "interim answer with a body")
            return False
        call.first_ns = 0
        call.on_interim(head)
        call.first_ns = call.first_ns or monotonic_ns()
        return self.call is call

    def _receive_final(self, call: Call, head: ResponseHead, data: bytes) -> None:
        self._keep_alive = head.keep_alive
        length = head.content_length
        if call.is_head or head.status == 204 or head.status == 304:
            self._end(call, head, b"", bool(data))
        elif head.chunked:
            self.at = CHUNKED
            self._decoder = ChunkedDecoder()
            self._head = head
            self._receive_chunked(data)
        elif length is None:
            self.at = UNTIL_CLOSE
            self._keep_alive = False
            call.on_head(head, data, False)
        elif len(data) >= length:
            extra = len(data) > length
            self._end(call, head, data[:length] if extra else data, extra)
        else:
            self.at = LENGTH
            self._left = length - len(data)
            call.on_head(head, data, False)

    def _receive_length(self, data: bytes) -> None:
        call = self.call
        assert call is not None
        left = self._left - len(data)
        if left > 0:
            self._left = left
            self.heard_ns = monotonic_ns()
            call.on_data(data, False)
        else:
            self._end(call, None, data[:left] if left else data, left < 0)

    def _receive_chunked(self, data: bytes) -> None:
        call, decoder = self.call, self._decoder
        assert call is not None
        assert decoder is not None
        head, self._head = self._head, None
        self.heard_ns = monotonic_ns()
        try:
            payload, rest = decoder.feed(data)
        except ChunkError as error:
            if head is not None:
                call.on_head(head, b"", False)
            self.fail(FailureKind.PROTOCOL, "body", str(error))
            return
        if decoder.is_done:
            self._end(call, head, payload, bool(rest))
        elif head is not None:
            call.on_head(head, payload, False)
        elif payload:
            call.on_data(payload, False)

    def _end(self, call: Call, head: ResponseHead | None, payload: bytes, extra: bool) -> None:
        """The answer is whole.

        First the connection is free again, so that a pipelined request finds it; then the call
        hears of it, from values that the next call on this connection cannot touch.
        """
        now_ns = call.ended_ns = monotonic_ns()
        trailers = self._decoder.trailers if self._decoder is not None else b""
        self._decoder = None
        self.call = None
        call.connection = None
        if extra or not self._keep_alive or not self.request_is_written:
            self.at = CLOSED
            if self._transport is not None:
                self._transport.close()
        else:
            self.at = IDLE
            self.is_reused = True
            self.idle_since_ns = now_ns
            if self.is_paused:
                self.resume_reading()
            self.pool.release(self)
        if trailers:
            call.on_trailers(trailers)
        if head is not None:
            call.on_head(head, payload, True)
        else:
            call.on_data(payload, True)

    @override
    def eof_received(self) -> bool:
        call = self.call
        if self.at == UNTIL_CLOSE and call is not None:
            self._end(call, None, b"", False)
        elif self.at == TUNNEL and call is not None:
            call.on_tunnel_end()
            return True
        return False

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        at, self.at = self.at, CLOSED
        self._transport = None
        self.sock = None
        call, self.call = self.call, None
        self.pool.forget(self)
        if call is None:
            return
        call.connection = None
        if at == TUNNEL:
            call.on_tunnel_end()
        elif self._can_retry(call, at):
            self.pool.retry(call)
        else:
            call.ended_ns = monotonic_ns()
            phase = "head" if at == HEAD else "body"
            call.on_failure(lost(exc, phase))

    def _can_retry(self, call: Call, at: int) -> bool:
        """RFC 9112 9.3.1: idempotent, on a connection that had served before, not one byte back."""
        return (
            at == HEAD
            and self.is_reused
            and call.can_retry
            and not call.was_retried
            and not call.first_ns
        )

    @override
    def pause_writing(self) -> None:
        if self.call is not None:
            self.call.on_writable(False)

    @override
    def resume_writing(self) -> None:
        if self.call is not None:
            self.call.on_writable(True)


_STATUS_LINE_START = b"HTTP/1."
