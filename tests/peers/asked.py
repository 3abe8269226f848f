"""The same request, asked of a server itself and through the proxy.

Law: what comes through the proxy is what the server says, but for hop-by-hop fields and Date.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http.client import HTTPResponse
from typing import TYPE_CHECKING, cast

from tests.peers.proxied import Proxied
from tests.support.wire import EndedError, Wire

if TYPE_CHECKING:
    from socket import socket

HOST = "shop.test"
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "date"}


@dataclass(frozen=True)
class Asked:
    """One request, to be sent on a connection of its own."""

    target: str
    method: str = "GET"
    headers: Mapping[str, str] | None = None
    body: bytes = b""
    version: str = "HTTP/1.1"

    def raw(self) -> bytes:
        """The bytes to send."""
        fields = {"Host": HOST, "Connection": "close", **(self.headers or {})}
        if self.body:
            fields["Content-Length"] = str(len(self.body))
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return f"{self.method} {self.target} {self.version}\r\n{lines}\r\n".encode() + self.body


@dataclass(frozen=True)
class Seen:
    """An answer as far as it must be the same; `end` tells a clean end from a reset."""

    status: int
    reason: str
    fields: tuple[tuple[str, str], ...]
    body: bytes
    end: str

    def value(self, name: str) -> str:
        """The one value of a field."""
        (value,) = (value for key, value in self.fields if key.lower() == name)
        return value


async def ask(port: int, asked: Asked) -> Seen:
    """Asks whoever listens on the port and reads until the connection ends."""
    wire = await Wire.connect(("127.0.0.1", port))
    await wire.send(asked.raw())
    data, end = await wire.read_to_end()
    wire.close()
    return replace(_parse(data, asked.method), end=end.__name__)


async def ask_both(proxied: Proxied, asked: Asked) -> tuple[Seen, Seen]:
    """Legacy's own answer and the one through the proxy."""
    return await ask(proxied.legacy, asked), await ask(proxied.port, asked)


class _Socket(io.BytesIO):
    """What http.client reads an answer from."""

    def makefile(self, _mode: str) -> io.BytesIO:
        return self


def _parse(data: bytes, method: str) -> Seen:
    response = HTTPResponse(cast("socket", _Socket(data)), method=method)
    response.begin()
    kept = [pair for pair in response.getheaders() if pair[0].lower() not in HOP_BY_HOP]
    body = response.read()
    return Seen(response.status, response.reason, tuple(kept), body, EndedError.__name__)
