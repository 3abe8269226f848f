"""Opening a store: engines for SQLite and PostgreSQL, and what goes wrong with them, in words.

Law: nothing waits without an end: not for a lock, a connection, a statement or a dead peer.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from time import monotonic, sleep
from typing import Any, Final

from sqlalchemy import Connection as Connection  # others annotate with it
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.pool import NullPool, SingletonThreadPool

SQLITE: Final = "sqlite"
_PREFIX: Final = "sqlite:///"
_SERVER: Final = "postgresql://"

BUSY_MS: Final = 5_000
"""Waiting for another writer of the same file; its transactions take some 50 ms."""
_TURN_S: Final = 0.01
CONNECT_S: Final = 3
STATEMENT_MS: Final = 15_000
"""Of a PostgreSQL statement; the largest that is sent takes a second on a slow disk."""
POOL: Final = 4
"""Connections of control to PostgreSQL; to a file each reading makes its own, in 0.3 ms."""
WAL_BYTES: Final = 16 << 20
"""What is left of the log after a checkpoint."""
CACHE_KIB: Final = 16 << 10


class Trouble(StrEnum):
    """What can be the matter with a store. It is `refused` that a value has no place in it."""

    LOST = "lost"
    FULL = "full"
    LOCKED = "locked"
    REFUSED = "refused"


STORE_FILE: Final = "store.json"
"""In the runtime folder: how the store is, for control; written by judge."""
OK: Final = "ok"
OFF: Final = "off"
STARTING: Final = "starting"
"""It has not been opened yet; `shadowproxy run` says so before judge can."""


class StoreError(Exception):
    """The store cannot be used; the sentence says why and names no password."""

    def __init__(self, sentence: str, trouble: Trouble = Trouble.LOST) -> None:
        super().__init__(sentence)
        self.trouble = trouble


def open_engine(url: str, *, is_writer: bool, is_lasting: bool = False) -> Engine:
    """An engine; nothing is connected to yet. `is_writer`: transactions take the write lock at once.

    Connections to a file end with what they were for, unless the engine `is_lasting`: one that is held
    open goes on writing into a file that was deleted or replaced, so its holder looks out for that.

    Raises:
        StoreError: the URL is none.
    """
    try:
        if url.startswith(_PREFIX) and url != _PREFIX:
            return _sqlite(url, is_writer, is_lasting)
        if url.startswith(_SERVER):
            return _postgresql(url, is_writer)
    except (SQLAlchemyError, ValueError):
        pass
    raise StoreError("report.store is not a URL that can be opened")


def _sqlite(url: str, is_writer: bool, is_lasting: bool) -> Engine:
    engine = create_engine(
        url,
        connect_args={"timeout": BUSY_MS / 1000, "check_same_thread": False},
        poolclass=SingletonThreadPool if is_lasting else NullPool,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # we begin transactions ourselves, with the lock we mean
        connection.create_function("lower", 1, _lower, deterministic=True)
        if is_writer:
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL")  # counts before the first table
            _use_log(connection)
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA temp_store=MEMORY")
        connection.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
        connection.execute(f"PRAGMA journal_size_limit={WAL_BYTES}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writer else "BEGIN")

    return engine


def _use_log(connection: sqlite3.Connection) -> None:
    """Write-ahead logging; SQLite itself waits for nobody who is just turning it on."""
    end_s = monotonic() + BUSY_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if trouble_of(error) is not Trouble.LOCKED or monotonic() >= end_s:
                raise
            sleep(_TURN_S)
        else:
            return


def _postgresql(url: str, is_writer: bool) -> Engine:
    """What reads sees one moment throughout a transaction, as it does in a file without asking."""
    return create_engine(
        url.replace(_SERVER, "postgresql+psycopg://", 1),
        isolation_level="READ COMMITTED" if is_writer else "REPEATABLE READ",
        connect_args={
            "connect_timeout": CONNECT_S,
            "application_name": "shadowproxy",
            "options": f"-c statement_timeout={STATEMENT_MS} -c lock_timeout={BUSY_MS}",
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": 10_000,
        },
        pool_size=POOL,
        max_overflow=0,
        pool_timeout=BUSY_MS / 1000,
        pool_pre_ping=True,
    )


def _lower(text: str | None) -> str | None:
    """Of all letters, as PostgreSQL does it; SQLite's own knows those of ASCII."""
    return None if text is None else text.lower()


@contextmanager
def told(doing: str) -> Iterator[None]:
    """What the database raises inside of this becomes a StoreError that says what was being done."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise StoreError(*_explain(error, doing)) from None
    except (UnicodeEncodeError, OverflowError) as error:  # raised by the drivers as they are
        sentence = f"the store could not be {doing}: {type(error).__name__}"
        raise StoreError(sentence, Trouble.REFUSED) from None


def _explain(error: SQLAlchemyError | sqlite3.Error, doing: str) -> tuple[str, Trouble]:
    cause = error.orig if isinstance(error, DBAPIError) else error
    said = str(cause).partition("\n")[0].strip()[:300]
    trouble = Trouble.REFUSED if isinstance(error, DataError | IntegrityError) else None
    sentence = f"the store could not be {doing}: {said or type(cause).__name__}"
    return sentence, trouble or trouble_of(cause)


_OF_POSTGRESQL: Final = {
    "53100": Trouble.FULL,  # disk_full
    "55P03": Trouble.LOCKED,  # lock_not_available
    "40P01": Trouble.LOCKED,  # deadlock_detected
}
"""By SQLSTATE: psycopg itself, 6 MiB, is loaded where there is a PostgreSQL store."""


def trouble_of(cause: BaseException | None) -> Trouble:
    """Which of these it is; what is none of the others counts as lost."""
    state = getattr(cause, "sqlstate", None)
    if state in _OF_POSTGRESQL:
        return _OF_POSTGRESQL[state]
    code = getattr(cause, "sqlite_errorcode", None)
    if isinstance(code, int):
        primary = code & 0xFF
        if primary == sqlite3.SQLITE_FULL:
            return Trouble.FULL
        if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return Trouble.LOCKED
    return Trouble.LOST


def path_of(url: str) -> str | None:
    """The file of a SQLite store, None of any other."""
    return url.removeprefix(_PREFIX) if url.startswith(_PREFIX) else None


def make_private(url: str) -> None:
    """The file exists and is its owner's alone: it holds what users were answered.

    Raises:
        StoreError: it can neither be made nor opened.
    """
    path = path_of(url)
    if path is None:
        return
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise StoreError(f"{path} cannot be opened for writing: {error.strerror}") from None


def identity_of(url: str) -> object:
    """Which file a SQLite store is now: another one after it was deleted or replaced."""
    path = path_of(url)
    if path is None:
        return url
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def log_of(url: str) -> object:
    """Which file the log of a SQLite store is now, None if there is none."""
    path = path_of(url)
    return None if path is None else identity_of(f"{url}-wal")


def forget_log(url: str, log: object) -> None:
    """Removes a log that a replaced file has left behind: SQLite would play it into the new one."""
    path = path_of(url)
    if path is not None and log is not None and log_of(url) == log:
        for name in (f"{path}-wal", f"{path}-shm"):
            with suppress(OSError):
                os.remove(name)


def exists(url: str) -> bool:
    """Whether a SQLite store has been begun; of others it is not known before they are asked."""
    path = path_of(url)
    return path is None or os.path.exists(path)


def is_sqlite(connection: Connection) -> bool:
    """Which of the two it is."""
    return connection.dialect.name == SQLITE
