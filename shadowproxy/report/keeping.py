"""The thread of judge that writes the store.

    judge ─ hand(batch) ─► waiting ─► attempted(number) ─► one transaction ─► written
                             ▲                └ failed: tried again as it was, after a pause
                             └ absorbs what comes meanwhile

Laws: judge never waits for the store: it hands over what is there and goes on; what could not be
written is kept within Batch's bounds and written later; a flush that may have been committed is
repeated under its number, so it counts once; the tallies' growth is counted from where the store says
that it came up to, so it counts once whatever becomes of flush or store.
"""

import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import monotonic
from typing import Final

from sqlalchemy import Engine

from shadowproxy import logs
from shadowproxy.core.settings import ReportSettings
from shadowproxy.report.batch import WIDTH_S, Batch
from shadowproxy.report.measuring import room_bytes, size_bytes
from shadowproxy.report.migrating import migrate
from shadowproxy.report.opening import (
    OFF,
    OK,
    STARTING,
    StoreError,
    Trouble,
    forget_log,
    identity_of,
    is_sqlite,
    log_of,
    make_private,
    open_engine,
    told,
)
from shadowproxy.report.tidying import Bounds, tidy, vacuum
from shadowproxy.report.writing import last_flush, write

TRAFFIC_S: Final = 5.0
"""Between two readings of the tallies."""
SIGN_S: Final = 45.0
"""Between two flushes at most, even if there is nothing to say: who writes is known to live."""
TIDY_S: Final = 10.0
TIDY_BUDGET_S: Final = 0.2
FIRST_PAUSE_S: Final = 1.0
LAST_PAUSE_S: Final = 15.0
"""After a failure; doubled until the last."""

_log = logs.get("judge")

