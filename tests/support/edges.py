"""The product's processes inside the test's own event loop: quick, and every byte in reach.

    client ──► edge ──► legacy
                 └────► shadow ──► candidate      with `processes=("edge", "shadow", "judge")`
                           └─────► judge

Each has its tally page and stop event, as in real life; what is not the same is that they share a
loop, so nothing here measures speed. Where judge does not run, the harness takes its events.
Law: an exception inside the product (a traceback told to judge, or one that reaches the loop)
fails the test that caused it.
"""

import asyncio
import importlib
import json
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shadowproxy.core.cells import GLOBAL, recorded, unsettled
from shadowproxy.core.lifecycle import REASONS
from shadowproxy.core.settings import (
    BackendSettings,
    LimitSettings,
    ListenSettings,
    NoiseSettings,
    RecheckSettings,
    ReportSettings,
    Settings,
)
from shadowproxy.ipc import frames
from shadowproxy.ipc.channel import Receiver
from shadowproxy.ipc.dials import Dials
from shadowproxy.ipc.process import Process, write_settings
from shadowproxy.ipc.tallies import read_cells
from tests.support.backends import listen
from tests.support.tls import TlsWire
from tests.support.waiting import alongside, until
from tests.support.wire import Wire

if TYPE_CHECKING:
    import ssl

Address = tuple[str, int]

ALL = ("judge", "shadow", "edge")
"""In the order in which they start: each finds its receiver listening."""

QUICK = LimitSettings(drain_delay_s=0.0, drain_timeout_s=0.5)
"""Production limits, but no time to wait at the end of a test."""

ASKED_ONCE = {"noise": NoiseSettings(source="off"), "recheck": RecheckSettings(0)}
"""Tests count what legacy is asked; those about witnesses and rechecks turn them on."""

STOP_S = 5.0


class Edge:
    """A running product as its tests see it. `users_tls`: how users connect where it speaks TLS."""

    def __init__(
        self, address: Address | str, folder: Path, settings: Settings, names: Sequence[str]
    ) -> None:
        self.address = address
        self.runtime_dir = folder
        self.settings = settings
        self.dials = Dials(folder)
        self.names = names
        self.faults: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.wires: list[Wire] = []
        self.running: dict[str, tuple[asyncio.Event, asyncio.Task[None]]] = {}
        self.users_tls: ssl.SSLContext | None = None
        self.start: Callable[[str], Awaitable[None]]
        """Starts a role, also again after it has ended: a successor in the same folder."""

    async def connect(self, **options: Any) -> Wire:
        """A new client connection; closed at the end if the test did not."""
        if self.users_tls is not None:
            assert isinstance(self.address, tuple)
            wire: Wire = await TlsWire.connect_tls(self.address, self.users_tls)
        else:
            wire = await Wire.connect(self.address, **options)
        self.wires.append(wire)
        return wire

    def stop(self, role: str = "edge") -> None:
        """What SIGTERM does to a process."""
        self.running[role][0].set()

    async def stopped(self, role: str = "edge") -> None:
        """Waits until the process has ended."""
        task = self.running[role][1]
        _, pending = await asyncio.wait([task], timeout=STOP_S)
        assert not pending, f"{role} did not stop within {STOP_S} s"

    def reload(self, **changes: Any) -> None:
        """Publishes changed settings, as control does."""
        generation = self.settings.generation + 1
        self.settings = replace(self.settings, generation=generation, **changes)
        write_settings(self.runtime_dir, self.settings)
        self.dials.publish_generation(generation)

    def cell(self, name: str) -> int:
        """A global cell, summed over the processes."""
        return sum(read_cells(self.runtime_dir, name_of)[GLOBAL[name]] for name_of in self.names)

    def cells(self) -> list[list[int]]:
        """The tally page of each process."""
        return [read_cells(self.runtime_dir, name) for name in self.names]

    def conservation(self) -> dict[str, int]:
        """The terms of the law, `in flight` last; it is zero at rest."""
        pages = self.cells()
        terms = {"received": sum(page[GLOBAL["received"]] for page in pages)}
        for state, reasons in REASONS.items():
            cells = [GLOBAL[f"{state}/{reason}"] for reason in reasons]
            terms[state] = sum(page[cell] for page in pages for cell in cells)
        terms["recorded"] = sum(map(recorded, pages))
        terms["in_flight"] = terms["received"] - sum(list(terms.values())[1:])
        return terms

    async def at_rest(self) -> dict[str, int]:
        """Waits until every exchange has ended, and gives the terms of the law."""
        await until(
            lambda: (
                self.conservation()["in_flight"] == 0
                and all(unsettled(page) == 0 for page in self.cells())
            ),
            f"all exchanges ended ({self.conservation()})",
        )
        return self.conservation()


