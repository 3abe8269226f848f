"""A call that remembers what it was told."""

import asyncio

from shadowproxy.core.observing import Failure
from shadowproxy.core.overriding import override
from shadowproxy.core.settings import BackendSettings
from shadowproxy.http1.heads import ResponseHead
from shadowproxy.upstream.call import Call
from shadowproxy.upstream.connection import Connection


class Recorded(Call):
    """Sends one GET and keeps the answer."""

    __slots__ = ("connections", "ended", "failure", "head", "payload", "request", "trailers")

    def __init__(self, target: str = "/", *, can_retry: bool = True, is_head: bool = False) -> None:
        super().__init__(is_head=is_head, can_retry=can_retry)
        method = "HEAD" if is_head else "GET"
        self.request = f"{method} {target} HTTP/1.1\r\nHost: a.test\r\n\r\n".encode()
        self.ended = asyncio.Event()
        self.failure: Failure | None = None
        self.head: ResponseHead | None = None
        self.payload = b""
        self.trailers = b""
        self.connections: list[Connection] = []

    @override
    def on_connected(self, connection: Connection) -> None:
        self.connections.append(connection)
        connection.write(self.request)
        connection.request_done()

    @override
    def on_trailers(self, trailers: bytes) -> None:
        self.trailers = trailers

    @override
    def on_head(self, head: ResponseHead, payload: bytes, is_last: bool) -> None:
        assert not self.ended.is_set()
        self.head = head
        self.on_data(payload, is_last)

    @override
    def on_data(self, payload: bytes, is_last: bool) -> None:
        assert not self.ended.is_set()
        self.payload += payload
        if is_last:
            self.ended.set()

    @override
    def on_failure(self, failure: Failure) -> None:
        assert not self.ended.is_set()
        self.failure = failure
        self.ended.set()


def settings(address: tuple[str, int], *, timeout_s: float = 5.0) -> BackendSettings:
    """A backend at an address."""
    return BackendSettings(
        "http", address[0], address[1], connect_timeout_s=timeout_s, response_timeout_s=timeout_s
    )
