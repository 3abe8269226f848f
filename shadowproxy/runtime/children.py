"""One process slot: starting it, remembering how it fared, ending it."""

import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from shadowproxy.runtime.backoff import Backoff
from shadowproxy.runtime.events import timestamp
from shadowproxy.runtime.heartbeats import Watch, read_page

ROLES: Final = ("edge", "shadow", "judge", "control")
"""In the order of starting: users first."""

Command = Callable[[str, int, Path, Sequence[int]], list[str]]
"""(role, slot, runtime_dir, descriptors) to the argument vector."""

BLOCKED: Final = (signal.SIGHUP, signal.SIGINT)
"""Until the child has its handlers: their default would end it."""


def command(role: str, slot: int, runtime_dir: Path, fds: Sequence[int]) -> list[str]:
    """Runs `runtime.process` with this interpreter, looking for modules where we did."""
    flags = ["-P"] if sys.flags.safe_path else []
    arguments = [role, str(slot), str(runtime_dir), *map(str, fds)]
    return [sys.executable, *flags, "-m", "shadowproxy.runtime.process", *arguments]


class Child:
    """A slot, whichever process has it. `pid` is 0 while none has."""

    def __init__(self, role: str, slot: int, sockets: Sequence[socket.socket]) -> None:
        self.role = role
        self.slot = slot
        self.name = f"edge-{slot}" if role == "edge" else role
        self.pid = 0
        self.restarts = 0
        self.due_s: float | None = 0.0
        self.backoff = Backoff()
        self.ending = ""
        self.pause_s = 0.0
        self._sockets = sockets
        self._started_s = 0.0
        self._since = ""
        self._watch = Watch()

    def start(self, runtime_dir: Path, command: Command) -> None:
        """Starts a process with the slot's sockets and nothing else of ours open.

        Raises:
            OSError: the machine has no room for another process.
        """
        fds = [sock.fileno() for sock in self._sockets]
        arguments = command(self.role, self.slot, runtime_dir, fds)
        for fd in fds:
            os.set_inheritable(fd, True)
        try:
            self._started_s = time.monotonic()
            self.pid = os.posix_spawn(arguments[0], arguments, os.environ, setsigmask=BLOCKED)
        finally:
            for fd in fds:
                os.set_inheritable(fd, False)
        self._since = timestamp(datetime.now(UTC))
        self.due_s = None
        self._watch = Watch()

    def ended(self, ending: str) -> None:
        """The process is gone, and how it ended; its successor is due after `pause_s`."""
        self.pid = 0
        self.ending = ending
        self._since = timestamp(datetime.now(UTC))
        now_s = time.monotonic()
        self.pause_s = self.backoff.pause_after(now_s - self._started_s)
        self.due_s = now_s + self.pause_s

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal, if there is someone to take it."""
        if self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def has_beaten(self, runtime_dir: Path) -> bool:
        """Whether the present process, not a predecessor, has begun to run its role."""
        return bool(self.pid) and read_page(runtime_dir, self.name)[0] == self.pid

    def is_hung(self, runtime_dir: Path) -> bool:
        """One look at the heartbeat; see `heartbeats`."""
        return bool(self.pid) and self._watch.is_hung(read_page(runtime_dir, self.name)[1])

    def state(self) -> dict[str, Any]:
        """The slot's entry in processes.json."""
        return {
            "name": self.name,
            "pid": self.pid,
            "restarts": self.restarts,
            "up": bool(self.pid),
            "since": self._since,
        }