def backend_settings(address: Address | str, **more: Any) -> BackendSettings:
    """A plain HTTP backend at the address."""
    if isinstance(address, str):
        return BackendSettings("http", "backend.test", 80, unix=address, **more)
    return BackendSettings("http", address[0], address[1], **more)


@asynccontextmanager
async def edge(
    legacy: Address | BackendSettings,
    candidate: Address | BackendSettings | None = None,
    processes: Sequence[str] = ("edge",),
    unix: Path | None = None,
    **changes: Any,
) -> AsyncIterator[Edge]:
    """Runs the processes with the settings; `forwarded` is off unless said otherwise."""
    with runtime_dir() as folder, _listener(unix) as listener:
        settings = replace(
            Settings((_listening(listener),), _backend(legacy), forwarded="off", limits=QUICK),
            candidate=None if candidate is None else _backend(candidate),
            **{**ASKED_ONCE, **changes, "report": _report(folder, processes, changes)},
        )
        write_settings(folder, settings)
        names = ["edge-0" if role == "edge" else role for role in processes]
        it = Edge(listener.getsockname(), folder, settings, names)
        it.dials.publish_generation(settings.generation)
        with _faults_of_the_loop(it.faults):
            async with _events(it, processes), _running(it, processes, listener):
                try:
                    yield it
                finally:
                    for wire in it.wires:
                        wire.close()
        it.faults += [event for event in it.events if "Traceback" in str(event.get("error"))]
        assert not it.faults, f"unhandled in the product: {it.faults}"


@asynccontextmanager
async def _events(it: Edge, processes: Sequence[str]) -> AsyncIterator[None]:
    """Takes what edges tell judge, in its place; a played judge or the real one does it itself."""
    if "judge" in processes or "edge" not in processes:
        yield
        return

    def take(slot: int, kind: int, frame: bytes) -> None:
        if kind == frames.EVENT:
            it.events.append(json.loads(frames.unpack_event(frame)))

    receiver = Receiver(take, lambda _: 0, lambda _: None)
    server = await receiver.listen(it.runtime_dir / "judge.sock")
    try:
        yield
    finally:
        server.close()


@asynccontextmanager
async def _running(
    it: Edge, processes: Sequence[str], listener: socket.socket
) -> AsyncIterator[None]:
    """Starts the roles in order and ends them in the opposite one, as the supervisor does."""
    folder = it.runtime_dir
    async with AsyncExitStack() as stack:

        async def start(role: str) -> None:
            stop = asyncio.Event()
            task = await stack.enter_async_context(alongside(_serve(role, folder, listener, stop)))
            it.running[role] = (stop, task)
            stack.push_async_callback(_end, it, role)
            if role != "edge":
                await until((folder / f"{role}.sock").exists, f"{role} listens")

        it.start = start
        for role in processes:
            await start(role)
        yield


async def _end(it: Edge, role: str) -> None:
    it.stop(role)
    await it.stopped(role)


async def _serve(role: str, folder: Path, listener: socket.socket, stop: asyncio.Event) -> None:
    process = Process(folder, role, 0)
    serving = importlib.import_module(f"shadowproxy.{role}.serving")
    if role == "edge":
        await serving.serve(process, [listener], stop)
    else:
        await serving.serve(process, stop)


@contextmanager
def runtime_dir() -> Iterator[Path]:
    """A private folder with a short name: Unix socket paths end at 108 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="sp-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def _listener(unix: Path | None) -> Iterator[socket.socket]:
    if unix is None:
        with listen() as listener:
            yield listener
        return
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(unix))
        listener.listen(128)
        listener.setblocking(False)
        yield listener


def _listening(listener: socket.socket) -> ListenSettings:
    name = listener.getsockname()
    return ListenSettings(unix=name) if isinstance(name, str) else ListenSettings(*name)


def _report(folder: Path, processes: Sequence[str], changes: dict[str, Any]) -> ReportSettings:
    """A judge that is played alone has a store of its own, beside its tallies; else there is none.

    Making one keeps the interpreter for a tenth of a second, and deadlines of the others are short.
    """
    report: ReportSettings = changes.get("report", ReportSettings())
    has_none = report.store or tuple(processes) != ("judge",)
    return report if has_none else replace(report, store=f"sqlite:///{folder}/report.db")


def _backend(of: Address | BackendSettings) -> BackendSettings:
    return of if isinstance(of, BackendSettings) else backend_settings(of)


@contextmanager
def _faults_of_the_loop(faults: list[dict[str, Any]]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    loop.set_exception_handler(lambda _, context: faults.append(context))
    try:
        yield
    finally:
        loop.set_exception_handler(before)
