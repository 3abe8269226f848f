"""The thread that writes the store: it never makes judge wait, and loses nothing that it can keep.

trouble ─► said in `standing`, counted ─► over ─► all that was counted meanwhile is there once
"""

import os
import resource
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from shadowproxy.core.settings import ReportSettings
from shadowproxy.core.words import Verdict
from shadowproxy.report import keeping, opening, tidying
from shadowproxy.report.opening import open_engine
from tests.report.events import START_S, kept_in, sample, seen_at
from tests.report.judging import ENDPOINT, GROUP, PATH, Judging
from tests.report.stores import traffic_sums
from tests.support.postgres import Postgres
from tests.support.waiting import wait_for


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits as long as in production."""
    monkeypatch.setattr(keeping, "FIRST_PAUSE_S", 0.02)
    monkeypatch.setattr(keeping, "LAST_PAUSE_S", 0.05)
    monkeypatch.setattr(keeping, "TRAFFIC_S", 0.02)
    monkeypatch.setattr(keeping, "TIDY_S", 0.1)
    monkeypatch.setattr(opening, "BUSY_MS", 300)


def _counted(url: str) -> int:
    """How many exchanges the store knows of, by every table that counts them."""
    engine = open_engine(url, is_writer=True)
    model = kept_in(engine)
    engine.dispose()
    counts = {
        sum(n for (_, at, name), n in model.series.items() if (at, name) == (ENDPOINT, "mismatch")),
        model.groups[ENDPOINT, PATH, "count"],
        sum(model.group_series.values()),
    }
    assert len(counts) == 1, counts
    return counts.pop()


def _received(url: str) -> int:
    engine = open_engine(url, is_writer=True)
    sums = traffic_sums(engine)
    engine.dispose()
    return sums.get("received", 0)


def _all_is_there(it: Judging) -> None:
    assert it.end(), it.keeper.standing
    assert it.keeper.standing.rows_lost == 0
    assert _counted(it.url) == it.ticks
    assert _received(it.url) == it.figures["received"]


def test_what_is_handed_over_is_written_once(url: str) -> None:
    """Flush after flush, and the last words."""
    it = Judging(url)
    it.tick_until(lambda: it.keeper.standing.flushes >= 5, "five flushes")
    assert it.keeper.standing.last_write is not None
    _all_is_there(it)
    assert it.states <= {"starting", "ok"}


def test_a_store_is_begun(bare_url: str) -> None:
    """Where there is none it is made; a file is its owner's alone."""
    it = Judging(bare_url)
    it.tick_until(lambda: it.keeper.standing.flushes, "the first flush")
    _all_is_there(it)
    path = opening.path_of(bare_url)
    if path is not None:
        assert os.stat(path).st_mode & 0o077 == 0


def test_a_successor_goes_on_where_the_last_one_was(url: str) -> None:
    """The writer's number and its baseline are the store's: nothing of the tallies counts twice."""
    first = Judging(url)
    first.tick_until(lambda: first.keeper.standing.flushes >= 3, "three flushes")
    assert first.end()
    second = Judging(url, ticks=first.ticks, figures=first.figures)
    second.tick_until(lambda: second.keeper.standing.flushes >= 3, "three flushes")
    _all_is_there(second)


def test_without_a_store_nothing_is_kept() -> None:
    """What is handed over is forgotten at once, and nothing is said to be the matter."""
    it = Judging("")
    for _ in range(3):
        it.tick()
        assert it.keeper.is_free
    assert not it.end()
    assert it.keeper.standing == keeping.StoreStanding(state="off")


@contextmanager
def _locked(url: str) -> Iterator[None]:
    """Somebody else has the store to himself."""
    path = opening.path_of(url)
    if path is not None:
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
        yield
        holder.close()
        return
    with psycopg.connect(url) as connection:
        connection.execute("LOCK TABLE groups, series IN ACCESS EXCLUSIVE MODE")
        yield
        connection.rollback()


def test_a_locked_store(url: str) -> None:
    """Held by another for longer than one waits: said, survived, and everything is there once."""
    it = Judging(url)
    it.tick_until(lambda: it.keeper.standing.flushes >= 2, "two flushes")
    with _locked(url):
        it.tick_until_state("locked")
        it.tick_until(lambda: it.keeper.standing.failures >= 2, "a second failure")
        assert "could not be" in it.keeper.standing.error
    it.tick_until_state("ok")
    assert it.keeper.standing.error == ""
    _all_is_there(it)


def test_a_file_that_is_deleted(sqlite_url: str) -> None:
    """A new one is begun: what was counted since is there, and all of the tallies."""
    it = Judging(sqlite_url)
    it.tick_until(lambda: it.keeper.standing.flushes >= 2, "two flushes")
    it.settle()
    before = it.ticks
    os.remove(sqlite_url.removeprefix("sqlite:///"))
    flushes = it.keeper.standing.flushes
    it.tick_until(lambda: it.keeper.standing.flushes >= flushes + 2, "flushes into the new file")
    assert it.end()
    assert _counted(it.url) == it.ticks - before
    assert _received(it.url) == it.figures["received"]


