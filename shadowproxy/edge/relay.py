"""One request of a user, relayed to legacy, and legacy's answer back. Maybe captured on the way.

    started ─► connected ─► request whole ─► head ─► body ─► ended
       │           │              │            │       └─ lost: abort the user's connection
       └───────────┴──────────────┴────────────┴───────── failed: 502 or 504

Law: what concerns the capture stands in `_shadowed` alone, which no exception leaves.
"""

import traceback
from collections.abc import Callable
from time import monotonic_ns
from typing import TYPE_CHECKING

from shadowproxy.core.lifecycle import DropReason, SkipReason
from shadowproxy.core.observing import Failure
from shadowproxy.core.overriding import override
from shadowproxy.core.words import Refusal
from shadowproxy.edge import counting, replies
from shadowproxy.edge.capture import Capture
from shadowproxy.edge.framing import frame_answer
from shadowproxy.edge.upload import chunk, last_chunk
from shadowproxy.http1.forwarding import forward_interim, forward_request, forward_response
from shadowproxy.http1.heads import RequestHead, ResponseHead
from shadowproxy.upstream.call import Call
from shadowproxy.upstream.connection import Connection

if TYPE_CHECKING:
    from shadowproxy.edge.client import Client

_IDEMPOTENT = frozenset((b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE", b"TRACE"))
_NO_CELLS: dict[SkipReason | DropReason, int] = {
    reason: cell for cells in (counting.SKIPPED, counting.DROPPED) for reason, cell in cells.items()
}


class Relay(Call):
    """The exchange on the users' path. One per request, dropped when it has ended."""

    __slots__ = (
        "_answer", "_capture", "_chunks", "_client", "_had_no_body", "_pending", "_sent_bytes", "_slot", "_status",
        "_trailers", "_wire", "has_whole_request", "head", "keep_alive", "pool", "started_ns",
    )  # fmt: skip

    def __init__(self, client: "Client", head: RequestHead, now_ns: int) -> None:
        # Call.__init__ inlined: this runs for every request
        self.is_head = head.method == b"HEAD"
        self.can_retry = not head.has_body and head.method in _IDEMPOTENT
        self.may_upgrade = head.has_upgrade
        self.was_retried = False
        self.connection: Connection | None = None
        self.deadline_ns = 0
        self.submitted_ns = self.started_ns = now_ns
        self.written_ns = self.first_ns = self.ended_ns = 0
        self.head = head
        self.has_whole_request = self._had_no_body = not head.has_body
        self.keep_alive = head.keep_alive
        self.pool = client.edge.pool
        self._client = client
        self._pending: list[bytes] = []
        self._capture: Capture | None = None
        self._answer: ResponseHead | None = None
        self._status = 0
        self._sent_bytes = 0
        self._chunks = False
        self._trailers = b""
        self._slot = 0
        self._wire = b""

    def start(self) -> None:
        """Decides whether to copy, and asks legacy."""
        client, head = self._client, self.head
        edge = client.edge
        edge.cells[counting.RECEIVED] += 1
        edge.in_flight += 1
        self._slot, no = edge.policy.decide(head, client.ip, self.started_ns)
        if no is None:
            self._capture = Capture(edge, self._slot)
        else:
            edge.cells[_NO_CELLS[no]] += 1
        self._wire = forward_request(head, client.origin, edge.legacy_host)
        if not self.pool.submit(self):
            self.refuse(Refusal.OVERLOAD, 503, "too many requests wait for the service")

    @override
    def on_connected(self, connection: Connection) -> None:
        connection.write(self._wire)
        if self.was_retried:
            self._client.edge.cells[counting.RETRIES] += 1
        if self._pending:
            connection.write(b"".join(self._pending))
            self._pending.clear()
        if self.has_whole_request:
            connection.request_done()
            if self._capture is not None and not self._capture.number:
                self._shadowed(self._hand_over)
        else:
            self._client.resume_reading()

    def upload(self, payload: bytes, wire: bytes, is_last: bool) -> None:
        """A part of the request's body, already framed."""
        if self._capture is not None and payload:
            self._shadowed(self._keep_request, payload)
        connection = self.connection
        self.has_whole_request = is_last
        if connection is None:
            self._pending.append(wire)
            self._client.pause_reading()
            return
        connection.write(wire)
        connection.touch()
        if is_last:
            connection.request_done()
            if self._capture is not None:
                self._shadowed(self._hand_over)

    def _keep_request(self, payload: bytes) -> None:
        assert self._capture is not None
        if (reason := self._capture.keep_request(payload)) is not None:
            self._end_capture(counting.DROPPED[reason])

    def _hand_over(self) -> None:
        edge = self._client.edge
        assert self._capture is not None
        if not edge.policy.is_on:
            self._end_capture(counting.SKIPPED[SkipReason.OFF])
            return
        reason = self._capture.hand_over(self.head, self._wire, monotonic_ns())
        if reason is not None:
            self._end_capture(counting.DROPPED[reason])
        else:
            edge.cells[counting.HANDED_OVER] += 1

    @override
    def on_writable(self, is_writable: bool) -> None:
        if is_writable:
            self._client.resume_reading()
        elif not self.has_whole_request or self._status == 101:
            self._client.pause_reading()

    @override
    def on_interim(self, head: ResponseHead) -> None:
        if self.head.minor == 1:
            self._client.write(forward_interim(head))

    @override
    def on_upgraded(self, head: ResponseHead, rest: bytes) -> None:
        self._status = head.status
        self._client.open_tunnel(head.raw + rest)

    @override
    def on_tunnel_data(self, data: bytes) -> None:
        self._client.write(data)

    @override
    def on_tunnel_end(self) -> None:
        self._client.end_tunnel()

    @override
    def on_trailers(self, trailers: bytes) -> None:
        self._trailers = trailers

    @override
    def on_head(self, head: ResponseHead, payload: bytes, is_last: bool) -> None:
        client = self._client
        self._answer = head
        self._status = status = head.status
        if not self.has_whole_request or client.edge.is_draining:
            self.keep_alive = False
        chunked, self._chunks, self.keep_alive, connection = frame_answer(
            head, self.head.minor, self.is_head, self.keep_alive
        )
        out = forward_response(
            head, chunked=chunked, without_length=status == 204, connection=connection
        )
        client.write(out + self._framed(payload, is_last) if payload or self._chunks else out)
        self._sent_bytes = len(payload)
        if self._had_no_body:
            added_ns = self.written_ns - self.started_ns + monotonic_ns() - self.first_ns
            counting.count_overhead(client.edge.cells, added_ns // 1000)
        if is_last:
            self._ended(payload)
        elif payload and self._capture is not None:
            self._shadowed(self._keep_answer, payload)

    @override
    def on_data(self, payload: bytes, is_last: bool) -> None:
        self._sent_bytes += len(payload)
        if payload or self._chunks:
            self._client.write(self._framed(payload, is_last))
        if is_last:
            self._ended(payload)
        elif self._capture is not None:
            self._shadowed(self._keep_answer, payload)

    def _framed(self, payload: bytes, is_last: bool) -> bytes:
        if not self._chunks:
            return payload
        framed = chunk(payload) if payload else b""
        return framed + last_chunk(self._trailers) if is_last else framed

    def _keep_answer(self, payload: bytes) -> None:
        assert self._capture is not None
        self._capture.keep_answer(payload)

    def _ended(self, last: bytes) -> None:
        """Legacy's answer is whole and on its way to the user."""
        edge = self._client.edge
        duration_us = (self.ended_ns - self.written_ns) // 1000
        counting.count_legacy(edge.cells, self._slot, self._status, duration_us)
        if self._capture is not None:
            if self.has_whole_request:
                self._shadowed(self._finish_capture, last, duration_us)
            else:
                self._end_capture(counting.SKIPPED[SkipReason.NO_BODY_CAPTURE])
        self._done(self._status)

    def _finish_capture(self, last: bytes, duration_us: int) -> None:
        capture, answer = self._capture, self._answer
        assert capture is not None
        assert answer is not None
        first_us = (self.first_ns - self.written_ns) // 1000
        capture.finish(answer.status, first_us, duration_us, answer.raw, last)

    @override
    def on_failure(self, failure: Failure) -> None:
        edge = self._client.edge
        counting.count_legacy_failure(edge.cells, failure.kind)
        duration_us = (self.ended_ns - self.started_ns) // 1000
        edge.tell_legacy_failed(failure, self.head.method, self._slot, duration_us)
        if (capture := self._capture) is not None:
            if capture.number:
                self._shadowed(capture.finish_failed, failure, duration_us)
            else:
                self._end_capture(counting.SKIPPED[SkipReason.NO_BODY_CAPTURE])
        if self._answer is not None:
            self._client.abort()
            self._done(0)
            return
        if not self.has_whole_request or edge.is_draining:
            self.keep_alive = False
        keep = self.keep_alive and self.head.minor == 1
        self.keep_alive = keep
        self._client.write(replies.gateway_reply(failure, is_head=self.is_head, keep_alive=keep))
        self._done(replies.gateway_status(failure))

    def refuse(self, refusal: Refusal, status: int, detail: str) -> None:
        """The proxy itself ends the exchange with an error, or by closing if one has begun."""
        edge = self._client.edge
        edge.cells[counting.REFUSED[refusal]] += 1
        self.pool.cancel(self)
        if (capture := self._capture) is not None:
            if capture.number:
                self._shadowed(capture.cancel, DropReason.CLIENT_GONE)
            else:
                self._end_capture(counting.SKIPPED[SkipReason.REFUSED])
        self.keep_alive = False
        if self._answer is not None:
            self._client.abort()
            self._done(0)
        else:
            self._client.write(replies.refusal(status, detail, is_head=self.is_head))
            self._done(status)

    def client_gone(self) -> None:
        """The user's connection is lost; legacy's answer has nobody to go to."""
        self.pool.cancel(self)
        if (capture := self._capture) is not None:
            if capture.number:
                self._shadowed(capture.cancel, DropReason.CLIENT_GONE)
            else:
                self._end_capture(counting.DROPPED[DropReason.CLIENT_GONE])
        self._count(0 if self._status != 101 else 101)

    def _done(self, status: int) -> None:
        self._count(status)
        self._client.relay_ended(self)

    def _count(self, status: int) -> None:
        edge = self._client.edge
        edge.in_flight -= 1
        duration_us = (monotonic_ns() - self.started_ns) // 1000
        head = self.head
        counting.count_user(edge.cells, self._slot, head.method, status, duration_us)
        if edge.access_log:
            size = self._sent_bytes
            edge.log_access(self._client.ip, head.method, head.target, status, size, duration_us)

    def _end_capture(self, cell: int) -> None:
        """The exchange will not be copied: lets the captured bytes go and counts why."""
        capture, self._capture = self._capture, None
        if capture is not None:
            capture.let_go()
            self._client.edge.cells[cell] += 1

    def _shadowed(self, step: Callable[..., None], *arguments: object) -> None:
        """The funnel: a bug in the capture is counted and logged, the user's answer goes on."""
        try:
            step(*arguments)
        except Exception:  # noqa: BLE001 - the one funnel of the shadow's part in the edge
            edge = self._client.edge
            capture, self._capture = self._capture, None
            if capture is not None and not capture.number:
                edge.cells[counting.FAILED_CAPTURE] += 1
            edge.tell("shadow_error", level="error", error=traceback.format_exc(limit=8))
