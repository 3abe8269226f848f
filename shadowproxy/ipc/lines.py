"""Writing log lines without ever waiting for the reader.

    emit(line) ─► bounded queue ─► one daemon thread ─► write(2)

Law: `emit` never blocks. When the reader of standard error stalls, the queue fills, further lines
are dropped and counted, and the count is written as a line of its own when the reader is back.
Standard library only: the supervisor uses it too.
"""

import os
import threading
from collections import deque
from collections.abc import Callable

MAX_LINES = 10_000
MAX_BYTES = 8 << 20
"""A line is at most a few KiB; 8 MiB is a minute of a busy log."""


class LineWriter:
    """Writes whole lines to a file descriptor from a thread of its own."""

    def __init__(self, fd: int = 2, on_dropped: Callable[[int], None] | None = None) -> None:
        """`on_dropped(count)` is called from `emit` with the number of lines just dropped."""
        self._fd = fd
        self._on_dropped = on_dropped
        self._lines: deque[bytes] = deque()
        self._bytes = 0
        self._ready = threading.Condition()
        self._writing = False
        self._thread: threading.Thread | None = None

    def emit(self, line: bytes) -> bool:
        """Queues a line (without its newline); False when it was dropped."""
        with self._ready:
            if len(self._lines) >= MAX_LINES or self._bytes + len(line) > MAX_BYTES:
                dropped = True
            else:
                dropped = False
                self._lines.append(line)
                self._bytes += len(line)
                if self._thread is None:
                    self._thread = threading.Thread(target=self._write, daemon=True)
                    self._thread.start()
                self._ready.notify()
        if dropped and self._on_dropped is not None:
            self._on_dropped(1)
        return not dropped

    def flush(self, timeout_s: float) -> bool:
        """Waits until everything is written, at most `timeout_s`; for the end of a process."""
        with self._ready:
            return self._ready.wait_for(
                lambda: not self._lines and not self._writing, timeout=timeout_s
            )

    def _write(self) -> None:
        while True:
            with self._ready:
                self._writing = False
                self._ready.notify_all()
                self._ready.wait_for(lambda: bool(self._lines))
                batch = b"".join(line + b"\n" for line in self._lines)
                self._lines.clear()
                self._bytes = 0
                self._writing = True
            view = memoryview(batch)
            while view:
                try:
                    view = view[os.write(self._fd, view) :]
                except OSError:
                    break
