"""Opening a store: whose it is, what is the matter with it, and that nothing waits without an end."""

import os
import sqlite3
import stat
import threading
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from shadowproxy.report import opening
from shadowproxy.report.opening import (
    StoreError,
    Trouble,
    exists,
    forget_log,
    identity_of,
    log_of,
    make_private,
    open_engine,
    path_of,
    told,
    trouble_of,
)


def test_a_file_is_its_owners_alone(tmp_path: Path) -> None:
    """It holds what users were answered; one that is there keeps its content."""
    path = tmp_path / "report.db"
    make_private(f"sqlite:///{path}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text("x")
    make_private(f"sqlite:///{path}")
    assert path.read_text() == "x"
    with pytest.raises(StoreError, match="cannot be opened for writing"):
        make_private(f"sqlite:///{tmp_path}/none/report.db")
    make_private("postgresql://h/d")


def test_which_file_a_store_is(tmp_path: Path) -> None:
    """Another one once it was replaced, none once it is gone; of a server it is the URL."""
    path = tmp_path / "report.db"
    url = f"sqlite:///{path}"
    assert (path_of(url), identity_of(url), exists(url)) == (str(path), None, False)
    make_private(url)
    first = identity_of(url)
    (tmp_path / "other.db").write_bytes(b"")
    (tmp_path / "other.db").replace(path)
    assert None is not identity_of(url) != first
    server = "postgresql://h/d"
    assert (path_of(server), identity_of(server), exists(server)) == (None, server, True)


def test_only_a_log_that_was_left_behind_is_removed(tmp_path: Path) -> None:
    """One that came with another file stays."""
    url, log = f"sqlite:///{tmp_path}/report.db", tmp_path / "report.db-wal"
    log.write_bytes(b"old")
    left = log_of(url)
    log.rename(tmp_path / "kept")  # so that its number is not given to the next file
    log.write_bytes(b"new")
    forget_log(url, left)
    assert log.read_bytes() == b"new"
    forget_log(url, log_of(url))
    assert not log.exists()
    forget_log(url, None)
    forget_log("postgresql://h/d", None)


def _raised(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("said")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("cause", "trouble"),
    [
        (_raised(sqlite3.SQLITE_FULL), Trouble.FULL),
        (_raised(sqlite3.SQLITE_BUSY), Trouble.LOCKED),
        (_raised(sqlite3.SQLITE_BUSY_SNAPSHOT), Trouble.LOCKED),
        (_raised(sqlite3.SQLITE_LOCKED), Trouble.LOCKED),
        (_raised(sqlite3.SQLITE_IOERR), Trouble.LOST),
        (_raised(sqlite3.SQLITE_CORRUPT), Trouble.LOST),
        (psycopg.errors.DiskFull(), Trouble.FULL),
        (psycopg.errors.LockNotAvailable(), Trouble.LOCKED),
        (psycopg.errors.DeadlockDetected(), Trouble.LOCKED),
        (psycopg.OperationalError(), Trouble.LOST),
        (None, Trouble.LOST),
    ],
)
def test_what_is_the_matter(cause: BaseException | None, trouble: Trouble) -> None:
    """By what the database itself says."""
    assert trouble_of(cause) is trouble


@pytest.mark.parametrize("url", ["sqlite:///", "mysql://a/b", "postgresql://h:x/d", ""])
def test_what_is_no_url_is_said_without_repeating_it(url: str) -> None:
    """A password may be in it."""
    with pytest.raises(StoreError, match=r"report\.store") as caught:
        open_engine(url, is_writer=False)
    assert not url or url not in str(caught.value)


def test_a_lock_has_an_end(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for another writer is told so after BUSY_MS."""
    monkeypatch.setattr(opening, "BUSY_MS", 100)
    holder, waiter = (open_engine(url, is_writer=True) for _ in range(2))
    with holder.begin() as connection:
        connection.execute(text("INSERT INTO writers (id, seen) VALUES ('w', '')"))
        with pytest.raises(StoreError) as caught, told("written"), waiter.begin() as other:
            other.execute(text("INSERT INTO writers (id, seen) VALUES ('w', '')"))
    assert caught.value.trouble is Trouble.LOCKED
    assert str(caught.value).startswith("the store could not be written: ")
    for engine in (holder, waiter):
        engine.dispose()


def test_who_reads_waits_for_nobody_who_writes(url: str) -> None:
    """And sees what was committed."""
    writer, reader = open_engine(url, is_writer=True), open_engine(url, is_writer=False)
    count = text("SELECT count(*) FROM writers")
    with writer.begin() as connection:
        connection.execute(text("INSERT INTO writers (id, seen) VALUES ('w', '')"))
        with reader.begin() as other:
            assert other.execute(count).scalar_one() == 0
    with reader.begin() as other:
        assert other.execute(count).scalar_one() == 1
    for engine in (writer, reader):
        engine.dispose()


def test_connections_of_threads_end_with_their_work(sqlite_url: str) -> None:
    """Nobody but who looks out for a replaced file holds one open."""
    engine = open_engine(sqlite_url, is_writer=True)

    def write() -> None:
        with engine.begin() as connection:
            connection.execute(text("SELECT 1"))

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    held = [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
            if os.path.islink(f"/proc/self/fd/{fd}")]  # fmt: skip
    assert sqlite_url.removeprefix("sqlite:///") not in held
