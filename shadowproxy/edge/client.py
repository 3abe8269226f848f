"""One connection of a user.

    READY ─head─► RELAYING ─answer and request whole─► READY (keep-alive) | CLOSING
      │ bad head      ├─ body segments go to the relay; what follows the body waits
      ▼               └─101─► TUNNEL
    LINGERING: our half is closed, what still comes is thrown away for LINGER_NS

Law: answers leave in the order of the requests, one request is relayed at a time, and at most one
segment more than `max_head` of what follows it is held.
"""

import asyncio
import socket
import struct
import traceback
from time import monotonic_ns
from typing import TYPE_CHECKING, cast

from shadowproxy.core.overriding import override
from shadowproxy.core.words import Refusal
from shadowproxy.edge import replies
from shadowproxy.edge.relay import Relay
from shadowproxy.edge.upload import Upload
from shadowproxy.http1.chunked import ChunkError
from shadowproxy.http1.heads import HeadError
from shadowproxy.http1.requests import check_unfinished, parse_request_head, too_large

if TYPE_CHECKING:
    from shadowproxy.edge.edge import Edge

LINGER_NS = 2_000_000_000
"""How long a refused upload may go on before its connection is cut, so that the sender can read
why: closing with unread data would reset the connection and destroy the answer on its way."""

LINGER_BYTES = 16 << 20

