"""A wire inside TLS, on either side, and certificates for loopback.

Law: an end with close_notify and one without are told apart: only the first is a clean end.
"""

import asyncio
import contextlib
import socket
import ssl
from pathlib import Path
from typing import Self

from tests.peers.certificates import Certificate, make_certificate
from tests.support.waiting import DEADLINE_S
from tests.support.wire import EndedError, ResetError, Segmenting, Wire, whole


class TlsWire(Wire):
    """The same interface as Wire; half-closing is not part of TLS as it is used here."""

    def __init__(
        self, sock: socket.socket, context: ssl.SSLContext, deadline_s: float | None = DEADLINE_S
    ) -> None:
        super().__init__(sock, deadline_s)
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        is_server = context.protocol == ssl.PROTOCOL_TLS_SERVER
        name = None if is_server else "localhost"
        self.tls = context.wrap_bio(self._in, self._out, is_server, name)

    @classmethod
    async def connect_tls(cls, address: tuple[str, int], context: ssl.SSLContext) -> Self:
        """Connects and shakes hands."""
        sock = socket.socket()
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, address)
        wire = cls(sock, context)
        try:
            await wire.shake_hands()
        except BaseException:
            sock.close()
            raise
        return wire

    async def shake_hands(self) -> None:
        """The handshake.

        Raises:
            ssl.SSLError: the peer's certificate or protocol is not accepted.
            EndedError: the peer went away.
        """
        while True:
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                await self._receive()
                if self._end is not None:
                    raise self._end(b"") from None
            else:
                await self._flush()
                return

    async def send(self, data: bytes, segmenting: Segmenting = whole) -> bool:
        """Each segment is a record of its own."""
        for segment in segmenting(data):
            try:
                self.tls.write(segment)
                await self._flush()
            except OSError:
                return False
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        return True

    def close(self) -> None:
        """Says close_notify first, as far as the kernel takes it at once."""
        with contextlib.suppress(OSError):
            try:
                self.tls.unwrap()
            except ssl.SSLWantReadError:
                self.sock.send(self._out.read())
        super().close()

    async def _fill(self) -> None:
        while self._end is None:
            try:
                data = self.tls.read(1 << 16)
            except ssl.SSLWantReadError:
                await self._receive()
            except ssl.SSLError:
                self._end = ResetError
            else:
                if data:
                    self.bytes_read += len(data)
                    self.buffer += data
                    return
                self._end = EndedError  # close_notify
        rest = bytes(self.buffer)
        self.buffer.clear()
        raise self._end(rest)

    async def _receive(self) -> None:
        """More records; an end of the connection without close_notify becomes an SSLError."""
        try:
            async with asyncio.timeout(self.deadline_s):
                data = await asyncio.get_running_loop().sock_recv(self.sock, 1 << 16)
        except TimeoutError:
            raise AssertionError(f"nothing for {self.deadline_s} s") from None
        except OSError:
            data = b""
        if data:
            self._in.write(data)
        else:
            self._end = ResetError

    async def _flush(self) -> None:
        if self._out.pending:
            await asyncio.get_running_loop().sock_sendall(self.sock, self._out.read())


def server_context(certificate: Certificate) -> ssl.SSLContext:
    """For a backend."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.cert, certificate.key)
    return context


def client_context(authority: Path) -> ssl.SSLContext:
    """For a user who trusts one certificate."""
    return ssl.create_default_context(cafile=str(authority))


__all__ = ["Certificate", "TlsWire", "client_context", "make_certificate", "server_context"]