def test_a_file_that_is_deleted_while_a_flush_waits(sqlite_url: str) -> None:
    """What could not be written into the old file is written into the new one."""
    it = Judging(sqlite_url)
    it.tick_until(lambda: it.keeper.standing.flushes >= 2, "two flushes")
    it.settle()
    before = it.ticks
    with _locked(sqlite_url):
        it.tick_until_state("locked")
        os.remove(sqlite_url.removeprefix("sqlite:///"))
        it.tick_until_state("ok")
    assert it.end()
    assert _counted(it.url) == it.ticks - before
    assert _received(it.url) == it.figures["received"]


def test_a_file_that_is_replaced_by_an_older_one(sqlite_url: str) -> None:
    """A backup that is put back: what it had, and what was counted since."""
    it = Judging(sqlite_url)
    it.tick_until(lambda: it.keeper.standing.flushes >= 2, "two flushes")
    it.settle()
    path, had = Path(sqlite_url.removeprefix("sqlite:///")), it.ticks
    backup = path.with_name("backup.db")
    with sqlite3.connect(path) as source, sqlite3.connect(backup) as target:
        source.backup(target)
    source.close()
    target.close()
    it.tick_until(lambda: it.ticks >= had + 20, "more")
    it.settle()
    forgotten = it.ticks - had
    backup.replace(path)
    it.tick_until(lambda: it.ticks >= had + forgotten + 20, "more")
    it.settle()
    assert it.end()
    assert _counted(it.url) == it.ticks - forgotten
    assert _received(it.url) == it.figures["received"]


def test_a_folder_that_is_gone(sqlite_url: str) -> None:
    """Nothing can be opened: said, and when the folder is back a new file is begun."""
    it = Judging(sqlite_url)
    it.tick_until(lambda: it.keeper.standing.flushes >= 2, "two flushes")
    it.settle()
    before, folder = it.ticks, Path(sqlite_url.removeprefix("sqlite:///")).parent
    away = folder.with_name(folder.name + "-away")
    folder.rename(away)
    it.tick_until_state("lost")
    assert "cannot be opened" in it.keeper.standing.error
    folder.mkdir()
    it.tick_until_state("ok")
    assert it.end()
    assert _counted(it.url) == it.ticks - before
    assert _received(it.url) == it.figures["received"]
    shutil.rmtree(away)


def test_a_server_that_stops_and_comes_back(postgres: Postgres, postgresql_url: str) -> None:
    """Connections break in the middle of flushes: everything is there, each exactly once."""
    it = Judging(postgresql_url)
    it.tick_until(lambda: it.keeper.standing.flushes >= 2, "two flushes")
    postgres.stop()
    try:
        it.tick_until_state("lost")
        it.tick_until(lambda: it.keeper.standing.failures >= 3, "more failures")
    finally:
        postgres.start()
    it.tick_until_state("ok")
    _all_is_there(it)


def _until_flushed(it: Judging) -> None:
    flushes = it.keeper.standing.flushes
    it.tick_until(lambda: it.keeper.standing.flushes > flushes, "another flush")


def test_connections_that_break_again_and_again(postgresql_url: str) -> None:
    """Whatever a flush was at when its connection was killed, it counts once."""
    it = Judging(postgresql_url)
    kill = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        for _ in range(15):
            _until_flushed(it)
            connection.execute(kill)
    it.tick_until_state("ok")
    assert it.keeper.standing.failures > 0
    _all_is_there(it)


def test_a_database_that_is_emptied(postgresql_url: str) -> None:
    """Its tables are dropped under us: they are made again, and what was counted since is there."""
    it = Judging(postgresql_url)
    it.tick_until(lambda: it.keeper.standing.flushes >= 2, "two flushes")
    it.settle()
    before = it.ticks
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    it.tick_until_state("lost")
    it.tick_until_state("ok")
    assert it.end()
    assert _counted(it.url) == it.ticks - before
    assert _received(it.url) == it.figures["received"]


@pytest.mark.parametrize("poison", ["\0", "\ud800"])
def test_a_value_that_no_store_takes(url: str, poison: str) -> None:
    """The flush that has it is given up and its rows are counted; traffic and the rest are exact."""
    if url.startswith("sqlite") and poison == "\0":
        pytest.skip("SQLite takes it")
    it = Judging(url)
    it.tick_until(lambda: it.keeper.standing.flushes >= 2, "two flushes")
    it.settle()
    it.batch.count(START_S, f"GET /{poison}", "all", Verdict.MATCH, seen_at(1))
    it.hand()
    wait_for(lambda: it.keeper.standing.failures, "the refusal")
    wait_for(lambda: it.keeper.standing.state == "ok" and it.keeper.is_free, "the store is ok")
    lost = it.keeper.standing.rows_lost
    assert 2 <= lost <= 3
    it.tick_until(lambda: it.ticks % 20 == 0, "more")
    assert it.end()
    assert (it.keeper.standing.failures, it.keeper.standing.rows_lost) == (1, lost)
    assert _counted(it.url) == it.ticks
    assert _received(it.url) == it.figures["received"]


