"""The processes that the demo starts, and their end.

Each child leads a session of its own: Ctrl-C on the terminal reaches the demo alone, which then
ends the children in order, and what a child started itself ends with it. Law: when the `async with`
is left, however it is left, no process that was started in it is alive.
"""

import asyncio
import json
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

GRACE_S = 8.0
"""From SIGTERM to SIGKILL; above the demo's drain delay and timeout together."""

START_S = 10.0
TAIL_LINES = 15


class ChildError(Exception):
    """A child did not come up or ended early; the message shows the end of its log."""


@dataclass(frozen=True, slots=True)
class Child:
    """One process and the file that holds what it wrote to standard error."""

    name: str
    process: asyncio.subprocess.Process
    log: Path

    def failure(self, what: str) -> ChildError:
        """An error that says what happened, with the end of the log."""
        lines = self.log.read_text(errors="replace").splitlines()[-TAIL_LINES:]
        tail = "\n".join(f"  | {line}" for line in lines) or "  | (it wrote nothing)"
        return ChildError(f"{self.name} {what}; the end of {self.log}:\n{tail}")

    @property
    def has_ended(self) -> bool:
        """Whether it is gone."""
        return self.process.returncode is not None

    def assert_runs(self) -> None:
        """Raises ChildError when it has ended."""
        if self.has_ended:
            raise self.failure(f"ended with exit code {self.process.returncode}")

    async def exit_code(self, grace_s: float) -> int | None:
        """Its exit code, waited for so long; None while it runs."""
        try:
            async with asyncio.timeout(grace_s):
                return await self.process.wait()
        except TimeoutError:
            return None


class Children:
    """Starts processes with their logs in one folder and ends them all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.started: list[Child] = []

    async def start(self, name: str, *arguments: str, prints: bool = False) -> Child:
        """Starts `python -m ARGUMENTS`; one that `prints` has its standard output read by us."""
        log = self._folder / f"{name}.log"
        with log.open("wb") as errors:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                *arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE if prints else errors,
                stderr=errors,
                start_new_session=True,
            )
        child = Child(name, process, log)
        self.started.append(child)
        return child

    async def start_backend(self, variant: str, port: int = 0) -> int:
        """Starts a shop and returns its port."""
        child = await self.start(
            variant, "shadowproxy.demo.backend", variant, "--port", str(port), prints=True
        )
        assert child.process.stdout is not None
        try:
            async with asyncio.timeout(START_S):
                line = await child.process.stdout.readline()
        except TimeoutError:
            raise child.failure(f"did not start within {START_S:.0f} s") from None
        if not line:
            raise child.failure("ended while starting")
        started_port: int = json.loads(line)["port"]
        return started_port

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends the last started first: the proxy drains while its backends still answer."""
        try:
            for child in reversed(self.started):
                _signal(child, signal.SIGTERM)
                await child.exit_code(GRACE_S)
        finally:
            for child in self.started:
                _kill_group(child)
                await child.process.wait()


def _signal(child: Child, number: signal.Signals) -> None:
    if child.process.returncode is None:
        child.process.send_signal(number)


def _kill_group(child: Child) -> None:
    """Kills what is left of a session that the child leads: also workers that outlived it."""
    with suppress(ProcessLookupError):
        os.killpg(child.process.pid, signal.SIGKILL)
