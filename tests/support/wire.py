"""One TCP or Unix connection, byte by byte: what goes out in which segments, how it ends.

Law: nothing is interpreted. A clean end and a reset are told apart, and bytes that arrived
before either are never lost.
"""

import asyncio
import socket
import struct
from collections.abc import Callable, Iterable
from typing import Self

from tests.support.waiting import DEADLINE_S

Segmenting = Callable[[bytes], Iterable[bytes]]

BYTEWISE_LIMIT = 2048
"""Longer messages go byte by byte at both ends and in pieces of 61 bytes between them."""

_RESET_AT_CLOSE = struct.pack("ii", 1, 0)
_CHUNK_BYTES = 1 << 16


def whole(data: bytes) -> Iterable[bytes]:
    """One segment."""
    return [data]


def head_and_body_apart(data: bytes) -> Iterable[bytes]:
    """Two segments, parted behind the first empty line (or one, if there is none)."""
    head, empty_line, body = data.partition(b"\r\n\r\n")
    return [part for part in (head + empty_line, body) if part]


def one_byte_a_segment(data: bytes) -> Iterable[bytes]:
    """As many segments as bytes; see BYTEWISE_LIMIT."""
    if len(data) <= BYTEWISE_LIMIT:
        return [data[at : at + 1] for at in range(len(data))]
    half = BYTEWISE_LIMIT // 2
    middle = data[half:-half]
    return [
        *one_byte_a_segment(data[:half]),
        *(middle[at : at + 61] for at in range(0, len(middle), 61)),
        *one_byte_a_segment(data[-half:]),
    ]


class EndedError(Exception):
    """The peer closed its side; `rest` is what had arrived of the unfinished part."""

    def __init__(self, rest: bytes) -> None:
        super().__init__(f"closed by the peer, {len(rest)} bytes of an unfinished part: {rest!r}")
        self.rest = rest


class ResetError(EndedError):
    """The peer reset the connection."""


class Wire:
    """A connected socket with a read buffer, for clients and for scripted backends alike."""

    def __init__(self, sock: socket.socket, deadline_s: float | None = DEADLINE_S) -> None:
        """`deadline_s` is how long one read may wait; a backend waits for as long as it lives."""
        sock.setblocking(False)
        if sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = sock
        self.buffer = bytearray()
        self.bytes_read = 0
        self.deadline_s = deadline_s
        self._end: type[EndedError] | None = None

    @classmethod
    async def connect(cls, address: tuple[str, int] | str, receive_buffer: int = 0) -> Self:
        """Connects; `receive_buffer` bounds what the kernel takes for a reader that does not."""
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setblocking(False)
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        try:
            await asyncio.get_running_loop().sock_connect(sock, address)
        except BaseException:
            sock.close()
            raise
        return cls(sock)

    async def send(self, data: bytes, segmenting: Segmenting = whole) -> bool:
        """Sends in segments; False as soon as the peer takes no more.

        Between segments the loop turns twice, so a peer in the same loop reads each by itself.
        """
        loop = asyncio.get_running_loop()
        for segment in segmenting(data):
            try:
                await loop.sock_sendall(self.sock, segment)
            except OSError:
                return False
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        return True

    async def read_some(self) -> bytes:
        """Whatever is buffered, else the next bytes that arrive.

        Raises:
            EndedError: the peer closed, or reset (ResetError).
        """
        if not self.buffer:
            await self._fill()
        data = bytes(self.buffer)
        self.buffer.clear()
        return data

    async def read_until(self, mark: bytes) -> bytes:
        """Everything up to and including the mark.

        Raises:
            EndedError: the peer closed or reset first.
        """
        searched = 0
        while (at := self.buffer.find(mark, searched)) < 0:
            searched = max(0, len(self.buffer) - len(mark) + 1)
            await self._fill()
        return self._take(at + len(mark))

    async def read_exactly(self, count: int) -> bytes:
        """That many bytes.

        Raises:
            EndedError: the peer closed or reset first.
        """
        while len(self.buffer) < count:
            await self._fill()
        return self._take(count)

    async def read_to_end(self) -> tuple[bytes, type[EndedError]]:
        """All bytes until the peer closes or resets, and which of the two it did."""
        while True:
            try:
                await self._fill()
            except EndedError as end:
                return end.rest, type(end)

    def half_close(self) -> None:
        """Ends the sending side."""
        self.sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Closes: the peer sees an end (or a reset, if it had sent what was not read)."""
        self.sock.close()

    def reset(self) -> None:
        """Closes by reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
        self.sock.close()

    async def _fill(self) -> None:
        if self._end is None:
            try:
                async with asyncio.timeout(self.deadline_s):
                    data = await asyncio.get_running_loop().sock_recv(self.sock, _CHUNK_BYTES)
            except TimeoutError:
                raise AssertionError(
                    f"nothing for {self.deadline_s} s; so far {bytes(self.buffer[:400])!r}"
                ) from None
            except OSError:
                self._end = ResetError
            else:
                self.bytes_read += len(data)
                self.buffer += data
                self._end = None if data else EndedError
        if self._end is not None:
            rest = bytes(self.buffer)
            self.buffer.clear()
            raise self._end(rest)

    def _take(self, count: int) -> bytes:
        data = bytes(self.buffer[:count])
        del self.buffer[:count]
        return data
