"""The real processes under the real supervisor: what each is given, and what it keeps off."""

import asyncio
import fcntl
import os
import resource
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psutil
import pytest

from shadowproxy.core.settings import BackendSettings
from tests.runtime.supervised import LEGACY, Supervised, supervised, tiny
from tests.support.waiting import until

pytestmark = pytest.mark.slow

NAMES = ["edge-0", "edge-1", "shadow", "judge", "control"]


@asynccontextmanager
async def proxy(**changes: Any) -> AsyncIterator[Supervised]:
    """All processes of a proxy before a legacy that is not there."""
    folder = Path(tempfile.mkdtemp(prefix="runtime-"))
    candidate = BackendSettings("http", "127.0.0.1", 2)
    settings = tiny(legacy=LEGACY, candidate=candidate, **changes)
    try:
        async with supervised(folder, settings, "shadowproxy.runtime.supervisor") as running:
            await running.is_up()
            yield running
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def ask(running: Supervised, path: str) -> int:
    """The status of control's answer, 0 when there is none."""
    (said,) = await running.says("listening")

    def get() -> int:
        try:
            with urlopen(f"http://{said['admin'][0]}{path}", timeout=5) as answer:
                status: int = answer.status
                return status
        except OSError:
            return 0

    return await asyncio.to_thread(get)


def shown(pid: int, file: str) -> str:
    """What the kernel tells about a process."""
    return Path(f"/proc/{pid}/{file}").read_text()


async def test_everybody_but_the_edges_steps_back() -> None:
    """Lower priority, and first in line when memory runs out; descriptors up to the hard limit."""
    async with proxy() as running:
        processes = {name: psutil.Process(running.pid(name)) for name in NAMES}
        base = os.getpriority(os.PRIO_PROCESS, 0)
        nices = {name: process.nice() - base for name, process in processes.items()}
        assert nices == {"edge-0": 0, "edge-1": 0, "shadow": 10, "judge": 15, "control": 5}
        scores = {
            name: int(shown(process.pid, "oom_score_adj")) for name, process in processes.items()
        }
        assert scores["judge"] > scores["shadow"] > scores["control"] > scores["edge-0"]
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        assert processes["edge-0"].rlimit(psutil.RLIMIT_NOFILE) == (hard, hard)


async def test_the_process_list_tells_who_is_who() -> None:
    """Role and slot are in the command line."""
    async with proxy() as running:
        for name in NAMES:
            role, _, slot = name.partition("-")
            command = psutil.Process(running.pid(name)).cmdline()
            at = command.index("shadowproxy.runtime.process")
            assert command[at + 1 : at + 3] == [role, slot or "0"]


async def test_an_idle_proxy_is_small() -> None:
    """All processes together take less than 160 MiB of proportional memory, with two edges."""
    async with proxy() as running:
        await until(lambda: all(running.processes().values()), "all are up")
        pids = [running.process.pid, *(running.pid(name) for name in NAMES)]
        used = {pid: proportional_kib(pid) for pid in pids}
        assert sum(used.values()) < 160 << 10, used


def proportional_kib(pid: int) -> int:
    lines = shown(pid, "smaps_rollup").splitlines()
    (line,) = (line for line in lines if line.startswith("Pss:"))
    return int(line.split()[1])


async def test_an_edge_loads_no_library_that_it_does_not_need() -> None:
    """Extension modules are in the memory map: none of the validator, the API server, the logger."""
    async with proxy() as running:
        mapped = shown(running.pid("edge-0"), "maps")
        for library in ("pydantic", "aiohttp", "orjson", "yaml", "multidict"):
            assert library not in mapped
        assert "uvloop" in mapped
        assert "pydantic" not in shown(running.pid("control"), "maps")


async def test_a_terminals_signals_end_no_process_behind_the_supervisors_back() -> None:
    """Ctrl-C and a hangup reach the whole group; children leave the decision to the supervisor."""
    async with proxy() as running:
        pids = [running.pid(name) for name in NAMES]
        for pid in pids:
            for number in (signal.SIGINT, signal.SIGHUP):
                os.kill(pid, number)
        await until(
            lambda: "signal" in [each["source"] for each in running.said("config_rejected")],
            "the hangup is obeyed",
        )
        assert [running.pid(name) for name in NAMES] == pids
        assert running.said("process_restarted") == []


async def test_a_killed_supervisor_is_said_once_and_users_are_served_on() -> None:
    """Each process says so; edges and control answer."""
    async with proxy() as running:
        host, port = await running.listens_on()
        running.process.kill()
        await until(lambda: len(running.said("supervisor_lost")) == len(NAMES), "all say so", 10)
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 502 ")
        writer.close()
        assert await ask(running, "/readyz") == 200
        assert len(running.said("supervisor_lost")) == len(NAMES)


async def test_a_signal_drains_the_real_thing() -> None:
    """SIGTERM: exit code 0, nobody had to be killed."""
    async with proxy() as running:
        assert await ask(running, "/readyz") == 200
        running.signal(signal.SIGTERM)
        assert await running.ends() == 0
        (stopped,) = await running.says("stopped")
        assert stopped["killed"] == []


async def test_a_killed_control_comes_back_on_the_same_address() -> None:
    """The supervisor holds its socket, so even a request that came meanwhile is answered."""
    async with proxy() as running:
        os.kill(running.pid("control"), signal.SIGKILL)
        assert await ask(running, "/livez") == 200
        assert running.processes()["control"]["restarts"] == 1


async def test_a_stalled_log_reader_does_not_keep_the_supervisor_from_working() -> None:
    """With standard error full and nobody reading, a killed edge is replaced."""
    folder = Path(tempfile.mkdtemp(prefix="runtime-"))
    reading, writing = os.pipe()
    os.write(writing, b"x" * fcntl.fcntl(writing, fcntl.F_GETPIPE_SZ))
    try:
        async with supervised(
            folder, tiny(), "shadowproxy.runtime.supervisor", stderr=writing
        ) as running:
            await running.is_up()
            killed = running.pid("edge-1")
            os.kill(killed, signal.SIGKILL)
            await until(lambda: running.processes()["edge-1"]["pid"] not in (0, killed), "replaced")
            running.signal(signal.SIGTERM)
            assert await running.ends() == 0
    finally:
        os.close(reading)
        os.close(writing)
        shutil.rmtree(folder, ignore_errors=True)
