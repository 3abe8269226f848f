"""Serving: the control process from its start to its end.

Nothing here is on a user's path, and nothing here waits for a log reader: lines go through
`logs`, and what aiohttp and asyncio would print goes there too.
"""

import asyncio
import logging
import socket
from collections.abc import Sequence
from typing import Any, Final

from aiohttp import web

from shadowproxy import logs
from shadowproxy.control.application import make_application
from shadowproxy.control.auditing import Auditing
from shadowproxy.control.connections import Connections
from shadowproxy.control.dialling import Dialling, now_utc
from shadowproxy.control.documents import changed
from shadowproxy.control.faults import Fault, guarded
from shadowproxy.control.live import EVERY_S
from shadowproxy.control.reloading import Reloading
from shadowproxy.control.saved import Saved
from shadowproxy.control.state import State
from shadowproxy.control.store import Store
from shadowproxy.core.overriding import override
from shadowproxy.core.settings import Settings
from shadowproxy.ipc.dials import HEARTBEAT
from shadowproxy.ipc.process import TICK_S, Process

FLUSH_S: Final = 0.3
"""For the last log lines and for answers that are being made, inside what the supervisor gives."""


async def serve(
    process: Process,
    sockets: Sequence[socket.socket],
    stop: asyncio.Event,
    reload: asyncio.Event,
    log_fd: int = 2,
) -> None:
    """Runs the admin server on its listening sockets until `stop` is set."""
    logs.configure(process.settings.log, process.tallies, log_fd)
    _divert_logging()
    store = Store(process.settings.report.store, process.runtime_dir)
    auditing = Auditing(store)
    dialling = Dialling(process, now_utc(), auditing.note)

    def follow(settings: Settings) -> None:
        dialling.apply()
        logs.configure(settings.log, process.tallies, log_fd)

    reloading = Reloading(process, follow, auditing.note)
    state = State(process, dialling, reloading, store, Saved(store, reloading), auditing)
    runner = web.AppRunner(make_application(state), handle_signals=False, shutdown_timeout=FLUSH_S)
    await runner.setup()
    assert runner.server is not None
    connections = Connections(runner.server)
    servers = [await _listen(connections, sock) for sock in sockets]
    try:
        await _run(state, stop, reload)
    finally:
        for server in servers:
            server.close()
        await runner.cleanup()
        store.close()
        logs.close(FLUSH_S)


async def _run(state: State, stop: asyncio.Event, reload: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as tasks:
        running = [
            tasks.create_task(_tick(state)),
            tasks.create_task(state.reloading.poll()),
            tasks.create_task(state.reloading.obey(reload)),
            tasks.create_task(state.saved.poll()),
            tasks.create_task(state.auditing.write()),
            tasks.create_task(_tell(state)),
        ]
        await stop.wait()
        await state.live.end()
        for task in running:
            task.cancel()


async def _tell(state: State) -> None:
    """Once a second, while pages listen: whether there is something new."""
    while True:
        await asyncio.sleep(EVERY_S)
        if state.live.is_heard:
            figures = await guarded(changed(state), "live figures")
            if not isinstance(figures, Fault):
                await state.live.publish(figures)


async def _listen(connections: Connections, sock: socket.socket) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    if sock.family == socket.AF_UNIX:
        return await loop.create_unix_server(connections, sock=sock)
    return await loop.create_server(connections, sock=sock)


async def _tick(state: State) -> None:
    """Ten times a second: the heart beats, dials end when their time is up."""
    process = state.process
    loop = asyncio.get_running_loop()
    while True:
        expected_s = loop.time() + TICK_S
        await asyncio.sleep(TICK_S)
        late_us = round((loop.time() - expected_s) * 1e6)
        process.tallies.set("loop_lag_us", late_us)
        process.beat()
        process.dials.words[HEARTBEAT] = process.tallies.get("heartbeat_ms")
        state.dialling.expire(now_utc())


class _ToLogs(logging.Handler):
    """What libraries log by the standard library's logging, as events of ours."""

    @override
    def emit(self, record: logging.LogRecord) -> None:
        details: dict[str, Any] = {"logger": record.name, "message": record.getMessage()[:2000]}
        if record.exc_info:
            details["exc_info"] = record.exc_info
        level = max(
            (known for known in logs.LEVELS.values() if known <= record.levelno), default=10
        )
        logs.get("control").log(level, "library", **details)


def _divert_logging() -> None:
    root = logging.getLogger()
    root.handlers[:] = [_ToLogs(logging.WARNING)]
