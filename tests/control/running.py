"""The control process inside the test's own loop, with pages of other processes to read."""

import asyncio
import json
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp
from multidict import CIMultiDict

from shadowproxy import logs
from shadowproxy.config import Invocation, content_hash, write_invocation
from shadowproxy.control import serving
from shadowproxy.core.settings import (
    AdminSettings,
    BackendSettings,
    ListenSettings,
    RouteSettings,
    Settings,
)
from shadowproxy.ipc.process import Process, write_settings
from tests.support.waiting import alongside, until

SETTINGS = Settings(
    (ListenSettings("127.0.0.1", 8080),),
    BackendSettings("http", "127.0.0.1", 9001),
    BackendSettings("http", "127.0.0.1", 9002),
    workers=2,
    admin=AdminSettings(ListenSettings("127.0.0.1", 9900)),
    routes=(RouteSettings("search", 1, "/search"), RouteSettings("user", 2, "/users/{id}")),
)

CONFIG = """\
listen: 127.0.0.1:8080
admin: {listen: 127.0.0.1:9900}
workers: 2
legacy: {url: "http://127.0.0.1:9001"}
candidate: {url: "http://127.0.0.1:9002"}
"""


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    status: int
    headers: CIMultiDict[str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()

    def refuses(self, status: int) -> str:
        """What a problem document says (RFC 9457); fails unless it is one with that status."""
        assert self.status == status, self.text
        assert self.headers["Content-Type"] == "application/problem+json"
        assert self.json["status"] == status
        assert self.json["title"] == HTTPStatus(status).phrase
        detail: str = self.json["detail"]
        return detail


@dataclass
class Control:
    """A running control: ask it, and look at what it did."""

    folder: Path
    process: Process
    url: str
    session: aiohttp.ClientSession
    reload: asyncio.Event
    log: int
    others: dict[str, Process] = field(default_factory=dict)
    _events: bytearray = field(default_factory=bytearray)

    @property
    def store(self) -> str:
        """The URL of this test's own store."""
        return self.process.settings.report.store

    def lose_store(self) -> None:
        """Deletes the store's files."""
        path = self.store.removeprefix("sqlite:///")
        for end in ("", "-wal", "-shm"):
            Path(path + end).unlink(missing_ok=True)

    async def ask(self, method: str, path: str, **options: Any) -> Answer:
        async with self.session.request(method, self.url + path, **options) as response:
            return Answer(response.status, response.headers.copy(), await response.read())

    async def get(self, path: str, **options: Any) -> Answer:
        return await self.ask("GET", path, **options)

    def events(self, name: str) -> list[dict[str, Any]]:
        """The log events of this name so far."""
        assert logs.close(5)
        while True:
            try:
                self._events += os.read(self.log, 1 << 16)
            except BlockingIOError:
                break
        found = [json.loads(line) for line in self._events.splitlines()]
        return [event for event in found if event["event"] == name]

    async def follow(self) -> None:
        """The other processes take up each generation, for as long as this runs."""

        def take_up() -> None:
            for other in self.others.values():
                other.reload()

        await until(take_up, "never", 3600)

    def beat(self) -> None:
        """The other processes are alive, as far as their pages tell."""
        for other in self.others.values():
            other.beat()


@asynccontextmanager
async def controlling(
    settings: Settings = SETTINGS,
    folder: Path | None = None,
    config: str | None = None,
    family: socket.AddressFamily = socket.AF_INET,
) -> AsyncIterator[Control]:
    """Control over a runtime folder with pages of two edges, shadow and judge."""
    made = None if folder is not None else Path(tempfile.mkdtemp(prefix="control-"))
    home = folder or made
    assert home is not None
    _prepare(home, settings, config)
    others = {
        name: Process(home, name.partition("-")[0], slot)
        for name, slot in (("edge-0", 0), ("edge-1", 1), ("shadow", 0), ("judge", 0))
    }
    process = Process(home, "control")
    log, log_writing = os.pipe()
    os.set_blocking(log, False)
    with _listening(family, home) as sock:
        stop, reload = asyncio.Event(), asyncio.Event()
        work = serving.serve(process, [sock], stop, reload, log_writing)
        async with _session(sock) as session, alongside(work) as serve:
            control = Control(home, process, _url(sock), session, reload, log, others)
            assert (await control.get("/livez")).status == 200
            yield control
            stop.set()
            await serve
    logs.configure(settings.log)
    os.close(log_writing)
    os.close(log)
    if made is not None:
        shutil.rmtree(
            made, ignore_errors=True
        )  # a reading that was cut off may still close its files


def _prepare(folder: Path, settings: Settings, config: str | None) -> None:
    """A runtime folder as the command line and the supervisor leave it."""
    path = None
    if config is not None:
        path = folder / "shadowproxy.yaml"
        path.write_text(config)
    if not settings.report.store:
        settings = replace(settings, report=replace(settings.report, store=store_in(folder)))
    if not (folder / "settings.json").exists():
        write_settings(folder, settings)
        Process(folder, "control").dials.publish_generation(settings.generation)
    if not (folder / "run.json").exists():
        sources = () if path is None else (str(path),)
        started = Invocation(
            None if path is None else str(path),
            overrides=(f"report.store={settings.report.store}",),
            sources=sources,
            content_hash=content_hash(sources),
        )
        write_invocation(folder, started)
    names = ["edge-0", "edge-1", "shadow", "judge", "control"]
    processes = [
        {"name": name, "pid": 1, "restarts": 0, "up": True, "since": "2026-01-01T00:00:00Z"}
        for name in names
    ]
    (folder / "processes.json").write_text(json.dumps(processes))


def store_in(folder: Path) -> str:
    """The URL of the store that a test's control reads, unless its settings name another."""
    return f"sqlite:///{folder}/report.db"


def _listening(family: socket.AddressFamily, folder: Path) -> socket.socket:
    sock = socket.socket(family)
    sock.bind(str(folder / "admin.sock") if family == socket.AF_UNIX else ("127.0.0.1", 0))
    sock.listen()
    return sock


def _session(sock: socket.socket) -> aiohttp.ClientSession:
    if sock.family == socket.AF_UNIX:
        return aiohttp.ClientSession(connector=aiohttp.UnixConnector(sock.getsockname()))
    return aiohttp.ClientSession()


def _url(sock: socket.socket) -> str:
    if sock.family == socket.AF_UNIX:
        return "http://localhost"
    return f"http://127.0.0.1:{sock.getsockname()[1]}"
