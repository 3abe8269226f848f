"""The connections to one backend: reuse the newest idle one, dial within a limit, wait in a line.

Law: `submit` never blocks, and nothing grows past its limit: open connections, calls in line, and
the time that each may take.
"""

import asyncio
import socket
import ssl
from collections import deque
from time import monotonic_ns

from shadowproxy.core.observing import Failure
from shadowproxy.core.settings import BackendSettings
from shadowproxy.core.words import FailureKind
from shadowproxy.upstream.addresses import Address, Addresses
from shadowproxy.upstream.call import Call
from shadowproxy.upstream.connection import HEAD, IDLE, TUNNEL, Connection
from shadowproxy.upstream.failures import connect_failure

IDLE_TIMEOUT_NS = 30_000_000_000
"""An unused connection is closed after 30 s; whoever closes earlier is noticed by the peek."""

TRUSTED_IDLE_NS = 1_000_000
"""A connection that idled longer is looked at before it is used again. The look costs 1.5 µs, and
what arrives within 1 ms is seen by the event loop before the next request in all but a stalled
loop."""

TUNNEL_TIMEOUT_NS = 3_600_000_000_000
"""An upgraded connection may be silent for an hour (nginx: 60 s, which every chat app raises)."""

OVERSLEPT_S = 0.5
"""So late a timer says that the machine stood still, not that a backend was silent: what has come in
the meantime was not looked at yet."""


