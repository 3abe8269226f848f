"""A scripted candidate: python -m bench.candidate MODE. Prints its port, serves until ended.

slow        answers after one second          resetting   resets when the request has come
hanging     accepts, reads, never answers     flooding    an answer whose body never ends
"""

import asyncio
import socket
import struct
import sys
from typing import cast

import uvloop

from bench.origin import BODY

MODES = ("slow", "hanging", "resetting", "flooding")
DELAY_S = 1.0
_HEAD = b"HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Type: application/json\r\n"
_ANSWER = _HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
_FLOOD_HEAD = _HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
_FLOOD_CHUNK = b"10000\r\n" + b"x" * 65536 + b"\r\n"
_NO_LINGER = struct.pack("ii", 1, 0)


class _Scripted(asyncio.Protocol):
    """Requests are counted by their empty lines: what the bench sends has no bodies."""

    def __init__(self, mode: str) -> None:
        self._mode = mode
        self._transport: asyncio.Transport | None = None
        self._flooding = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(
            high=0
        )  # whatever is kept back calls resume_writing

    def data_received(self, data: bytes) -> None:
        transport = self._transport
        assert transport is not None
        if self._mode == "slow":
            loop = asyncio.get_running_loop()
            for _ in range(data.count(b"\r\n\r\n")):
                loop.call_later(DELAY_S, self._answer)
        elif self._mode == "resetting":
            peer: socket.socket = transport.get_extra_info("socket")
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            transport.abort()
        elif self._mode == "flooding" and not self._flooding:
            self._flooding = True
            transport.write(_FLOOD_HEAD)
            self.resume_writing()

    def resume_writing(self) -> None:
        """The peer took what there was: more of the same, one chunk a turn of the loop."""
        transport = self._transport
        if self._flooding and transport is not None and not transport.is_closing():
            transport.write(_FLOOD_CHUNK)
            if transport.get_write_buffer_size() == 0:
                asyncio.get_running_loop().call_soon(self.resume_writing)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def _answer(self) -> None:
        if self._transport is not None:
            self._transport.write(_ANSWER)


async def _serve(mode: str) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Scripted(mode), "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(sys.argv[1]))
