"""One request on its way to a backend, and what comes back, as callbacks.

    submitted ─► on_connected ─► (on_interim)* ─► on_head ─► on_data* ─► is_last
                      │                │             │          │
                      └────────────────┴─────────────┴──────────┴──────► on_failure

Exactly one of `is_last=True` and `on_failure` ends a call, unless its owner abandons it; the
connection is released or closed by then. No callback may raise for what a backend sent.
"""

from time import monotonic_ns
from typing import TYPE_CHECKING

from shadowproxy.core.observing import Failure
from shadowproxy.http1.heads import ResponseHead

if TYPE_CHECKING:
    from shadowproxy.upstream.connection import Connection


class Call:
    """Subclass it, override the callbacks and give it to `Pool.submit`.

    Times are CLOCK_MONOTONIC nanoseconds, 0 until they happen: `written_ns` is when the whole
    request was given to the transport (the head until then), `first_ns` and `ended_ns` the answer's first and last byte.
    """

    __slots__ = (
        "can_retry", "connection", "deadline_ns", "ended_ns", "first_ns", "is_head",
        "may_upgrade", "submitted_ns", "was_retried", "written_ns",
    )  # fmt: skip

    def __init__(self, *, is_head: bool, can_retry: bool, may_upgrade: bool = False) -> None:
        self.is_head = is_head
        self.can_retry = can_retry
        self.may_upgrade = may_upgrade
        self.was_retried = False
        self.connection: Connection | None = None
        self.deadline_ns = 0
        """When the whole call must be over; 0 leaves only the backend's response_timeout."""
        self.submitted_ns = monotonic_ns()
        self.written_ns = 0
        self.first_ns = 0
        self.ended_ns = 0

    def on_connected(self, connection: "Connection") -> None:
        """Write the request; called again, on a fresh connection, when the call is retried."""
        raise NotImplementedError  # pragma: no cover - abstract

    def on_interim(self, head: ResponseHead) -> None:
        """A 1xx answer other than 101; ignored unless overridden."""

    def on_upgraded(self, head: ResponseHead, rest: bytes) -> None:
        """101: from now on the connection carries another protocol. `rest` came with the head."""

    def on_head(self, head: ResponseHead, payload: bytes, is_last: bool) -> None:
        """The final head and whatever payload came with it."""

    def on_data(self, payload: bytes, is_last: bool) -> None:
        """Payload with the transfer coding undone; may be empty when `is_last`."""

    def on_trailers(self, trailers: bytes) -> None:
        """Trailer lines of a chunked answer; comes right before `is_last`."""

    def on_tunnel_data(self, data: bytes) -> None:
        """Bytes after an upgrade."""

    def on_tunnel_end(self) -> None:
        """The backend ended an upgraded connection."""

    def on_failure(self, failure: Failure) -> None:
        """No usable answer, or none that is whole."""

    def on_writable(self, is_writable: bool) -> None:
        """The connection's send buffer passed its high mark (False) or drained (True)."""

    def abandon(self) -> None:
        """Gives up: closes the connection; no callback follows."""
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.abandon()
