"""The report as one document, and what the command line reads straight from a store."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from threading import Lock
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine

from shadowproxy.core.settings import ReportSettings
from shadowproxy.core.words import Verdict
from shadowproxy.report import migrating
from shadowproxy.report.conclusion import Facts, conclude
from shadowproxy.report.deciding import saved_rules
from shadowproxy.report.endpoints import endpoint_items, endpoint_series
from shadowproxy.report.findings import (
    MAX_LIMIT,
    Query,
    Standing,
    group_detail,
    group_list,
    sample_of,
    samples_of,
    standing_of,
)
from shadowproxy.report.learned import slower_of
from shadowproxy.report.opening import StoreError, exists, open_engine, told
from shadowproxy.report.schema import VERDICTS
from shadowproxy.report.traffic import (
    exchanges_of,
    not_compared,
    rate,
    series_of,
    totals_of,
    users_of,
    verdicts_of,
    with_rates,
)
from shadowproxy.report.versions import versions_of
from shadowproxy.report.windows import Window

LEADING: Final = 50
"""Findings and endpoints in the report; all of them are asked for by themselves."""
_GOAL: Final = ReportSettings().max_mismatch
_T = TypeVar("_T")


class Reader:
    """Reads one store; a reading is one transaction, so its numbers belong together."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._engine: Engine | None = None
        self._opening = Lock()

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A connection for one reading.

        Raises:
            StoreError: there is no store yet, it cannot be reached, or it is of another release.
        """
        if not exists(self._url):
            raise StoreError("nothing was recorded yet: there is no store")
        with self._opening:
            if self._engine is None:
                self._engine = open_engine(self._url, is_writer=False)
        with told("read"), self._engine.connect() as connection, connection.begin():
            migrating.check(connection)
            yield connection

    def read(self, what: Callable[..., _T], *arguments: Any, **more: Any) -> _T:
        """What a function of a connection says.

        Raises:
            StoreError: see connect.
        """
        with self.connect() as connection:
            return what(connection, *arguments, **more)

    def close(self) -> None:
        """Ends all connections."""
        if self._engine is not None:
            self._engine.dispose()


def report_of(
    connection: Connection,
    window: Window,
    endpoint: str | None = None,
    *,
    max_mismatch: float = _GOAL,
    source: str = "a store",
    leading: int = LEADING,
) -> dict[str, Any]:
    """The whole report; its shape is in docs/report.md. `leading` findings and endpoints are in it."""
    totals = totals_of(connection, window)
    slower = slower_of(connection)
    if endpoint is not None:
        slower = {name: said for name, said in slower.items() if name == endpoint}
    verdicts = (
        verdicts_of(totals) if endpoint is None else _verdicts_at(connection, window, endpoint)
    )
    listed = group_list(connection, Query(endpoint=endpoint or "", limit=leading), window)
    standing = standing_of(connection, endpoint or "", window)
    sums = exchanges_of(totals)
    facts = Facts(
        sum(verdicts[verdict]["count"] for verdict in _TRIED),
        _bad(verdicts, standing, totals["evicted"], totals["lost"]),
        max_mismatch,
        verdicts[Verdict.INCOMPARABLE]["count"],
        verdicts[Verdict.CANDIDATE_FAILED]["count"],
        standing.undecided,
        standing.returned,
        standing.decided,
        list(slower.values()),
        window.since_s is not None,
    )
    shown = {group["id"] for group in listed["groups"]}
    return {
        "generated_at": window.now.isoformat(timespec="seconds"),
        "since": window.since,
        "window_s": window.since_s,
        "endpoint": endpoint,
        "source": source,
        "conclusion": conclude(facts),
        "users": users_of(totals),
        "exchanges": sums,
        "verdicts": verdicts,
        "coverage": rate(sums["recorded"], sums["received"]),
        "not_compared": not_compared(totals),
        "series": (
            series_of(connection, window)
            if endpoint is None
            else endpoint_series(connection, window, endpoint)
        ),
        "findings": listed["total"],
        "open": standing.undecided + standing.returned,
        "new": standing.new + standing.returned,
        "groups": listed["groups"],
        "causes": [each for each in listed["causes"] if shown & set(each["groups"])],
        "endpoints": endpoint_items(connection, window, slower, endpoint, leading),
        "slower": [{"endpoint": name, "sentence": said} for name, said in slower.items()],
        "versions": versions_of(connection)["versions"],
    }


_TRIED: Final = (Verdict.MATCH, Verdict.NOISE, Verdict.MISMATCH, Verdict.CANDIDATE_FAILED)
"""What says something about the candidate."""


def _bad(verdicts: dict[str, Any], standing: Standing, evicted: int, lost: int) -> int:
    """Exchanges that speak against the candidate; noise and what a person expects do not.

    An exchange may show several findings, so of those that count there are at most as many as their
    counts add up to, those included that there was no room for. Where anything was lost nobody knows.
    """
    mismatches = int(verdicts[Verdict.MISMATCH]["count"])
    if standing.excused and not lost:
        mismatches = min(mismatches, standing.counted + evicted)
    return mismatches + int(verdicts[Verdict.CANDIDATE_FAILED]["count"])


def _verdicts_at(connection: Connection, window: Window, endpoint: str) -> dict[str, Any]:
    items = endpoint_items(connection, window, {}, endpoint)
    empty = dict.fromkeys(VERDICTS, 0)
    return with_rates(items[0]["verdicts"] if items else empty)


def read_report(
    url: str,
    *,
    since_s: float | None,
    endpoint: str | None,
    now: datetime,
    max_mismatch: float = _GOAL,
) -> dict[str, Any]:
    """The report of a store.

    Raises:
        StoreError: it cannot be read.
    """
    with _reading(url) as connection:
        return report_of(connection, Window(now, since_s), endpoint, max_mismatch=max_mismatch)


def read_groups(
    url: str, ids: Sequence[str] | None, now: datetime, limit: int = MAX_LIMIT
) -> list[dict[str, Any]]:
    """Findings with their samples: those of these ids, or `limit` that are open or came back.

    Raises:
        StoreError: the store cannot be read.
    """
    with _reading(url) as connection:
        window = Window(now)
        if ids is not None:
            found = [group_detail(connection, group_id, window) for group_id in ids]
            return [group for group in found if group is not None]
        listed: list[dict[str, Any]] = []
        for state in ("returned", "open"):
            listed += group_list(connection, Query(state=state, limit=limit), window)["groups"]
        return [
            {**group, "samples": samples_of(connection, group["id"])} for group in listed[:limit]
        ]


def read_sample(url: str, sample_id: str) -> dict[str, Any] | None:
    """One exchange, None if it is not kept.

    Raises:
        StoreError: the store cannot be read.
    """
    with _reading(url) as connection:
        return sample_of(connection, sample_id)


def read_saved_rules(url: str) -> list[dict[str, Any]]:
    """The rules that people saved.

    Raises:
        StoreError: the store cannot be read.
    """
    with _reading(url) as connection:
        return saved_rules(connection)


@contextmanager
def _reading(url: str) -> Iterator[Connection]:
    reader = Reader(url)
    try:
        with reader.connect() as connection:
            yield connection
    finally:
        reader.close()
