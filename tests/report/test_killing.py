"""kill -9 of who writes, at any moment: the store opens, is whole, and says at most what was handed over."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Engine

from shadowproxy.report.opening import open_engine
from tests.report.events import kept_in
from tests.report.judging import ENDPOINT, PATH
from tests.report.killed import Tallies
from tests.report.stores import traffic_sums

KILLS = {"sqlite": 50, "postgresql": 10}
LONGEST_S = 0.02
"""Between what is read last and the signal; a flush takes some 5 ms."""


class _Judges:
    def __init__(self, url: str, tallies: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.report.killed", url, str(tallies)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
            cwd=Path(__file__).parents[2],
        )  # fmt: skip
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._out = self._process.stdin, self._process.stdout

    def kill_one(self, random: Random) -> tuple[int, int]:
        """How many exchanges it had handed over, and how many were written for certain."""
        self._in.write(b"go\n")
        pid, said = 0, (0, 0)
        for _ in range(random.randrange(1, 7)):
            words = self._out.readline().split()
            if words[0] == b"pid":
                pid = int(words[1])
            else:
                said = int(words[0]), int(words[1])
        while not pid:
            words = self._out.readline().split()
            pid = int(words[1]) if words[0] == b"pid" else 0
        select.select([], [], [], random.random() * LONGEST_S)
        os.kill(pid, signal.SIGKILL)
        while (words := self._out.readline().split())[0] != b"ended":
            said = int(words[0]), int(words[1])
        assert int(words[1]) == -signal.SIGKILL
        return said

    def end_one(self) -> None:
        """One that counts once more and ends by itself."""
        self._in.write(b"end\n")
        while (words := self._out.readline().split())[0] != b"ended":
            pass
        assert int(words[1]) == 0

    def close(self) -> None:
        self._in.close()
        assert self._process.wait(10) == 0
        self._out.close()


@pytest.fixture
def judges(url: str, tmp_path: Path) -> Iterator[_Judges]:
    """A process that has all of it imported and forks a judge at a word."""
    (tmp_path / "tallies").write_bytes(bytes(8))
    it = _Judges(url, tmp_path / "tallies")
    yield it
    it.close()


def _counted(engine: Engine) -> int:
    """By every table that counts exchanges: all of a flush is there or nothing."""
    model = kept_in(engine)
    verdicts = sum(count for (_, _, name), count in model.series.items() if name == "mismatch")
    count = model.groups[ENDPOINT, PATH, "count"]
    assert verdicts == count == sum(model.group_series.values())
    return count


@pytest.mark.slow
def test_killed_at_random_moments(judges: _Judges, url: str, tmp_path: Path) -> None:
    """Again and again: nothing is corrupt, no flush is half there, twice there, or lost once written."""
    random = Random(4)
    tallies = Tallies(tmp_path / "tallies")
    counted = flushes = 0
    for _ in range(KILLS[url.partition(":")[0]]):
        handed, written = judges.kill_one(random)
        engine = open_engine(url, is_writer=True)
        if engine.dialect.name == "sqlite":
            with engine.begin() as connection:
                assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
        now = _counted(engine)
        assert written <= now - counted <= handed
        assert traffic_sums(engine).get("received", 0) <= tallies["received"]
        counted, flushes = now, flushes + (handed > 0)
        engine.dispose()
    assert flushes > 0
    judges.end_one()
    engine = open_engine(url, is_writer=True)
    assert _counted(engine) == counted + 1
    assert traffic_sums(engine) == {"received": tallies["received"]}
    engine.dispose()
