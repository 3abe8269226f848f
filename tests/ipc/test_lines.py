"""The log line writer: emit never waits, and no line is lost without being counted."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from shadowproxy.ipc.lines import MAX_BYTES, MAX_LINES, LineWriter

PIPE_BYTES = 65_536


class Pipe:
    """A pipe that nobody reads until the test does."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        self._writers: list[LineWriter] = []

    def writer(self, on_dropped: Callable[[int], None] | None = None) -> LineWriter:
        self._writers.append(LineWriter(self.writing, on_dropped))
        return self._writers[-1]

    def close(self) -> None:
        """Ends the writers' waiting before the number of their descriptor is used again."""
        with suppress(OSError):
            os.close(self.reading)
        assert all(writer.flush(5) for writer in self._writers)
        with suppress(OSError):
            os.close(self.writing)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    ends = Pipe()
    yield ends
    ends.close()


def test_lines_come_out_in_order(pipe: Pipe) -> None:
    """Every line is written once, whole, in the order of emission."""
    writer = pipe.writer()
    for number in range(100):
        assert writer.emit(b"line %d" % number)
    assert writer.flush(5)
    assert os.read(pipe.reading, PIPE_BYTES) == b"".join(b"line %d\n" % n for n in range(100))


def test_a_stalled_reader_never_blocks_emit(pipe: Pipe) -> None:
    """With a full pipe and a full queue, no emit takes as much as a tenth of a second."""
    lost: list[int] = []
    writer = pipe.writer(lost.append)
    line = b"x" * 200
    slowest_s = 0.0
    refused = 0
    for _ in range(2 * MAX_LINES):
        began_s = time.monotonic()
        refused += not writer.emit(line)
        slowest_s = max(slowest_s, time.monotonic() - began_s)
    assert slowest_s < 0.1
    assert not writer.flush(0.01)
    assert 0 < refused < 2 * MAX_LINES
    assert sum(lost) == refused


def test_a_reader_that_is_back_is_told_what_it_missed(pipe: Pipe) -> None:
    """Each line is there, or counted in a line of its own that stands where it is missing."""
    writer = pipe.writer()
    emitted = 3 * MAX_LINES
    kept = sum(writer.emit(b"kept") for _ in range(emitted))
    assert kept < emitted
    data = bytearray()
    while accounted_for(data) < emitted:
        data += os.read(pipe.reading, PIPE_BYTES)
    lines = bytes(data).splitlines()
    told = [json.loads(line) for line in lines if line != b"kept"]
    assert len(lines) - len(told) == kept
    assert sum(event["count"] for event in told) == emitted - kept
    assert {event["level"] for event in told} == {"warning"}
    assert lines[0] == b"kept"


def accounted_for(data: bytearray) -> int:
    """Whole lines that were kept, and the sum of what the others say was dropped."""
    lines = data.splitlines()[: data.count(b"\n")]
    return sum(1 if line == b"kept" else json.loads(line)["count"] for line in lines)


def test_the_queue_is_bounded_in_bytes(pipe: Pipe) -> None:
    """Long lines fill the queue before there are many of them."""
    writer = pipe.writer()
    line = b"x" * (1 << 20)
    kept = sum(writer.emit(line) for _ in range(64))
    assert kept <= 2 * (MAX_BYTES >> 20) + 1


def test_a_pipe_that_someone_made_non_blocking_loses_nothing(pipe: Pipe) -> None:
    """EAGAIN is waited out in the writer's own thread."""
    os.set_blocking(pipe.writing, False)
    writer = pipe.writer()
    for _ in range(2000):
        writer.emit(b"x" * 99)
    received = 0
    while received < 200_000:
        received += len(os.read(pipe.reading, PIPE_BYTES))
    assert received == 200_000


def test_lines_for_a_reader_that_is_gone_are_counted(pipe: Pipe) -> None:
    """A broken pipe ends nothing; the lost lines are reported by the next emit."""
    lost: list[int] = []
    writer = pipe.writer(lost.append)
    os.close(pipe.reading)
    writer.emit(b"one")
    assert writer.flush(5)
    writer.emit(b"two")
    assert writer.flush(5)
    writer.emit(b"three")
    assert sum(lost) == 2


WRITE_MANY = """
import sys
from shadowproxy.ipc.lines import LineWriter
writer = LineWriter(1)
for number in range(2000):
    writer.emit(sys.argv[1].encode() * (1 + number % 700))
writer.flush(20)
"""


def test_processes_that_share_a_pipe_do_not_mix_their_lines(pipe: Pipe) -> None:
    """Lines shorter than PIPE_BUF stay whole, however full the shared pipe is."""
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITE_MANY, letter], stdout=pipe.writing)
        for letter in "abc"
    ]
    os.close(pipe.writing)
    with os.fdopen(os.dup(pipe.reading), "rb") as lines:
        mixed = [line for line in lines if len(set(line.strip())) != 1]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert not mixed