NEW_NS = 1_000_000_000
"""How long a drain waits for the first request of a connection."""

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Client(asyncio.Protocol):
    """A user's connection."""

    __slots__ = (
        "_buffer", "_has_legacy_ended", "_is_closing", "_is_new", "_is_stalled", "_linger_left", "_transport", "_tunnel",
        "_upload", "deadline_ns", "edge", "has_eof", "ip", "origin", "relay",
    )  # fmt: skip

    def __init__(self, edge: "Edge") -> None:
        self.edge = edge
        self.relay: Relay | None = None
        self.deadline_ns = 0
        self.ip = b""
        self.origin: tuple[bytes, bytes] | None = None
        self.has_eof = False
        self._is_new = True
        self._is_stalled = False
        self._buffer: bytes | bytearray = b""
        self._upload: Upload | None = None
        self._tunnel = False
        self._has_legacy_ended = False
        self._is_closing = False
        self._linger_left = 0
        self._transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        edge = self.edge
        peer = transport.get_extra_info("peername")
        self.ip = peer[0].encode() if isinstance(peer, tuple) else b""
        if edge.appends_forwarded:
            is_tls = transport.get_extra_info("ssl_object") is not None
            self.origin = (self.ip or b"unix:", b"https" if is_tls else b"http")
        self.deadline_ns = monotonic_ns() + edge.header_timeout_ns
        if not edge.admit(self, self.ip):
            self._refuse_head(HeadError(Refusal.OVERLOAD, 503, "too many connections"))

    @override
    def data_received(self, data: bytes) -> None:
        try:
            if self.relay is None:
                if self._is_closing:
                    self._linger(data)
                elif self._buffer:
                    self._continue_head(data)
                else:
                    self._read_head(data)
            elif self._upload is not None:
                self._receive_body(data)
            elif self._tunnel:
                self._send_tunnel(data)
            else:
                self._hold(data)
        except Exception:  # noqa: BLE001 - our bug must not take other users down
            self._bug()

    @override
    def eof_received(self) -> bool:
        self.has_eof = True
        if self._tunnel:
            connection = self.relay.connection if self.relay else None
            if connection is not None:
                connection.write_eof()
            return not self._has_legacy_ended
        if self.relay is not None:
            transport = self._transport
            return self._upload is None and transport is not None and transport.can_write_eof()
        self._end_inside_head()
        return False

    def _end_inside_head(self) -> None:
        if self._buffer and not self._is_closing:
            self._refuse_head(
                HeadError(Refusal.BAD_REQUEST_LINE, 400, "the request ends inside its head")
            )

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self.deadline_ns = 0
        self.edge.forget(self, self.ip)
        relay, self.relay = self.relay, None
        if relay is not None:
            relay.client_gone()

    @override
    def pause_writing(self) -> None:
        self._is_stalled = True
        relay = self.relay
        if relay is not None and relay.connection is not None:
            relay.connection.pause_reading()
        self.deadline_ns = monotonic_ns() + self.edge.idle_timeout_ns

    @override
    def resume_writing(self) -> None:
        self._is_stalled = False
        relay = self.relay
        if relay is not None:
            now_ns = monotonic_ns()
            self.deadline_ns = now_ns + self.edge.body_timeout_ns if self._upload else 0
            if relay.connection is not None:
                relay.connection.resume_reading()
        elif not self._is_closing:
            self._next_request()

    def _continue_head(self, data: bytes) -> None:
        buffer = self._buffer
        if not isinstance(buffer, bytearray):
            buffer = bytearray(buffer)
        start = max(0, len(buffer) - 3)
        buffer += data
        if buffer.find(b"\r\n\r\n", start) < 0:
            self._keep_partial(buffer, start)
            return
        self._buffer = b""
        self._read_head(bytes(buffer))

    def _read_head(self, data: bytes) -> None:
        end = data.find(b"\r\n\r\n")
        if end < 0:
            self._keep_partial(bytearray(data), 0)
            return
        edge = self.edge
        if end == 0:  # one empty line before a request is tolerated (RFC 9112 2.2), a second not
            error = HeadError(Refusal.BAD_REQUEST_LINE, 400, "empty lines are not a request")
            self._refuse_head(error)
            return
        now_ns = monotonic_ns()
        start = 2 if data[0] == 0x0D and data[1] == 0x0A else 0
        end += 4
        raw = data if end == len(data) and not start else data[start:end]
        try:
            if len(raw) > edge.max_head_bytes:
                check_unfinished(raw[: edge.max_head_bytes], 0)
                raise too_large(edge.max_head_bytes)
            head = parse_request_head(raw, edge.max_headers)
        except HeadError as error:
            self._refuse_head(error)
            return
        self._is_new = False
        relay = self.relay = Relay(self, head, now_ns)
        self.deadline_ns = 0
        if not relay.has_whole_request:
            self._upload = Upload(head)
            self.deadline_ns = now_ns + edge.body_timeout_ns
        relay.start()
        if end < len(data):
            self._receive_rest(data[end:])

    def _receive_rest(self, data: bytes) -> None:
        """What came behind a head in the same segment."""
        if self._upload is not None:
            self._receive_body(data)
        elif self.relay is not None:
            self._hold(data)

    def _keep_partial(self, buffer: bytearray, start: int) -> None:
        if not self._buffer:
            self.deadline_ns = monotonic_ns() + self.edge.header_timeout_ns
        try:
            if len(buffer) > self.edge.max_head_bytes:
                raise too_large(self.edge.max_head_bytes)
            check_unfinished(buffer, start)
        except HeadError as error:
            self._refuse_head(error)
            return
        self._buffer = buffer

    def _refuse_head(self, error: HeadError) -> None:
        """Answers a request that never became an exchange, and closes."""
        self.edge.count_refused(self.ip, error)
        self._buffer = b""
        self.write(replies.refusal(error.status, error.detail))
        self._close(lingering=True)

    def _receive_body(self, data: bytes) -> None:
        upload, relay = self._upload, self.relay
        assert upload is not None
        assert relay is not None
        try:
            payload, wire, rest, is_last = upload.feed(data)
        except ChunkError as error:
            self._upload = None
            relay.refuse(Refusal.BAD_CHUNK, 400, str(error))
            return
        self.deadline_ns = 0 if is_last else monotonic_ns() + self.edge.body_timeout_ns
        if is_last:
            self._upload = None
        if wire or is_last:
            relay.upload(payload, wire, is_last)
        if rest and self.relay is not None:
            self._hold(rest)

    def _hold(self, data: bytes) -> None:
        """Keeps what follows the current request until its answer has gone out."""
        if self._buffer:
            self._buffer = bytes(self._buffer) + data
        else:
            self._buffer = data
        if len(self._buffer) > self.edge.max_head_bytes:
            self.pause_reading()

    def relay_ended(self, relay: Relay) -> None:
        """The answer has been written: the next request, or the end."""
        if self.relay is not relay:
            return
        self.relay = None
        if self._transport is None or self._is_closing:
            return
        if not relay.keep_alive:
            self._close(lingering=not relay.has_whole_request or bool(self._buffer))
            return
        self.deadline_ns = monotonic_ns() + self.edge.idle_timeout_ns
        if self._is_stalled:
            self.pause_reading()
        else:
            self._next_request()
        if self.edge.is_finishing:
            self.drain()

    def _next_request(self) -> None:
        """Goes on with what was held back; not while earlier answers are still unread."""
        self.resume_reading()
        if self._buffer:
            data, self._buffer = bytes(self._buffer), b""
            self._read_head(data)
        if self.has_eof and self.relay is None and not self._is_closing:
            self._end_inside_head()
            self._close(lingering=False)

    def open_tunnel(self, data: bytes) -> None:
        """Both sides agreed to another protocol: from now on bytes pass as they are."""
        self._tunnel = True
        self.deadline_ns = 0
        self.write(data)
        if self._buffer:
            data, self._buffer = bytes(self._buffer), b""
            self._send_tunnel(data)
        self.resume_reading()

    def _send_tunnel(self, data: bytes) -> None:
        connection = self.relay.connection if self.relay else None
        if connection is not None:
            connection.write(data)
            connection.touch()

    def end_tunnel(self) -> None:
        """Legacy has nothing more to send; the user may, for as long as an idle one may stay."""
        self._has_legacy_ended = True
        transport = self._transport
        if transport is None:
            return
        if self.has_eof or not transport.can_write_eof():
            transport.close()
        else:
            transport.write_eof()
            self.deadline_ns = monotonic_ns() + self.edge.idle_timeout_ns

    def write(self, data: bytes) -> None:
        """Sends to the user."""
        if self._transport is not None:
            self._transport.write(data)

    def pause_reading(self) -> None:
        """Back-pressure: legacy takes less than the user sends, who is not blamed for it."""
        if self._transport is not None and self._transport.is_reading():
            if self._upload is not None:
                self.deadline_ns = 0
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Legacy takes more."""
        if self._transport is not None and not self._transport.is_reading():
            if self._upload is not None:
                self.deadline_ns = monotonic_ns() + self.edge.body_timeout_ns
            self._transport.resume_reading()

    def _close(self, *, lingering: bool) -> None:
        transport = self._transport
        self._is_closing = True
        self._upload = None
        self._buffer = b""
        if transport is None:
            return
        if lingering and not self.has_eof and transport.can_write_eof():
            transport.write_eof()
            self._linger_left = LINGER_BYTES
            self.deadline_ns = monotonic_ns() + LINGER_NS
            self.resume_reading()
        else:
            self.deadline_ns = monotonic_ns() + self.edge.idle_timeout_ns
            transport.close()

    def _linger(self, data: bytes) -> None:
        self._linger_left -= len(data)
        if self._linger_left < 0:
            self.abort()

    def abort(self) -> None:
        """Cuts the connection with a reset, so that nobody takes what came for a whole answer."""
        transport = self._transport
        if transport is None:
            return
        self._is_closing = True
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        transport.abort()

    def drain(self) -> None:
        """Closes at once if nothing is going on; else the current answer says close.

        Who has just come, and whose request is on its way, gets a moment.
        """
        if self.relay is not None or self._buffer or self._is_closing:
            return
        if self._is_new:
            self.deadline_ns = min(self.deadline_ns, monotonic_ns() + NEW_NS)
        else:
            self._close(lingering=False)

    def on_deadline(self) -> None:
        """The time for what the connection was doing is over."""
        self.deadline_ns = 0
        if self.relay is None:
            if self._buffer and not self._is_closing:
                self._refuse_head(
                    HeadError(Refusal.HEADER_TIMEOUT, 408, "the request's head took too long")
                )
            elif self._is_closing:
                self.abort()
            else:
                self._close(lingering=False)
        elif self._upload is not None:
            self._upload = None
            self.relay.refuse(Refusal.BODY_TIMEOUT, 408, "the request's body took too long")
        else:
            self.abort()

    def _bug(self) -> None:
        """The funnel of the users' path: 500, the traceback in the log, this connection closed."""
        self.edge.tell("edge_error", level="error", error=traceback.format_exc(limit=12))
        if self.relay is not None:
            self._upload = None
            self.relay.refuse(Refusal.INTERNAL, 500, "the proxy failed")
        else:
            self._refuse_head(HeadError(Refusal.INTERNAL, 500, "the proxy failed"))
