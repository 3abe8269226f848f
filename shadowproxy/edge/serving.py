"""Serving: one edge process from its first accepted connection to its last.

accepting ─SIGTERM─► draining (says close) ─drain_delay─► not accepting ─idle or late─► gone
"""

import asyncio
import contextlib
import socket
import ssl
import traceback
from collections.abc import Sequence
from time import monotonic_ns
from typing import Any

from shadowproxy.core.cells import unsettled
from shadowproxy.core.lifecycle import DropReason
from shadowproxy.core.settings import Settings
from shadowproxy.edge import counting
from shadowproxy.edge.client import Client
from shadowproxy.edge.edge import Edge
from shadowproxy.edge.guard import Guard
from shadowproxy.ipc import frames
from shadowproxy.ipc.channel import Sender
from shadowproxy.ipc.process import TICK_S, Process

DEADLINE_TICKS = 5
"""Users' deadlines are looked at every half second: 10,000 connections take 0.4 ms."""


async def serve(process: Process, sockets: Sequence[socket.socket], stop: asyncio.Event) -> None:
    """Runs an edge on its listening sockets until `stop` is set and it has drained."""
    _settle(process)
    edge = _make_edge(process)
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: _report(edge, context))
    tls = users_tls(process.settings)
    spares = [sock.dup() for sock in sockets]
    servers = [
        await loop.create_server(lambda: Client(edge), sock=sock, ssl=tls, backlog=4096)
        if sock.family != socket.AF_UNIX
        else await loop.create_unix_server(lambda: Client(edge), sock=sock, ssl=tls, backlog=4096)
        for sock in sockets
    ]
    ticker = _Ticker(edge, tls)
    async with asyncio.TaskGroup() as tasks:
        running = [
            tasks.create_task(edge.exchanges.run()),
            tasks.create_task(edge.events.run()),
            tasks.create_task(ticker.run()),
        ]
        await stop.wait()
        await _drain(edge, servers, spares, tls)
        for task in running:
            task.cancel()
    edge.pool.close()


def _settle(process: Process) -> None:
    """What a killed predecessor had in flight is lost, and counted."""
    lost = unsettled(process.tallies.cells.tolist())
    if lost > 0:
        process.tallies.cells[counting.DROPPED[DropReason.PROCESS_LOST]] += lost


def _make_edge(process: Process) -> Edge:
    cells = process.tallies.cells

    def take_back(accepted: int) -> None:
        """What was handed over and never arrived is lost, and counted."""
        lost = cells[counting.HANDED_OVER] - accepted
        if lost > 0:
            cells[counting.HANDED_OVER] -= lost
            cells[counting.DROPPED[DropReason.PROCESS_LOST]] += lost

    exchanges = Sender(process.runtime_dir / "shadow.sock", process.slot, take_back)
    events = Sender(process.runtime_dir / "judge.sock", frames.NO_EXCHANGES, limit_bytes=1 << 20)
    return Edge(process, exchanges, events)


def users_tls(settings: Settings) -> ssl.SSLContext | None:
    """The users' side's TLS, or None for plain HTTP."""
    if settings.tls is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(settings.tls.cert, settings.tls.key)
    return context


def renew_certificate(edge: Edge, context: ssl.SSLContext | None) -> None:
    """Loads the certificate again, for the connections to come; a bad one changes nothing."""
    tls = edge.settings.tls
    if context is None or tls is None:
        return
    try:
        context.load_cert_chain(tls.cert, tls.key)
    except (OSError, ssl.SSLError) as error:
        edge.tell("certificate_rejected", level="error", error=str(error), cert=tls.cert)


def _report(edge: Edge, context: dict[str, Any]) -> None:
    """An exception that reached the loop: our bug, in the log with its traceback."""
    error = context.get("exception")
    if isinstance(error, ConnectionError | TimeoutError | ssl.SSLError):
        return
    text = "".join(traceback.format_exception(error, limit=12)) if error else context["message"]
    edge.tell("edge_error", level="error", error=text)