Figures = Callable[[], Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class StoreStanding:
    """How the store is. `state` is starting, ok, off (there is none) or a Trouble; `error` its words."""

    state: str = STARTING
    error: str = ""
    flushes: int = 0
    failures: int = 0
    rows_lost: int = 0
    size_bytes: int = 0
    last_write: str | None = None


class Keeper:
    """Writes batches of one writer. `figures` gives the proxy's tallies by name, all growing.

    Without a store, which no configuration can ask for, batches are forgotten.
    """

    def __init__(self, settings: ReportSettings, writer_id: str, figures: Figures) -> None:
        self.standing = StoreStanding()
        self._settings = settings
        self._writer_id = writer_id
        self._figures = figures
        self._engine: Engine | None = None
        self._identity: object = None
        self._log: object = None
        self._attempted: Batch | None = None
        self._waiting = Batch()
        self._number = self._written = 0
        self._baseline: Mapping[str, int] = {}
        self._traffic_s = self._tidy_s = self._pause_s = self._next_s = self._sign_s = 0.0
        self._news = threading.Condition()
        self._handed: Batch | None = None
        self._is_ending = False
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)
        self._is_on = bool(settings.store)
        if self._is_on:
            self._thread.start()
        else:
            self.standing = StoreStanding(state=OFF)

    def apply(self, settings: ReportSettings) -> None:
        """Takes a generation of the settings; another store waits for a restart."""
        self._settings = replace(settings, store=self._settings.store)

    @property
    def is_free(self) -> bool:
        """Whether a batch may be handed over: the one before was taken up."""
        return self._handed is None

    def hand(self, batch: Batch) -> None:
        """Gives a batch away; only while `is_free`."""
        if not self._is_on:
            return
        with self._news:
            assert self._handed is None
            self._handed = batch
            self._news.notify()

    def end(self, batch: Batch, timeout_s: float) -> bool:
        """Writes the last batch and ends; False if that did not succeed in time."""
        if not self._is_on:
            return False
        with self._news:
            if self._handed is None:
                self._handed = batch
            else:
                self._handed.absorb(batch)
            self._is_ending = True
            self._news.notify()
        self._thread.join(timeout_s)
        return not self._thread.is_alive() and self.standing.state == OK

    def _run(self) -> None:
        while True:
            with self._news:
                if self._handed is None and not self._is_ending:
                    self._news.wait(timeout=1.0)
                handed, self._handed = self._handed, None
                is_ending = self._is_ending
            self._take(handed, is_ending)
            if is_ending:
                break
        if self._engine is not None:
            self._engine.dispose()

    def _take(self, handed: Batch | None, is_ending: bool) -> None:
        try:
            if handed is not None:
                self._waiting.absorb(handed)
            if is_ending or monotonic() >= self._next_s:
                self._try(is_ending)
        except Exception as error:  # noqa: BLE001 - the funnel of this thread
            lines = "".join(traceback.format_tb(error.__traceback__, limit=-8))
            _log.error("internal_error", step="store", error=type(error).__name__, traceback=lines)
            self._failed(StoreError(f"a bug of ours: {type(error).__name__}", Trouble.REFUSED))

    def _try(self, is_ending: bool) -> None:
        try:
            engine = self._opened()
            if self._attempted is not None:
                self._write(engine, self._attempted)
            self._add_traffic(is_ending)
            if not self._waiting.is_empty() or monotonic() >= self._sign_s:
                self._attempted, self._waiting = self._waiting, Batch()
                self._number = self._written + 1
                self._write(engine, self._attempted)
            if not is_ending:
                self._tidy(engine)
        except StoreError as error:
            self._failed(error)
        else:
            self._pause_s = 0.0
            self._tell(state=OK, error="")

    def _opened(self) -> Engine:
        url = self._settings.store
        is_same = identity_of(url) == self._identity
        if self._engine is not None and is_same:
            return self._engine
        self._close()
        if not is_same:
            forget_log(url, self._log)
        make_private(url)
        engine = open_engine(url, is_writer=True, is_lasting=True)
        try:
            migrate(engine)
            with told("read"), engine.begin() as connection:
                self._written, self._baseline = last_flush(connection, self._writer_id)
        except StoreError:
            engine.dispose()
            raise
        self._engine, self._identity, self._log = engine, identity_of(url), log_of(url)
        return engine

    def _write(self, engine: Engine, batch: Batch) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        with told("written"), engine.begin() as connection:
            if is_sqlite(connection):
                page = connection.exec_driver_sql("PRAGMA page_size").scalar_one()
                room = room_bytes(self._settings.max_size_bytes) // page
                connection.exec_driver_sql(f"PRAGMA max_page_count={room}")
            most = self._settings.max_samples_per_group
            is_new = write(connection, batch, self._writer_id, self._number, now, most)
            written, baseline = last_flush(connection, self._writer_id)
        self._attempted = None
        self._sign_s = monotonic() + SIGN_S
        self._written = written
        if not is_new:  # it was committed unheard, with what it had of traffic
            self._baseline = baseline
        lost = self.standing.rows_lost + batch.lost
        self._tell(flushes=self.standing.flushes + 1, rows_lost=lost, last_write=now)

    def _add_traffic(self, is_ending: bool) -> None:
        """What the tallies have grown by since they were last looked at."""
        now_s = monotonic()
        if now_s < self._traffic_s and not is_ending:
            return
        self._traffic_s = now_s + TRAFFIC_S
        figures = dict(self._figures())
        start_s = int(datetime.now(UTC).timestamp()) // WIDTH_S * WIDTH_S
        for name, count in figures.items():
            grown = count - self._baseline.get(name, 0)
            if grown:
                self._waiting.traffic[start_s, name] += grown
        if figures != self._baseline:
            self._waiting.baseline = figures
            self._baseline = figures

    def _tidy(self, engine: Engine) -> None:
        now_s = monotonic()
        if now_s < self._tidy_s:
            return
        bounds = Bounds(self._settings.retention_s, self._settings.max_size_bytes)
        is_done = tidy(engine, bounds, datetime.now(UTC).timestamp(), TIDY_BUDGET_S)
        vacuum(engine)
        with told("measured"), engine.begin() as connection:
            self._tell(size_bytes=size_bytes(connection))
        self._tidy_s = now_s + TIDY_S if is_done else now_s

    def _failed(self, error: StoreError) -> None:
        self._pause_s = min(LAST_PAUSE_S, max(FIRST_PAUSE_S, 2 * self._pause_s))
        self._next_s = monotonic() + self._pause_s
        failures = self.standing.failures + 1
        self._tell(state=str(error.trouble), error=str(error), failures=failures)
        if error.trouble is Trouble.LOST:
            self._close()  # it may come back as another one
        elif error.trouble is Trouble.REFUSED and self._attempted is not None:
            self._give_up(self._attempted)
        elif error.trouble is Trouble.FULL and self._engine is not None:
            self._make_room(self._engine)
            self._lighten()

    def _give_up(self, batch: Batch) -> None:
        """What the store will never take must not keep the rest waiting; its traffic comes again."""
        self._attempted = None
        self._close()
        self._tell(rows_lost=self.standing.rows_lost + batch.lost + batch.rows)

    def _lighten(self) -> None:
        """What is larger than a file may ever become must not keep the rest waiting either."""
        batch, most = self._attempted, room_bytes(self._settings.max_size_bytes) // 4
        if batch is not None and batch.size_bytes > most and not batch.forget_samples():
            self._give_up(batch)

    def _close(self) -> None:
        """Opened anew, the store says itself which figures it came up to."""
        if self._engine is not None:
            self._engine.dispose()
        self._engine = None
        self._traffic_s = 0.0
        for batch in (self._attempted, self._waiting):
            if batch is not None:
                batch.traffic.clear()
                batch.baseline = None

    def _make_room(self, engine: Engine) -> None:
        """A store that is full takes nothing until something is deleted."""
        bounds = Bounds(self._settings.retention_s, self._settings.max_size_bytes * 9 // 10)
        try:
            tidy(engine, bounds, datetime.now(UTC).timestamp(), TIDY_BUDGET_S)
        except StoreError:
            return  # said already: the disk itself is full

    def _tell(self, **changes: object) -> None:
        self.standing = replace(self.standing, **changes)  # type: ignore[arg-type]  # its own fields
