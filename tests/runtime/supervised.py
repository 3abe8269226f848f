"""A running supervisor, from outside: what it says, what it starts, how it ends."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from shadowproxy.core.settings import (
    AdminSettings,
    BackendSettings,
    LimitSettings,
    ListenSettings,
    Settings,
)
from shadowproxy.ipc.process import write_settings
from shadowproxy.runtime.heartbeats import read_page
from tests.support.waiting import until

LEGACY = BackendSettings("http", "127.0.0.1", 1)
ANY_PORT = ListenSettings("127.0.0.1", 0)
START_S = 20.0
"""Five interpreters on two busy cores."""


def tiny(**changes: Any) -> Settings:
    """Two edges, ports that the kernel chooses, a drain without delay."""
    values: dict[str, Any] = {
        "listen": (ANY_PORT,),
        "legacy": LEGACY,
        "workers": 2,
        "admin": AdminSettings(ANY_PORT),
        "limits": LimitSettings(drain_delay_s=0, drain_timeout_s=1),
    }
    return Settings(**values | changes)


class Supervised:
    """The supervisor of one runtime folder, in a process of its own."""

    def __init__(self, folder: Path, process: asyncio.subprocess.Process) -> None:
        self.folder = folder
        self.process = process
        self.events: list[dict[str, Any]] = []

    async def listen_in(self) -> None:
        """Collects what it logs, until the last process that has its standard error is gone."""
        if self.process.stderr is None:
            return
        async for line in self.process.stderr:
            if line.startswith(b"{"):
                self.events.append(json.loads(line))
            else:
                sys.stderr.write(line.decode())

    def said(self, event: str) -> list[dict[str, Any]]:
        return [found for found in self.events if found["event"] == event]

    async def says(self, event: str, count: int = 1) -> list[dict[str, Any]]:
        return await until(
            lambda: self.said(event) if len(self.said(event)) >= count else [],
            f"{count} x {event}",
            START_S,
        )

    def processes(self) -> dict[str, dict[str, Any]]:
        with suppress(FileNotFoundError):
            found = json.loads((self.folder / "processes.json").read_bytes())
            return {process["name"]: process for process in found}
        return {}

    def pid(self, name: str) -> int:
        return int(self.processes()[name]["pid"])

    def signals(self, name: str) -> list[str]:
        with suppress(FileNotFoundError):
            found: list[str] = json.loads((self.folder / f"{name}.signals").read_bytes())
            return found
        return []

    async def is_up(self) -> None:
        await until(self._all_beat, "all processes are up", START_S)

    def _all_beat(self) -> bool:
        processes = self.processes()
        return bool(processes) and all(
            process["up"] and page_pid(self.folder, name) == process["pid"]
            for name, process in processes.items()
        )

    async def listens_on(self) -> tuple[str, int]:
        (said,) = await self.says("listening")
        host, _, port = said["listen"][0].rpartition(":")
        return host, int(port)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def ends(self) -> int:
        async with asyncio.timeout(START_S):
            return await self.process.wait()


def page_pid(folder: Path, name: str) -> int:
    """The id that the present or last process of this name wrote into its tally page."""
    return read_page(folder, name)[0]


def prepare(folder: Path, settings: Settings) -> None:
    """A runtime folder as `run` leaves it to the supervisor."""
    folder.mkdir(mode=0o700, exist_ok=True)
    write_settings(folder, settings)


@asynccontextmanager
async def supervised(
    folder: Path,
    settings: Settings,
    module: str = "tests.runtime.supervise",
    stderr: int = asyncio.subprocess.PIPE,
) -> AsyncIterator[Supervised]:
    """A supervisor over stand-ins; whatever is left of it is killed at the end of the block."""
    prepare(folder, settings)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, str(folder)),
        stderr=stderr,
        start_new_session=True,
    )
    running = Supervised(folder, process)
    async with asyncio.TaskGroup() as group:
        listening = group.create_task(running.listen_in())
        try:
            yield running
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            await listening


def ask(address: tuple[str, int] | str) -> str:
    """What a stand-in answers on this address: its name and pid."""
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as connection:
        connection.settimeout(10)
        connection.connect(address)
        return connection.recv(100).decode()


def is_alive(pid: int) -> bool:
    """Whether a process with this id exists."""
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def ask_nothing(path: str) -> None:
    """Connects to a unix path, which raises if nobody listens."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
