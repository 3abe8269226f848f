"""A backend on a real socket that records every request and answers, honestly or by script.

    connection ─► head ─► script for its target? ─yes─► run it
                    └─no─► whole request ─► recorded ─► `answer(request)` ─► next

The honest answer names the method, the target and a digest of the body, so an answer that reaches
the wrong user is seen.
"""

import asyncio
import contextlib
import hashlib
import socket
import ssl
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from tests.support.messages import MalformedError, Received, read_request_body, read_request_head
from tests.support.scripts import Script, Step, begins_at_accept
from tests.support.tls import TlsWire
from tests.support.waiting import alongside
from tests.support.wire import EndedError, Wire


def honest_body(method: bytes, target: bytes, body: bytes) -> bytes:
    """The body of the honest answer."""
    return b"%s %s %s\n" % (method, target, hashlib.sha1(body).hexdigest()[:12].encode())


def honest_answer(request: Received) -> bytes:
    """Says what was asked."""
    body = honest_body(request.method, request.target, request.body)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(body)
    return head if request.method == b"HEAD" else head + body


class Backend:
    """`requests` are whole ones, `begun` what ended early, `malformed` what was no request.

    `scripts` answer their targets always, `once` the first time; `streams` are long answers: a
    head, a piece, how often it is sent, and what ends it.
    """

    def __init__(self, listener: socket.socket, tls: ssl.SSLContext | None = None) -> None:
        self._listener = listener
        self._tls = tls
        self.requests: list[Received] = []
        self.begun: list[Received] = []
        self.malformed: list[str] = []
        self.wires: list[Wire] = []
        self.open_connections = 0
        self.answer: Callable[[Received], bytes] = honest_answer
        self.scripts: dict[bytes, list[Step]] = {}
        self.once: dict[bytes, list[Step]] = {}
        self.streams: dict[bytes, tuple[bytes, bytes, int, bytes]] = {}
        self.streamed_bytes = 0
        self.at_accept: list[Step] = []
        self.runs: list[Script] = []
        self.events: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        host, port = self._listener.getsockname()
        return host, port

    @property
    def connections(self) -> int:
        """How many it ever accepted."""
        return len(self.wires)

    async def accept_for_ever(self) -> None:
        """Serves until cancelled; owns the tasks of its connections.

        Accepts in a callback: a cancelled `sock_accept` may lose a connection without closing it.
        """
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as connections:

            def accept() -> None:
                with contextlib.suppress(BlockingIOError):
                    self.wires.append(self._wire(self._listener.accept()[0]))
                    connections.create_task(self._serve(self.wires[-1]))

            loop.add_reader(self._listener, accept)
            try:
                await asyncio.Event().wait()
            finally:
                loop.remove_reader(self._listener)

    def _wire(self, sock: socket.socket) -> Wire:
        if self._tls is None:
            return Wire(sock, deadline_s=None)
        return TlsWire(sock, self._tls, deadline_s=None)

    async def _serve(self, wire: Wire) -> None:
        self.open_connections += 1
        try:
            if isinstance(wire, TlsWire):
                await wire.shake_hands()
            if begins_at_accept(self.at_accept) and not await self._run(self.at_accept, wire):
                return
            while await self._serve_one(wire):
                pass
        except (EndedError, ssl.SSLError):
            pass
        except MalformedError as fault:
            self.malformed.append(str(fault))
        finally:
            self.open_connections -= 1
            wire.close()

    async def _serve_one(self, wire: Wire) -> bool:
        request = await read_request_head(wire)
        steps = self.once.pop(request.target, None) or self.scripts.get(request.target)
        if steps is not None:
            self.requests.append(request)
            return await self._run(steps, wire, request)
        if request.target in self.streams:
            return await self._stream(wire, *self.streams[request.target])
        await read_request_body(wire, request)
        if not request.is_complete:
            self.begun.append(request)
            return False
        self.requests.append(request)
        return await wire.send(self.answer(request))

    async def _stream(self, wire: Wire, head: bytes, piece: bytes, times: int, end: bytes) -> bool:
        if not await wire.send(head):
            return False
        for _ in range(times):
            if not await wire.send(piece):
                return False
            self.streamed_bytes += len(piece)
        return await wire.send(end) and b"close" not in head

    async def _run(self, steps: list[Step], wire: Wire, request: Received | None = None) -> bool:
        run = Script(steps, self.events)
        run.request = request
        self.runs.append(run)
        return await run.run(wire)


def listen(backlog: int = 1024) -> socket.socket:
    """A listening socket on a port of the kernel's choice."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=backlog)
    listener.setblocking(False)
    return listener


@asynccontextmanager
async def backend(tls: ssl.SSLContext | None = None) -> AsyncIterator[Backend]:
    """A running backend."""
    with listen() as listener:
        it = Backend(listener, tls)
        try:
            async with alongside(it.accept_for_ever()):
                yield it
        finally:
            for wire in it.wires:
                wire.close()


@asynccontextmanager
async def refusing() -> AsyncIterator[tuple[str, int]]:
    """An address where nobody listens: the port is bound, and stays so."""
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        yield unheard.getsockname()


@asynccontextmanager
async def unreachable() -> AsyncIterator[tuple[str, int]]:
    """An address whose connections are never completed: its backlog is full."""
    with listen(backlog=0) as listener:
        waiting = []
        try:
            for _ in range(4):
                sock = socket.socket()
                sock.setblocking(False)
                sock.connect_ex(listener.getsockname())
                waiting.append(sock)
            yield listener.getsockname()
        finally:
            for sock in waiting:
                sock.close()
