"""Signals as values to wait for, with a timeout: `select` on the interpreter's wake-up descriptor.

Law: the descriptor is let go before it is closed. The interpreter complains of a dead one on standard
error, from within the signal's handler, and there it would wait for whoever does not read.
"""

import select
import signal
import socket
from collections.abc import Iterable
from contextlib import suppress
from typing import Self


class Signals:
    """Takes the given signals over for the rest of the process; after its `with` they do nothing."""

    def __init__(self, numbers: Iterable[signal.Signals]) -> None:
        self._reading, self._writing = socket.socketpair()
        self._reading.setblocking(False)
        self._writing.setblocking(False)
        signal.set_wakeup_fd(self._writing.fileno(), warn_on_full_buffer=False)
        for number in numbers:
            signal.signal(number, lambda *_: None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(-1)
        self._reading.close()
        self._writing.close()

    def wait(self, timeout_s: float) -> list[signal.Signals]:
        """The signals that came since the last call; waits for the first one if there is none."""
        select.select([self._reading], [], [], max(0.0, timeout_s))
        with suppress(BlockingIOError):
            return [signal.Signals(number) for number in self._reading.recv(4096)]
        return []
