"""An origin for large bodies: python -m bench.bulk. Prints its port, serves until ended.

PUT  /upload?stall=S     reads all, resting S seconds after the first bytes; answers the digest
GET  /download?bytes=N   N bytes of `block`s, with back-pressure
GET  /progress           bytes read and written so far, as JSON
"""

import asyncio
import hashlib
import json
import re
from typing import cast

import uvloop

BLOCK_BYTES = 1 << 20
_PLAIN = re.compile(rb"(\w+) /(\w+)(?:\?(?:stall|bytes)=(\d+))? ")
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


def block(number: int) -> bytes:
    """1 MiB that occurs once: a lost, repeated or swapped piece changes the digest."""
    return hashlib.blake2b(number.to_bytes(8, "little")).digest() * (BLOCK_BYTES // 64)


class _Bulk(asyncio.Protocol):
    """One request a connection at a time; uploads say how long they are."""

    read = 0
    written = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(
            high=0
        )  # whatever is kept back calls resume_writing
        self._head = b""
        self._left = 0
        self._digest = hashlib.blake2b()
        self._sending = range(0)

    def data_received(self, data: bytes) -> None:
        if self._left:
            self._take(data)
            return
        self._head += data
        head, found, body = self._head.partition(b"\r\n\r\n")
        if found:
            self._head = b""
            self._begin(head, body)

    def _begin(self, head: bytes, body: bytes) -> None:
        request = _PLAIN.match(head)
        assert request is not None
        path, number = request[2], int(request[3] or 0)
        if path == b"upload":
            length = _LENGTH.search(head)
            assert length is not None
            self._left = int(length[1])
            self._digest = hashlib.blake2b()
            if number:
                self._transport.pause_reading()
                asyncio.get_running_loop().call_later(number, self._transport.resume_reading)
            self._take(body)
        elif path == b"download":
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % number)
            self._sending = range(number // BLOCK_BYTES)
            self.resume_writing()
        else:
            self._answer(json.dumps([_Bulk.read, _Bulk.written]).encode())

    def _take(self, body: bytes) -> None:
        self._digest.update(body)
        self._left -= len(body)
        _Bulk.read += len(body)
        if not self._left:
            self._answer(self._digest.hexdigest().encode())

    def _answer(self, body: bytes) -> None:
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    def resume_writing(self) -> None:
        """The next block, at the next turn of the loop or when the peer has taken this one."""
        if self._sending and not self._transport.is_closing():
            number, self._sending = self._sending[0], self._sending[1:]
            self._transport.write(block(number))
            _Bulk.written += BLOCK_BYTES
            if self._transport.get_write_buffer_size() == 0:
                asyncio.get_running_loop().call_soon(self.resume_writing)


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Bulk, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve())
