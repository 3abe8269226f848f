"""The entry point of every process but the supervisor: one role, one slot, under uvloop.

    python -m shadowproxy.runtime.process ROLE SLOT RUNTIME_DIR [FD ...]

Only the role's own modules are imported. SIGTERM asks the role to finish; SIGINT is ignored,
because a terminal sends it to every process and the supervisor decides; SIGHUP is control's.
"""

import asyncio
import gc
import importlib
import os
import resource
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import uvloop

from shadowproxy.ipc.process import Process
from shadowproxy.runtime.events import Events

NICE: Final = {"control": 5, "shadow": 10, "judge": 15}
"""Under contention edges get 10 to 30 times the share of judge; control answers probes before both
work."""

EXPENDABLE: Final = {"control": 200, "shadow": 300, "judge": 500}
"""oom_score_adj: when memory runs out the kernel takes the processes that no user waits for."""

PARENT_LOOK_S: Final = 1.0
GC_THRESHOLDS: Final = (50_000, 20, 100)
"""The default first threshold (700) means a collection every 20 requests; nothing on the users'
path makes cycles that matter."""


def main(arguments: Sequence[str]) -> None:
    """Runs one role until it is asked to stop."""
    role, slot, runtime_dir, *fds = arguments
    parent = os.getppid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _step_back(role)
    gc.set_threshold(*GC_THRESHOLDS)
    serve = importlib.import_module(f"shadowproxy.{role}.serving").serve
    process = Process(Path(runtime_dir), role, int(slot))
    sockets = [socket.socket(fileno=int(fd)) for fd in fds]
    gc.collect()
    gc.freeze()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(role, serve, process, sockets, parent))


async def _run(
    role: str, serve: Any, process: Process, sockets: list[socket.socket], parent: int
) -> None:
    loop = asyncio.get_running_loop()
    stop, reload = asyncio.Event(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    if role == "control":
        loop.add_signal_handler(signal.SIGHUP, reload.set)
    else:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # The supervisor starts us with SIGHUP and SIGINT blocked; what came meanwhile arrives now.
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    _notice_loss(loop, parent, process)
    loop.call_later(PARENT_LOOK_S, gc.freeze)
    if role == "edge":
        await serve(process, sockets, stop)
    elif role == "control":
        await serve(process, sockets, stop, reload)
    else:
        await serve(process, stop)


def _notice_loss(loop: asyncio.AbstractEventLoop, parent: int, process: Process) -> None:
    """Says once that the supervisor is gone; every role goes on serving without it."""
    if os.getppid() == parent:
        loop.call_later(PARENT_LOOK_S, _notice_loss, loop, parent, process)
        return
    Events(process.name, process.settings.log).say(
        "supervisor_lost",
        "error",
        pid=os.getpid(),
        supervisor=parent,
        hint="serving on, but nobody restarts what ends; start the proxy again to replace it",
    )


def _step_back(role: str) -> None:
    """Priorities and limits: what is not the users' path yields to it."""
    os.nice(NICE.get(role, 0))
    if role in EXPENDABLE:
        score = Path("/proc/self/oom_score_adj")
        with suppress(OSError, ValueError):
            score.write_text(str(max(EXPENDABLE[role], int(score.read_text()))))
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    main(sys.argv[1:])
