"""The whole demo, as a user runs it."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from shadowproxy.demo.planted import BUGS, NOISE
from tests.demo.test_addresses import taken

pytestmark = pytest.mark.slow

DEADLINE_S = 60.0


@dataclass(frozen=True)
class Running:
    """A demo whose temporary files are all in `folder`."""

    process: asyncio.subprocess.Process
    folder: Path

    async def read_until(self, mark: str) -> str:
        """Its output up to and including the line with the mark."""
        assert self.process.stdout is not None
        said = ""
        async with asyncio.timeout(DEADLINE_S):
            while mark not in said:
                line = await self.process.stdout.readline()
                assert line, said
                said += line.decode()
        return said

    async def rest(self) -> tuple[int, str]:
        """Its exit code and what it still said."""
        assert self.process.stdout is not None
        async with asyncio.timeout(DEADLINE_S):
            said = (await self.process.stdout.read()).decode()
            return await self.process.wait(), said

    def family(self) -> list[psutil.Process]:
        """Everything that it started and that runs."""
        return psutil.Process(self.process.pid).children(recursive=True)


@asynccontextmanager
async def _demo(folder: Path, *arguments: str) -> AsyncIterator[Running]:
    addresses = ("--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "shadowproxy", "demo", *addresses, *arguments),
        env={**os.environ, "TMPDIR": str(folder), "NO_COLOR": "1"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield Running(process, folder)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _alive(family: list[psutil.Process]) -> list[psutil.Process]:
    _, alive = psutil.wait_procs(family, timeout=5)
    return alive


def _left_in(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*")]


async def test_it_finds_every_planted_bug_and_nothing_else(tmp_path: Path) -> None:
    """Exit code 0: no user saw an error, the sums hold, the findings are the planted, noise is learned."""
    async with _demo(tmp_path, "--for", "16s") as demo:
        said = await demo.read_until("Metrics")
        family = demo.family()
        code, rest = await demo.rest()
    said += rest
    assert code == 0, said
    assert "NOT FOUND" not in said
    assert said.count(" found  ") == len(BUGS)
    assert said.count(" learned  ") == len(NOISE)
    assert "candidate is slower: GET /cart" in said
    assert "`csrf_token` string became null" in said
    assert "nobody planted" not in said
    assert '"event": "shadow_mismatch"' in said
    assert max(map(len, said.splitlines())) <= 80
    assert len(family) >= 6
    assert _alive(family) == []
    assert _left_in(tmp_path) == []


async def test_ctrl_c_ends_it_with_a_summary(tmp_path: Path) -> None:
    """SIGINT ends traffic and processes; what was seen so far is summed up."""
    async with _demo(tmp_path) as demo:
        await demo.read_until("requests")
        family = demo.family()
        demo.process.send_signal(signal.SIGINT)
        code, said = await demo.rest()
    assert code == ("Not fine" in said), said
    assert "Planted bugs in the candidate" in said
    assert _alive(family) == []


async def test_a_second_ctrl_c_ends_it_without_a_summary(tmp_path: Path) -> None:
    """There is no traceback, and still no process left behind."""
    async with _demo(tmp_path) as demo:
        await demo.read_until("Metrics")
        family = demo.family()
        demo.process.send_signal(signal.SIGINT)
        await demo.read_until("once more")
        demo.process.send_signal(signal.SIGINT)
        code, said = await demo.rest()
    assert code == 1
    assert "Planted bugs" not in said
    assert "Traceback" not in said
    assert _alive(family) == []


async def test_a_proxy_that_ends_is_said(tmp_path: Path) -> None:
    """When the proxy ends by itself the demo says so, shows its log and fails."""
    async with _demo(tmp_path) as demo:
        await demo.read_until("requests")
        family = demo.family()
        (proxy,) = (each for each in family if "supervisor" in " ".join(each.cmdline()))
        proxy.kill()
        code, said = await demo.rest()
    assert code == 1
    assert "proxy ended with exit code -9" in said
    assert "Traceback" not in said
    assert _alive(family) == []


async def test_a_proxy_that_does_not_start_is_said(tmp_path: Path) -> None:
    """The proxy's own message reaches the user: an open admin address needs a token."""
    async with _demo(tmp_path, "--admin", "0.0.0.0:0") as demo:
        code, said = await demo.rest()
    assert code == 1
    assert "proxy ended with exit code 2" in said
    assert "token" in said
    assert "shadowproxy.yaml" in _left_in(tmp_path)


async def test_a_busy_port_is_wrong_usage(tmp_path: Path) -> None:
    """Exit code 2, one sentence, nothing left behind."""
    with taken() as holder:
        async with _demo(tmp_path, "--listen", f"127.0.0.1:{holder.getsockname()[1]}") as demo:
            code, said = await demo.rest()
    assert code == 2
    assert "in use" in said
    assert "Traceback" not in said
    assert _left_in(tmp_path) == []
