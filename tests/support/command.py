"""The real command with all its processes.

    users (this process) ──► `python -m shadowproxy run` ──► backends (this process)

Everything that the command writes is under one folder that is removed afterwards; whatever is left
of its processes is killed by the ids in its own processes.json.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml

from shadowproxy.ipc.tallies import read_cell
from tests.support.edges import runtime_dir
from tests.support.messages import Answer, MalformedError, read_answer
from tests.support.waiting import until, until_said
from tests.support.wire import EndedError, Wire

START_S = 20.0
"""Six interpreters on two busy cores."""

STOP_S = 20.0
MACHINE = {"guard": {"enabled": False}}
"""A busy test machine must not change what is copied."""


@dataclass
class Command:
    """A running proxy."""

    folder: Path
    port: int
    admin: int
    process: asyncio.subprocess.Process
    configuration: dict[str, Any]

    @property
    def address(self) -> tuple[str, int]:
        """Where users go."""
        return "127.0.0.1", self.port

    async def connect(self, **options: Any) -> Wire:
        """A new client connection."""
        return await Wire.connect(self.address, **options)

    async def ask_admin(
        self, path: str, method: str = "GET", body: Any = None, token: str = ""
    ) -> Answer:
        """An answer of the admin server."""
        shown = f"Authorization: Bearer {token}\r\n" if token else ""
        payload = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.admin}\r\nConnection: close\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(payload)}\r\n"
            f"{shown}\r\n"
        )
        wire = await Wire.connect(("127.0.0.1", self.admin))
        wire.deadline_s = START_S  # control may still be starting, and its priority is low
        try:
            await wire.send(head.encode() + payload)
            return await read_answer(wire)
        finally:
            wire.close()

    async def status(self) -> dict[str, Any]:
        """GET /api/v1/status."""
        document: dict[str, Any] = json.loads((await self.ask_admin("/api/v1/status")).body)
        return document

    async def at_rest(self) -> dict[str, Any]:
        """The terms of the law from the status, once nothing is in flight."""

        async def rest() -> dict[str, Any]:
            sums: dict[str, Any] = (await self.status())["exchanges"]
            return {} if sums["in_flight"] or not sums["balanced"] else sums

        sums = await until_said(rest, "nothing in flight", START_S)
        parts = ("skipped", "dropped", "failed", "recorded")
        assert sums["received"] == sum(sums[part] for part in parts), sums
        return sums

    def pid(self, name: str) -> int:
        """The id of a process, from the supervisor's own list."""
        processes = json.loads((self.folder / "run" / "processes.json").read_bytes())
        return next(int(process["pid"]) for process in processes if process["name"] == name)

    async def is_back(self, name: str, gone: int) -> float:
        """Waits until a successor of the killed process beats; gives the seconds that it took."""
        loop = asyncio.get_running_loop()
        start_s = loop.time()

        def beats() -> bool:
            pid = self.pid(name)
            return pid not in (0, gone) and read_cell(self.folder / "run", name, "pid") == pid

        await until(beats, f"{name} is back", START_S)
        return loop.time() - start_s

    def names(self) -> list[str]:
        """All processes but the supervisor."""
        processes = json.loads((self.folder / "run" / "processes.json").read_bytes())
        return [process["name"] for process in processes]

    def kill(self, name: str) -> int:
        """Kills with SIGKILL; gives the id that is gone."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        return pid

    @contextlib.contextmanager
    def stopped(self, name: str) -> Iterator[None]:
        """Holds a process still with SIGSTOP while the block runs."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def rss(self, name: str) -> int:
        """Bytes of memory that a process holds."""
        memory: int = psutil.Process(self.pid(name)).memory_info().rss
        return memory

    def write(self, **changes: Any) -> None:
        """Writes the changed file; the proxy notices by itself, or is told by SIGHUP."""
        self.configuration |= changes
        file = self.folder / "shadowproxy.yaml"
        draft = file.with_suffix(".draft")
        draft.write_text(yaml.safe_dump(self.configuration))
        draft.replace(file)

    @property
    def log(self) -> str:
        """What it wrote to standard error."""
        return (self.folder / "log").read_text(errors="replace")

    async def ends(self) -> int:
        """Waits for the end and gives the exit code."""
        async with asyncio.timeout(STOP_S):
            return await self.process.wait()


@asynccontextmanager
async def command(
    legacy: tuple[str, int],
    candidate: tuple[str, int] | None = None,
    stderr: int | None = None,
    **configuration: Any,
) -> AsyncIterator[Command]:
    """Runs the command until the block ends, once it is ready. `stderr` defaults to a file.

    `admin` adds to where the admin server listens.
    """
    with runtime_dir() as folder, contextlib.ExitStack() as stack:
        port, admin = free_port(), free_port()
        document = MACHINE | {
            "listen": f"127.0.0.1:{port}",
            "admin": {"listen": f"127.0.0.1:{admin}", **configuration.pop("admin", {})},
            "legacy": {"url": f"http://{legacy[0]}:{legacy[1]}"},
            "limits": {"drain_delay": "0s", "drain_timeout": "3s"},
            "log": {"format": "json"},
            "noise": {"source": "off"},  # tests count what legacy is asked
            "compare": {"recheck": {"per_minute": 0}},
            "report": {"store": f"sqlite:///{folder}/report.db"},
            "workers": 2,
        }
        if candidate is not None:
            document["candidate"] = {"url": f"http://{candidate[0]}:{candidate[1]}"}
        document |= configuration
        file = folder / "shadowproxy.yaml"
        file.write_text(yaml.safe_dump(document))
        output = stack.enter_context((folder / "log").open("wb")) if stderr is None else stderr
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "shadowproxy", "run", "-c", str(file)),
            *("--runtime-dir", str(folder / "run")),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        it = Command(folder, port, admin, process, document)
        try:
            await _until_ready(it)
            yield it
        finally:
            await _stop(it)


async def _until_ready(it: Command) -> None:
    async def is_ready() -> bool:
        assert it.process.returncode is None, f"ended with {it.process.returncode}"
        with contextlib.suppress(OSError, EndedError, MalformedError):
            return (await it.ask_admin("/readyz")).status == 200
        return False

    await until_said(is_ready, "the proxy is ready", START_S)


async def _stop(it: Command) -> None:
    """SIGTERM, and for what does not end by itself SIGKILL: the supervisor, then its children."""
    pids = [it.pid(name) for name in it.names()] if (it.folder / "run").exists() else []
    with contextlib.suppress(ProcessLookupError):
        it.process.terminate()
    try:
        await it.ends()
    except TimeoutError:
        for pid in (it.process.pid, *pids):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await it.process.wait()
        raise AssertionError(f"the command did not stop within {STOP_S} s") from None


def free_port() -> int:
    """A port of loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
