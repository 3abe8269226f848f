"""The tally pages: counts that outlive the process that made them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadowproxy.core.cells import (
    GLOBAL,
    GLOBAL_NAMES,
    MAX_EDGES,
    PAGE_CELLS,
    ROUTE_NAMES,
    route_base,
    unsettled,
)
from shadowproxy.ipc.tallies import PAGE_BYTES, Tallies, read_cell, read_cells, tally_path

COUNT_AND_DIE = """
import os, signal, sys
from pathlib import Path
from shadowproxy.ipc.tallies import Tallies
tallies = Tallies(Path(sys.argv[1]), "edge-0")
for _ in range(12345):
    tallies.cells[0] += 1
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_counts_of_a_killed_process_are_all_there(tmp_path: Path) -> None:
    """`kill -9` right after counting loses nothing, and a successor goes on from there."""
    killed = subprocess.run([sys.executable, "-c", COUNT_AND_DIE, str(tmp_path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert read_cells(tmp_path, "edge-0")[0] == 12345
    successor = Tallies(tmp_path, "edge-0")
    successor.add("received")
    assert read_cells(tmp_path, "edge-0")[0] == 12346


def test_a_page_that_does_not_exist_reads_as_zeros(tmp_path: Path) -> None:
    """Readers need not know which processes have started."""
    cells = read_cells(tmp_path, "judge")
    assert len(cells) == PAGE_CELLS
    assert not any(cells)


def test_a_page_of_another_length_reads_as_zeros(tmp_path: Path) -> None:
    """A page that is being created is not read by half."""
    tally_path(tmp_path, "shadow").write_bytes(b"\x01" * 64)
    assert not any(read_cells(tmp_path, "shadow"))


def test_pages_are_private(tmp_path: Path) -> None:
    """Only the owner can read a page."""
    Tallies(tmp_path, "edge-0")
    assert os.stat(tally_path(tmp_path, "edge-0")).st_mode & 0o077 == 0


@settings(deadline=None)  # a file each, on a disk that others use too
@given(st.dictionaries(st.sampled_from(GLOBAL_NAMES), st.integers(0, (1 << 64) - 1), max_size=20))
def test_a_reader_sees_what_the_writer_set(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, int]
) -> None:
    """Every cell comes back under its own name."""
    folder = tmp_path_factory.mktemp("page")
    writer = Tallies(folder, "edge-0")
    for name, value in values.items():
        writer.set(name, value)
    cells = read_cells(folder, "edge-0")
    assert {name: cells[GLOBAL[name]] for name in values} == values
    assert sum(cells) == sum(values.values())


def test_a_negative_gauge_is_zero(tmp_path: Path) -> None:
    """Cells are unsigned: a gauge that would go below zero stays there."""
    tallies = Tallies(tmp_path, "edge-0")
    tallies.set("in_flight", -3)
    assert tallies.get("in_flight") == 0


def test_the_last_route_slot_ends_with_the_page() -> None:
    """The layout has neither gap nor overlap."""
    assert route_base(256) == PAGE_CELLS == PAGE_BYTES // 8
    assert len(set(GLOBAL_NAMES)) == len(GLOBAL_NAMES)
    assert len(set(ROUTE_NAMES)) == len(ROUTE_NAMES)


def test_what_is_taken_on_stands_first_in_a_page() -> None:
    """A reader reads those cells twice, see `read_cells`."""
    first = ["received", "handed_over", *(f"accepted_from/{slot}" for slot in range(MAX_EDGES))]
    assert list(GLOBAL_NAMES[: len(first)]) == first


def test_one_cell_is_read_without_the_others(tmp_path: Path) -> None:
    """By name; zero without a page."""
    assert read_cell(tmp_path, "edge-0", "heartbeat_ms") == 0
    Tallies(tmp_path, "edge-0").set("heartbeat_ms", 1 << 40)
    assert read_cell(tmp_path, "edge-0", "heartbeat_ms") == 1 << 40


TAKE_AND_END = """
import sys
from pathlib import Path
from shadowproxy.core.cells import GLOBAL, ROUTE, route_base
from shadowproxy.ipc.tallies import Tallies
cells = Tallies(Path(sys.argv[1]), "edge-0").cells
received, match = GLOBAL["received"], route_base(255) + ROUTE["verdict/match"]
while True:
    cells[received] += 1
    cells[match] += 1
"""


def test_a_snapshot_of_a_busy_page_never_shows_less_than_nothing_in_flight(tmp_path: Path) -> None:
    """However fast the writer is."""
    writer = subprocess.Popen([sys.executable, "-c", TAKE_AND_END, str(tmp_path)])
    try:
        while not read_cell(tmp_path, "edge-0", "received"):
            assert writer.poll() is None
        assert min(unsettled(read_cells(tmp_path, "edge-0")) for _ in range(300)) >= 0
    finally:
        writer.kill()
        writer.wait()
