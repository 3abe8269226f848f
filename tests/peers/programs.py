"""Programs that others wrote, started on loopback with everything they write under one folder.

A program that is not installed skips its tests by name; where CI=true that is a failure.
"""

import asyncio
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.waiting import until

START_S = 15.0
STOP_S = 15.0

_SEARCHED = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))


def find_program(name: str) -> str:
    """The path of an installed program; without it the test is skipped or, where CI=true, fails."""
    found = shutil.which(name, path=_SEARCHED)
    if found:
        return found
    reason = f"{name} is not installed"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def free_port() -> int:
    """A TCP port of loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def running(
    command: Sequence[str], folder: Path, ports: Sequence[int], name: str
) -> Iterator["subprocess.Popen[bytes]"]:
    """Runs a program until the block ends, once it accepts connections on all `ports`."""
    log = folder / f"{name}.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "TMPDIR": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        ) as process,
    ):
        try:
            asyncio.run(_wait_until_it_accepts(process, ports, name))
            if process.poll() is not None:
                said = log.read_text(errors="replace")[-2000:]
                pytest.fail(f"{name} ended with {process.returncode}: {said}")
            yield process
        finally:
            process.terminate()  # nothing happens when it has ended already
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


async def _wait_until_it_accepts(
    process: "subprocess.Popen[bytes]", ports: Sequence[int], name: str
) -> None:
    waiting = list(ports)

    def is_over() -> bool:
        while waiting and _accepts(waiting[0]):
            waiting.pop(0)
        return not waiting or process.poll() is not None

    await until(is_over, f"{name} accepts on {waiting}", START_S)
