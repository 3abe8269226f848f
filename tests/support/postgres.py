"""A PostgreSQL server of the tests' own, from Debian's programs.

    initdb ─► postgres (its own folder, Unix socket and port) ─► a database for each test

Its databases sort texts as an English dictionary does, not by code points: what holds under that
collation holds under every other. Where its programs are missing its tests are skipped, but not with
CI=true. It is ended by its id.
"""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Final
from urllib.parse import quote

import psycopg
import pytest

from tests.support.command import free_port
from tests.support.waiting import wait_for

USER: Final = "postgres"
START_S: Final = 30.0
STOP_S: Final = 20.0
_PROGRAMS: Final = Path("/usr/lib/postgresql")
_FAST: Final = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "jit=off")
"""Nothing here has to survive a power cut."""


def programs() -> Path | None:
    """Where the newest release's programs are; None if there is none."""
    found = [path for path in _PROGRAMS.glob("*/bin") if (path / "initdb").exists()]
    return max(found, key=lambda path: float(path.parent.name), default=None)


class Postgres:
    """A server that can be stopped and started again at the same address."""

    def __init__(self, folder: Path, bin_dir: Path) -> None:
        self._folder = folder
        self._bin = bin_dir
        self._port = free_port()
        self._numbers = count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._run("initdb", "-D", str(self._data), "-U", USER, "-A", "trust", "-E", "UTF8",
                  "--no-sync", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US",
                  "--no-instructions")  # fmt: skip

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _command(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        """A program as the user that the server may run as: it refuses to be root."""
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                [str(self._bin / name), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                user=USER if os.getuid() == 0 else None,
                group=USER if os.getuid() == 0 else None,
                extra_groups=[] if os.getuid() == 0 else None,
            )

    def _run(self, name: str, *arguments: str) -> None:
        code = self._command(name, *arguments).wait(START_S)
        assert code == 0, (self._folder / "log").read_text()[-2000:]

    def start(self) -> None:
        """Until it takes connections."""
        options = [f"--{each}" for each in (*_FAST, f"port={self._port}", "listen_addresses=")]
        self._process = self._command(
            "postgres", "-D", str(self._data), "-k", str(self._folder), *options
        )
        wait_for(self._answers, "PostgreSQL answers", START_S)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._folder / "log").read_text()[-2000:]
        try:
            with psycopg.connect(self.url("postgres")):
                return True
        except psycopg.OperationalError:
            return False

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Ends all connections and the server: SIGINT in order, SIGQUIT as if it had crashed."""
        if self._process is None:
            return
        self._process.send_signal(how)
        self._process.wait(STOP_S)
        self._process = None

    def url(self, database: str) -> str:
        """Of one of its databases, as `report.store` spells it."""
        return f"postgresql://{USER}@/{database}?host={quote(str(self._folder))}&port={self._port}"

    def create(self, template: str = "template0") -> str:
        """A new database, a copy of another one; its name."""
        name = f"report_{next(self._numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        return name

    def drop(self, name: str) -> None:
        """Whoever is still connected to it is thrown out."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server for all tests of a run."""
    bin_dir = programs()
    if bin_dir is None:
        if os.environ.get("CI") == "true":
            pytest.fail("the programs of PostgreSQL are not installed")
        pytest.skip("the programs of PostgreSQL are not installed")
    folder = Path(tempfile.mkdtemp(prefix="sp-pg-"))
    try:
        if os.getuid() == 0:
            shutil.chown(folder, USER, USER)
        server = Postgres(folder, bin_dir)
        server.start()
        try:
            yield server
        finally:
            server.stop(signal.SIGQUIT)
    finally:
        shutil.rmtree(folder)