async def _drain(
    edge: Edge,
    servers: list[asyncio.Server],
    spares: list[socket.socket],
    tls: ssl.SSLContext | None,
) -> None:
    """Serves on while load balancers look away, then finishes what runs."""
    edge.is_draining = True
    limits = edge.limits
    await asyncio.sleep(limits.drain_delay_s)
    for server in servers:
        server.close()
    for spare in spares:
        await _accept_last(edge, spare, tls)
    await asyncio.sleep(0)  # who was accepted in this turn becomes a client in the next
    edge.is_finishing = True
    for client in list(edge.clients):
        client.drain()
    if edge.clients:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limits.drain_timeout_s):
                await edge.emptied.wait()
    for client in list(edge.clients):
        client.abort()
    await asyncio.sleep(0)


async def _accept_last(edge: Edge, spare: socket.socket, tls: ssl.SSLContext | None) -> None:
    """Takes who is in the backlog already, then closes the port.

    Closing a listening socket resets those in its backlog; a last accept leaves the microseconds
    between it and the close instead of a turn of the event loop.
    """
    last: list[socket.socket] = []
    with spare, contextlib.suppress(OSError):
        spare.setblocking(False)
        while True:
            last.append(spare.accept()[0])
    loop = asyncio.get_running_loop()
    for sock in last:
        sock.setblocking(False)
        with contextlib.suppress(OSError):
            await loop.connect_accepted_socket(lambda: Client(edge), sock, ssl=tls)


class _Ticker:
    """What an edge does ten times a second, whatever goes on."""

    def __init__(self, edge: Edge, tls: ssl.SSLContext | None) -> None:
        self._edge = edge
        self._tls = tls
        self._ticks = 0
        self._worst_lag_s = 0.0
        guard = edge.settings.guard
        self._guard = Guard(guard.budget_s, guard.window_s)
        self._held_back = 0.0

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            expected_s = loop.time() + TICK_S
            await asyncio.sleep(TICK_S)
            self._worst_lag_s = max(self._worst_lag_s, loop.time() - expected_s)
            self._tick()

    def _tick(self) -> None:
        edge = self._edge
        process = edge.process
        process.beat()
        if process.reload():
            edge.reload()
            renew_certificate(edge, self._tls)
            guard = edge.settings.guard
            self._guard = Guard(guard.budget_s, guard.window_s)
        now_ns = monotonic_ns()
        edge.tick_pools(now_ns)
        self._ticks += 1
        if self._ticks % DEADLINE_TICKS == 0:
            for client in [c for c in edge.clients if 0 < c.deadline_ns < now_ns]:
                client.on_deadline()
        if self._ticks % 10 == 0:
            self._each_second()

    def _each_second(self) -> None:
        edge = self._edge
        edge.refill_events()
        tallies = edge.process.tallies
        tallies.set("in_flight", edge.in_flight)
        tallies.set("connections", len(edge.clients))
        tallies.set("channel_bytes", edge.exchanges.queued_bytes)
        tallies.set("shadow_memory_bytes", edge.captured_bytes)
        tallies.set("loop_lag_us", round(self._worst_lag_s * 1e6))
        if edge.settings.guard.enabled:
            self._watch(tallies.cells)
        self._worst_lag_s = 0.0

    def _watch(self, cells: memoryview) -> None:
        edge = self._edge
        counts = cells[counting.OVERHEAD : counting.OVERHEAD + counting.OVERHEAD_BUCKETS].tolist()
        held_back = self._guard.observe(counts)
        if held_back != self._held_back:
            event = "shadow_paused" if held_back > self._held_back else "shadow_resumed"
            edge.tell(event, level="warning", reason="guard", held_back=held_back)
            self._held_back = held_back
        edge.policy.guarded_share = held_back
        edge.process.tallies.set("shadow_paused", int(held_back > 0))
