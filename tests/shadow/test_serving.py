"""What a successor of a killed process does first."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from shadowproxy.core.cells import GLOBAL, unsettled
from shadowproxy.core.lifecycle import DropReason
from shadowproxy.core.settings import BackendSettings, ListenSettings, Settings
from shadowproxy.ipc.process import Process, write_settings
from shadowproxy.judge import serving as judge_serving
from shadowproxy.shadow import serving as shadow_serving
from tests.support.edges import runtime_dir
from tests.support.waiting import alongside, until

NOWHERE = BackendSettings("http", "127.0.0.1", 1)


@pytest.fixture
def folder() -> Iterator[Path]:
    with runtime_dir() as it:
        write_settings(it, Settings((ListenSettings(),), NOWHERE, NOWHERE))
        yield it


@pytest.mark.parametrize("role", ["shadow", "judge"])
async def test_what_a_killed_process_had_taken_is_process_lost(folder: Path, role: str) -> None:
    """Its page says 5 taken, 2 ended: the successor counts 3 as lost before it takes any."""
    process = Process(folder, role)
    process.dials.set_shed(DropReason.BREAKER_OPEN)
    process.tallies.cells[GLOBAL["accepted_from/0"]] = 5
    process.tallies.cells[GLOBAL["dropped/deadline"]] = 2
    stop = asyncio.Event()
    serving = shadow_serving if role == "shadow" else judge_serving
    async with alongside(serving.serve(process, stop)) as task:
        await until((folder / f"{role}.sock").exists, "it listens")
        assert process.tallies.get("dropped/process_lost") == 3
        assert unsettled(process.tallies.cells) == 0
        if role == "shadow":
            assert process.dials.shed is None
        stop.set()
        await asyncio.wait([task])
    assert unsettled(process.tallies.cells) == 0
