"""A process's tallies: a memory-mapped file of 64-bit cells that outlives it.

Law: counting never calls the kernel, and `kill -9` loses no count: the cells live in the page
cache, the successor of a slot maps the same file and goes on. Readers (control) map it read-only
whenever they like, so nobody is ever asked to send anything.

Measured: `cells[i] += 1` on the memoryview 54 ns, on a list 32 ns; a push once a second instead
would lose up to a second of counts at a kill and with it the sums.
"""

import mmap
import os
import sys
from pathlib import Path

from shadowproxy.core.cells import GLOBAL, MAX_EDGES, PAGE_CELLS

PAGE_BYTES = PAGE_CELLS * 8

_TAKEN_CELLS = 1 + GLOBAL[f"accepted_from/{MAX_EDGES - 1}"]
"""`received`, `handed_over` and what was accepted stand first in a page."""


def tally_path(runtime_dir: Path, process: str) -> Path:
    """The page of a process slot: `edge-0`, `shadow`, `judge`, `control`."""
    return runtime_dir / f"{process}.tally"


class Tallies:
    """The writable cells of this process: `cells` is indexed with `core.cells`."""

    __slots__ = ("_map", "cells")

    def __init__(self, runtime_dir: Path, process: str) -> None:
        """Maps the page, creating it filled with zeros when the slot is new."""
        fd = os.open(tally_path(runtime_dir, process), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(fd, PAGE_BYTES)
            self._map = mmap.mmap(fd, PAGE_BYTES)
        finally:
            os.close(fd)
        self.cells: memoryview = memoryview(self._map).cast("Q")

    def add(self, name: str, count: int = 1) -> None:
        """Adds to a global cell by name; for the paths where microseconds do not matter."""
        self.cells[GLOBAL[name]] += count

    def set(self, name: str, value: int) -> None:
        """Sets a gauge cell by name; negative values are stored as zero."""
        self.cells[GLOBAL[name]] = max(0, value)

    def get(self, name: str) -> int:
        """Reads a global cell by name."""
        value: int = self.cells[GLOBAL[name]]
        return value


def read_cells(runtime_dir: Path, process: str) -> list[int]:
    """A snapshot of another process's cells; zeros when the page does not exist yet.

    What was taken on is read after what became of it: of a page that changes meanwhile the
    snapshot shows too much in flight rather than less than nothing.
    """
    try:
        fd = os.open(tally_path(runtime_dir, process), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return [0] * PAGE_CELLS
    try:
        raw = os.pread(fd, PAGE_BYTES, 0)
        taken = os.pread(fd, _TAKEN_CELLS * 8, 0)
    finally:
        os.close(fd)
    if len(raw) != PAGE_BYTES:
        return [0] * PAGE_CELLS
    cells: list[int] = memoryview(raw).cast("Q").tolist()
    handed_over = cells[GLOBAL["handed_over"]]
    cells[:_TAKEN_CELLS] = memoryview(taken).cast("Q").tolist()
    cells[GLOBAL["handed_over"]] = handed_over
    return cells


def read_cell(runtime_dir: Path, process: str, name: str) -> int:
    """One global cell of another process's page, zero without one; costs three system calls."""
    try:
        fd = os.open(tally_path(runtime_dir, process), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return 0
    try:
        return int.from_bytes(os.pread(fd, 8, GLOBAL[name] * 8), sys.byteorder)
    finally:
        os.close(fd)