def _fill(it: Judging, number: int, count: int) -> None:
    for each in range(count):
        content = os.urandom(20_000)
        it.batch.add_sample(sample(count * number + each, [f"{number:016x}"], content=content))
    it.tick()


def test_a_cap_that_is_reached(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store without a page left says so, makes room by itself, and goes on without a loss."""
    monkeypatch.setattr(keeping, "TIDY_S", 1e9)
    monkeypatch.setattr(tidying, "_KEPT_SAMPLES", 10)
    it = Judging(sqlite_url, ReportSettings(max_size_bytes=4 << 20))
    numbers = iter(range(1_000))

    def was_full() -> bool:
        _fill(it, next(numbers), 5)
        wait_for(lambda: it.keeper.is_free, "the keeper takes up what it got")
        return it.keeper.standing.failures > 0

    wait_for(was_full, "the store was full", 20.0)
    it.tick_until_state("ok")
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    assert path.stat().st_size <= 2 << 20
    _all_is_there(it)


def test_what_can_never_fit(sqlite_url: str) -> None:
    """Samples that are more than the file may hold are dropped and counted; all counts are there."""
    it = Judging(sqlite_url, ReportSettings(max_size_bytes=4 << 20))
    _fill(it, 0, 200)
    it.tick_until(lambda: it.keeper.standing.rows_lost, "the samples are counted as lost")
    it.tick_until_state("ok")
    assert it.end()
    assert it.keeper.standing.rows_lost == 200
    assert (_counted(it.url), _received(it.url)) == (it.ticks, it.ticks)


def test_figures_that_can_never_fit(sqlite_url: str) -> None:
    """Then the flush is given up and counted, and the store goes on."""
    it = Judging(sqlite_url, ReportSettings(max_size_bytes=1 << 20))
    for number in range(5_000):
        it.batch.count(START_S, f"GET /{number}", "all", Verdict.MATCH, seen_at(1))
    it.hand()
    it.tick_until(lambda: it.keeper.standing.rows_lost, "the figures are counted as lost")
    it.tick_until_state("ok")
    flushes = it.keeper.standing.flushes
    it.tick_until(lambda: it.keeper.standing.flushes > flushes, "another flush")
    assert it.end()
    assert _received(it.url) == it.ticks


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "none", str(folder)]
    if os.getuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("file systems may not be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_disk_that_is_full(small_disk: Path, sqlite_url: str) -> None:
    """Somebody else has filled it: said, survived, and everything is there once."""
    url = f"sqlite:///{small_disk}/report.db"
    it = Judging(url)
    it.tick_until(lambda: it.keeper.standing.flushes >= 2, "two flushes")
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)

    def is_full() -> bool:
        it.batch.learned = {"noise": os.urandom(50_000)}
        it.tick()
        return it.keeper.standing.state == "full"

    wait_for(is_full, "the store is full")
    it.tick_until(lambda: it.keeper.standing.failures >= 3, "more failures")
    filler.unlink()
    it.tick_until_state("ok")
    _all_is_there(it)


def test_a_file_that_may_not_grow(sqlite_url: str) -> None:
    """Our own limit instead of the disk's: said, survived, and everything is there once."""
    it = Judging(sqlite_url)
    it.tick_until(lambda: it.keeper.standing.flushes >= 2, "two flushes")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, hard))
    try:

        def has_failed() -> bool:
            it.batch.learned = {"noise": os.urandom(100_000)}
            it.tick()
            return it.keeper.standing.failures >= 3

        wait_for(has_failed, "failures", 10.0)
        assert it.keeper.standing.state in ("lost", "full")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    it.tick_until_state("ok")
    _all_is_there(it)


def test_settings_are_followed_but_the_store_stays(sqlite_url: str, tmp_path: Path) -> None:
    """Another cap holds from now on; another store waits for a restart."""
    it = Judging(sqlite_url)
    other = f"sqlite:///{tmp_path}/other.db"
    it.keeper.apply(replace(it.settings, store=other, max_samples_per_group=1))
    for number in range(3):
        it.batch.add_sample(sample(number, [GROUP]))
    it.tick()
    it.settle()
    _all_is_there(it)
    assert not Path(tmp_path / "other.db").exists()
    engine = open_engine(sqlite_url, is_writer=True)
    with engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM samples").scalar_one() == 1
    engine.dispose()


def test_an_end_that_cannot_be_written_is_said(sqlite_url: str) -> None:
    """The last words have a deadline, and it is told that they were not written."""
    it = Judging(sqlite_url)
    it.tick_until(lambda: it.keeper.standing.flushes, "a flush")
    it.settle()
    with _locked(sqlite_url):
        it.tick()
        assert not it.end()
        assert it.keeper.standing.state == "locked"
