"""Writing log lines without ever waiting for the reader.

    emit(line) ─► bounded queue ─► one daemon thread ─► write(2), whole lines, 4 KiB at most

Law: `emit` never blocks. When the reader of standard error stalls, the queue fills, further lines
are dropped and counted, and the count is written as a line of its own when the reader is back.

All processes of the proxy share one standard error. A write of up to PIPE_BUF (4,096) bytes to a
pipe is atomic, a longer one may be mixed with another process's: so lines are written in groups
that fit, and only a line that is longer by itself can be torn.
Standard library only: the supervisor uses it too.
"""

import json
import os
import select
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

MAX_LINES = 10_000
MAX_BYTES = 8 << 20
"""A line is at most a few KiB; 8 MiB is a minute of a busy log."""

ATOMIC_BYTES = 4096
"""PIPE_BUF on Linux; 512 is what POSIX promises, where it is that a group may be torn."""


def _tell(count: int) -> bytes:
    timestamp = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    told = {"event": "log_events_dropped", "level": "warning", "count": count}
    return json.dumps({**told, "timestamp": timestamp}).encode()


class LineWriter:
    """Writes whole lines to a file descriptor from a thread of its own."""

    def __init__(
        self,
        fd: int = 2,
        on_dropped: Callable[[int], None] | None = None,
        tell: Callable[[int], bytes] = _tell,
    ) -> None:
        """`on_dropped(count)` is called from `emit` with the number of lines that were lost since.

        `tell(count)` renders the line that says how many lines are missing at its place.
        """
        self._fd = fd
        self._on_dropped = on_dropped
        self._tell = tell
        self._lines: deque[bytes] = deque()
        self._bytes = 0
        self._untold = 0
        self._lost = 0
        self._changed = threading.Condition()
        self._writing = False
        self._thread: threading.Thread | None = None

    def emit(self, line: bytes) -> bool:
        """Queues a line (without its newline); False when it was dropped."""
        with self._changed:
            fits = len(self._lines) < MAX_LINES and self._bytes + len(line) <= MAX_BYTES
            if fits:
                self._lines.append(line)
                self._bytes += len(line)
                if self._thread is None:
                    self._thread = threading.Thread(target=self._write, daemon=True)
                    self._thread.start()
                self._changed.notify_all()
            else:
                self._untold += 1
            lost, self._lost = self._lost + (not fits), 0
        if lost and self._on_dropped is not None:
            self._on_dropped(lost)
        return fits

    def flush(self, timeout_s: float) -> bool:
        """Waits until everything is written, at most `timeout_s`; for the end of a process."""
        with self._changed:
            return self._changed.wait_for(
                lambda: not self._lines and not self._writing, timeout=timeout_s
            )

    def _write(self) -> None:
        while True:
            with self._changed:
                self._writing = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: bool(self._lines))
                batch, self._lines = self._lines, deque()
                self._bytes = 0
                untold, self._untold = self._untold, 0
                self._writing = True
            if untold:
                batch.append(self._tell(untold))
            for group in _groups(batch):
                self._write_group(group)

    def _write_group(self, group: bytes) -> None:
        rest = memoryview(group)
        while rest:
            try:
                rest = rest[os.write(self._fd, rest) :]
            except BlockingIOError:
                # Someone who shares the pipe made it non-blocking.
                waiting = select.poll()
                waiting.register(self._fd, select.POLLOUT)
                waiting.poll(1000)
            except OSError:
                with self._changed:
                    self._lost += bytes(rest).count(b"\n")
                return


def _groups(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The lines with their newlines, joined as long as a write of them is atomic."""
    group: list[bytes] = []
    size = 0
    for line in lines:
        if group and size + len(line) + 1 > ATOMIC_BYTES:
            yield b"\n".join([*group, b""])
            group, size = [], 0
        group.append(line)
        size += len(line) + 1
    if group:
        yield b"\n".join([*group, b""])