class Pool:
    """Connections to one backend, for one event loop."""

    def __init__(
        self,
        backend: BackendSettings,
        max_connections: int,
        max_waiting: int,
        trusted_idle_ns: int = TRUSTED_IDLE_NS,
    ) -> None:
        self.backend = backend
        self.trusted_idle_ns = trusted_idle_ns
        self._max_connections = max_connections
        self._max_waiting = max_waiting
        self._addresses = Addresses(backend)
        self._tls = tls_context(backend)
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()
        self._dialing: dict[asyncio.Task[None], Call] = {}
        self._waiting: deque[Call] = deque()
        self._is_closed = False

    @property
    def active(self) -> int:
        """Connections that carry a call."""
        return len(self._open) - len(self._idle)

    @property
    def idle(self) -> int:
        """Connections that wait for one."""
        return len(self._idle)

    @property
    def waiting(self) -> int:
        """Calls in line."""
        return len(self._waiting)

    def submit(self, call: Call) -> bool:
        """Gives the call a connection, now or later; False when the line is full."""
        idle = self._idle
        now_ns = call.submitted_ns
        while idle:
            connection = idle.pop()
            if connection.is_clean(now_ns):
                connection.assign(call)
                return True
            connection.close()
        if len(self._open) + len(self._dialing) < self._max_connections:
            self._dial(call)
        elif len(self._waiting) < self._max_waiting:
            self._waiting.append(call)
        else:
            return False
        return True

    def retry(self, call: Call) -> None:
        """The pooled connection turned out to be closed: once more, on a fresh one."""
        call.was_retried = True
        self._dial(call)

    def cancel(self, call: Call) -> None:
        """The owner gave up before the call had a connection, or has one to close."""
        if call.connection is not None:
            call.abandon()
            return
        for task, dialed in self._dialing.items():
            if dialed is call:
                task.cancel()
                return
        if call in self._waiting:
            self._waiting.remove(call)

    def release(self, connection: Connection) -> None:
        """A connection has delivered a whole answer and can take the next call."""
        if self._waiting:
            connection.assign(self._waiting.popleft())
        elif self._is_closed:
            connection.close()
        else:
            self._idle.append(connection)

    def forget(self, connection: Connection) -> None:
        """A connection is gone."""
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        self._dial_for_waiting()

    def _dial_for_waiting(self) -> None:
        while self._waiting and len(self._open) + len(self._dialing) < self._max_connections:
            self._dial(self._waiting.popleft())

    def _dial(self, call: Call) -> None:
        task = asyncio.get_running_loop().create_task(self._connect(call))
        self._dialing[task] = call
        task.add_done_callback(self._dialed)

    def _dialed(self, task: asyncio.Task[None]) -> None:
        call = self._dialing.pop(task)
        bug = None if task.cancelled() else task.exception()
        if bug is not None:
            asyncio.get_running_loop().call_exception_handler(
                {"message": "dialing failed", "exception": bug}
            )
            if call.connection is None and not call.ended_ns:
                call.ended_ns = monotonic_ns()
                call.on_failure(Failure(FailureKind.PROTOCOL, "connect", "internal error"))
        self._dial_for_waiting()

    async def _connect(self, call: Call) -> None:
        try:
            connection = await self._open_in_time()
        except OSError as error:
            call.ended_ns = monotonic_ns()
            call.on_failure(connect_failure(error))
            return
        self._open.add(connection)
        connection.assign(call)

    async def _open_in_time(self) -> Connection:
        """Within the time limit; one that this process slept through begins again, once."""
        loop = asyncio.get_running_loop()
        limit_s = self.backend.connect_timeout_s
        ends_s = loop.time() + limit_s
        try:
            async with asyncio.timeout_at(ends_s):
                return await self._open_connection()
        except TimeoutError:
            if loop.time() - ends_s < OVERSLEPT_S:
                raise
        async with asyncio.timeout(limit_s):
            return await self._open_connection()

    async def _open_connection(self) -> Connection:
        last: OSError | None = None
        for address in await self._addresses.in_turn():
            try:
                return await self._open_at(address)
            except OSError as error:
                last = error
        assert last is not None
        raise last

    async def _open_at(self, address: Address) -> Connection:
        loop = asyncio.get_running_loop()
        family, where = address
        sock = socket.socket(family, socket.SOCK_STREAM)
        connection = Connection(self)
        try:
            sock.setblocking(False)
            if family == socket.AF_UNIX:
                await loop.sock_connect(sock, where[0])
            else:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                await loop.sock_connect(sock, where)
            await loop.create_connection(
                lambda: connection,
                sock=sock,
                ssl=self._tls,
                server_hostname=self._server_name() if self._tls else None,
            )
        except BaseException:
            sock.close()
            raise
        connection.sock = None if self._tls else sock
        return connection

    def _server_name(self) -> str:
        return self.backend.server_name or self.backend.host

    def tick(self, now_ns: int) -> None:
        """Enforces the time limits; call it ten times a second."""
        timeout_ns = int(self.backend.response_timeout_s * 1e9)
        for connection in list(self._open):
            call = connection.call
            if call is None:
                if connection.at == IDLE and now_ns - connection.idle_since_ns > IDLE_TIMEOUT_NS:
                    connection.close()
            elif connection.at == TUNNEL:
                if now_ns - connection.heard_ns > TUNNEL_TIMEOUT_NS:
                    connection.fail(FailureKind.TIMEOUT, "body", "the tunnel was silent")
            elif call.deadline_ns and now_ns > call.deadline_ns:
                self._time_out(connection)
            elif connection.is_paused or not connection.request_is_written:
                continue
            elif now_ns - connection.heard_ns > timeout_ns:
                self._time_out(connection)
        self._tick_line(now_ns)

    def _time_out(self, connection: Connection) -> None:
        phase = "head" if connection.at == HEAD else "body"
        connection.fail(FailureKind.TIMEOUT, phase, "no answer in time")

    def _tick_line(self, now_ns: int) -> None:
        limit_ns = int(self.backend.connect_timeout_s * 1e9)
        while self._waiting and now_ns - self._waiting[0].submitted_ns > limit_ns:
            call = self._waiting.popleft()
            call.ended_ns = now_ns
            call.on_failure(
                Failure(FailureKind.CONNECT_TIMEOUT, "connect", "no connection became free")
            )

    def close(self) -> None:
        """Keeps no connection from now on; calls that were submitted end as they began.

        Go on calling `tick` until `is_over`.
        """
        self._is_closed = True
        for connection in self._idle:
            connection.close()
        self._idle.clear()

    @property
    def is_over(self) -> bool:
        """Closed, and no call is left."""
        return self._is_closed and not (self._open or self._dialing or self._waiting)


def tls_context(backend: BackendSettings) -> ssl.SSLContext | None:
    """TLS 1.2 and up, verified unless the operator said otherwise."""
    if backend.scheme != "https":
        return None
    context = ssl.create_default_context(cafile=backend.ca or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not backend.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
