"""The arms: what is put between the generator and legacy, and how each is started."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import origin, peers
from bench.running import envoy, free_port, program, running, wait_for_port, wait_until
from bench.scraping import is_ready

ONE_EDGE = ("workers=1", "limits.drain_delay=0s", "limits.drain_timeout=2s")
"""One edge beside one worker of everyone else; no load balancer here waits for a drain."""


@dataclass(frozen=True, slots=True)
class Backends:
    """Ports of what the proxies talk to; `differing` answers like `candidate` but for one value."""

    legacy: int
    candidate: int
    differing: int


@dataclass(frozen=True, slots=True)
class Running:
    """A started arm: where to send requests, whose processes to measure, where ours is scraped."""

    port: int
    process: subprocess.Popen[str] | None
    admin: int = 0


@dataclass(frozen=True, slots=True)
class Arm:
    """One row. `start(backends, candidate port, folder)` gives a context of a `Running`."""

    name: str
    title: str
    copies: bool
    start: Callable[[ExitStack, Backends, int, Path], Running]
    differing: bool = False


@contextmanager
def started(arm: Arm, backends: Backends, candidate: int, folder: Path) -> Iterator[Running]:
    """Runs an arm in front of the backends until the end of the block."""
    with ExitStack() as stack:
        yield arm.start(stack, backends, backends.differing if arm.differing else candidate, folder)


@contextmanager
def origins(folder: Path) -> Iterator[Backends]:
    """Runs legacy, the healthy candidate and the one that differs in one number."""
    with ExitStack() as stack:
        ports = []
        bodies = {"legacy": origin.BODY, "candidate": origin.BODY, "other": origin.DIFFERING_BODY}
        for name, body in bodies.items():
            port = free_port()
            text = origin.nginx_origin(folder / name, port, body)
            wait_for_port(port, _nginx(stack, folder / name, text))
            ports.append(port)
        legacy, candidate, differing = ports
        yield Backends(legacy, candidate, differing)


def ours(stack: ExitStack, legacy: int, candidate: int, folder: Path, *settings: str) -> Running:
    """Runs shadowproxy by its command line; ready means that `/readyz` says so."""
    port, admin = free_port(), free_port()
    command = [
        *(sys.executable, "-m", "shadowproxy", "run"),
        *("--legacy", f"http://127.0.0.1:{legacy}"),
        *("--candidate", f"http://127.0.0.1:{candidate}"),
        *("--listen", f"127.0.0.1:{port}", "--admin", f"127.0.0.1:{admin}"),
        *(part for setting in settings for part in ("--set", setting)),
    ]
    process = stack.enter_context(running(command, folder))
    wait_until(lambda: is_ready(admin), process, "ready")
    return Running(port, process, admin)


def _direct(_stack: ExitStack, backends: Backends, _candidate: int, _folder: Path) -> Running:
    return Running(backends.legacy, None)


def _nginx(stack: ExitStack, folder: Path, text: str) -> subprocess.Popen[str]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "nginx.conf").write_text(text)
    command = [program("nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf")]
    return stack.enter_context(running([*command, "-e", str(folder / "error.log")], folder))


def _nginx_plain(stack: ExitStack, backends: Backends, _candidate: int, folder: Path) -> Running:
    port = free_port()
    process = _nginx(stack, folder, peers.nginx(folder, port, backends.legacy, None))
    wait_for_port(port, process)
    return Running(port, process)


def _nginx_mirror(stack: ExitStack, backends: Backends, candidate: int, folder: Path) -> Running:
    port = free_port()
    process = _nginx(stack, folder, peers.nginx(folder, port, backends.legacy, candidate))
    wait_for_port(port, process)
    return Running(port, process)


def _haproxy(stack: ExitStack, backends: Backends, _candidate: int, folder: Path) -> Running:
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "haproxy.cfg").write_text(peers.haproxy(port, backends.legacy))
    command = [program("haproxy"), "-db", "-f", str(folder / "haproxy.cfg")]
    process = stack.enter_context(running(command, folder))
    wait_for_port(port, process)
    return Running(port, process)


def _envoy(stack: ExitStack, legacy: int, candidate: int | None, folder: Path) -> Running:
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "envoy.json").write_text(peers.envoy(port, legacy, candidate))
    command = [
        *(envoy(), "-c", str(folder / "envoy.json"), "--concurrency", "1"),
        *("--disable-hot-restart", "--log-level", "error"),
    ]
    process = stack.enter_context(running(command, folder))
    wait_for_port(port, process)
    return Running(port, process)


def _envoy_plain(stack: ExitStack, backends: Backends, _candidate: int, folder: Path) -> Running:
    return _envoy(stack, backends.legacy, None, folder)


def _envoy_mirror(stack: ExitStack, backends: Backends, candidate: int, folder: Path) -> Running:
    return _envoy(stack, backends.legacy, candidate, folder)


def _naive(stack: ExitStack, backends: Backends, candidate: int, folder: Path) -> Running:
    port = free_port()
    urls = (f"http://127.0.0.1:{each}" for each in (backends.legacy, candidate))
    command = [sys.executable, "-m", "bench.naive", str(port), *urls]
    process = stack.enter_context(running(command, folder))
    wait_for_port(port, process)
    return Running(port, process)


def _ours(*settings: str) -> Callable[[ExitStack, Backends, int, Path], Running]:
    def start(stack: ExitStack, backends: Backends, candidate: int, folder: Path) -> Running:
        return ours(stack, backends.legacy, candidate, folder, *ONE_EDGE, *settings)

    return start


ARMS: tuple[Arm, ...] = (
    Arm("direct", "no proxy", False, _direct),
    Arm("nginx", "nginx", False, _nginx_plain),
    Arm("nginx_mirror", "nginx with mirror", True, _nginx_mirror),
    Arm("haproxy", "HAProxy", False, _haproxy),
    Arm("envoy", "Envoy", False, _envoy_plain),
    Arm("envoy_mirror", "Envoy with request_mirror_policies", True, _envoy_mirror),
    Arm("naive", "aiohttp with create_task(shadow)", True, _naive),
    Arm("ours_0", "shadowproxy, shadow 0 %", False, _ours("shadow.sample=0%")),
    Arm("ours_100", "shadowproxy, shadow 100 %", True, _ours("shadow.sample=100%")),
    Arm("ours_differing", "the same, every answer differs", True, _ours("shadow.sample=100%"), True),
)  # fmt: skip
BY_NAME = {arm.name: arm for arm in ARMS}
