"""What keeps the store small: rolling up, retention, the cap on its size. In slices.

Laws: a slice is one short transaction, so a flush never waits long; after `budget_s` tidying ends and
goes on the next time; decisions of people (states, saved rules) are never deleted for their age.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import Final, NamedTuple

from sqlalchemy import Connection, Engine, Table, delete, func, select, text, tuple_

from shadowproxy.report import schema
from shadowproxy.report.measuring import room_bytes, size_bytes
from shadowproxy.report.opening import SQLITE, is_sqlite, told
from shadowproxy.report.rolling import SERIES, STEPS, roll
from shadowproxy.report.upserting import upsert

SLICE: Final = 500
"""Rows deleted in one transaction: 10 ms."""
MAX_GROUPS: Final = 10_000
MAX_VERSIONS: Final = 10_000
MAX_GROUP_VERSIONS: Final = 100_000
MAX_ENDPOINTS: Final = 20_000
MAX_AUDIT: Final = 100_000
FULL: Final = 0.8
"""Of the room, above which the oldest goes; the rest is for what comes until the next time."""
VACUUM_PAGES: Final = 2_000

_LOCK: Final = 0x5AD0_71D1
_KEPT_SAMPLES: Final = 100
_KEPT_FIGURES: Final = 1_000
_KEPT_GROUPS: Final = 1_000
"""Are left alone while there is anything else to delete."""


class Bounds(NamedTuple):
    """What the store may hold; `max_bytes` is with SQLite's log."""

    retention_s: float
    max_bytes: int


def tidy(engine: Engine, bounds: Bounds, now_s: float, budget_s: float) -> bool:
    """Does what is due; False if there was more to do than time.

    Raises:
        StoreError: the store cannot be written.
    """
    end_s = monotonic() + budget_s
    for step in _steps(bounds, now_s):
        while True:
            with told("tidied"), engine.begin() as connection:
                if not _is_ours(connection) or not step(connection):
                    break
            if monotonic() >= end_s:
                return False
    return True


def _is_ours(connection: Connection) -> bool:
    """One proxy tidies at a time; SQLite's transaction has the write lock already."""
    if is_sqlite(connection):
        return True
    lock = text("SELECT pg_try_advisory_xact_lock(:key)")
    return bool(connection.execute(lock, {"key": _LOCK}).scalar())


def _steps(bounds: Bounds, now_s: float) -> Iterator[Callable[[Connection], bool]]:
    """Each does one slice, and says whether there may be more."""
    cut_s = now_s - bounds.retention_s
    cut = datetime.fromtimestamp(cut_s, UTC).isoformat(timespec="milliseconds")
    yield partial(_shrink, max_bytes=room_bytes(bounds.max_bytes))
    for table in SERIES:
        yield partial(_forget_series, table=table, cut_s=cut_s)
        for step in STEPS:
            yield partial(roll, table=table, step=step, now_s=now_s)
    yield partial(_forget_groups, cut=cut)
    for table, column in _AGING:
        yield partial(_forget, table=table, column=column, cut=cut)
    for table, column, most in _BOUNDED:
        yield partial(_bound, table=table, column=column, most=most)


_AGING: Final = (
    (schema.samples, "at"),
    (schema.endpoints, "last_seen"),
    (schema.versions, "last_seen"),
    (schema.group_versions, "last_seen"),
    (schema.learned, "seen"),
    (schema.writers, "seen"),
)
_BOUNDED: Final = (
    (schema.endpoints, "last_seen", MAX_ENDPOINTS),
    (schema.versions, "last_seen", MAX_VERSIONS),
    (schema.group_versions, "last_seen", MAX_GROUP_VERSIONS),
    (schema.audit, "at", MAX_AUDIT),
)


def _forget_series(connection: Connection, table: Table, cut_s: float) -> bool:
    """The oldest bucket of one width, if it is over."""
    for width_s in schema.WIDTHS_S:
        of_width = table.c.width_s == width_s
        oldest_s = connection.execute(select(func.min(table.c.start_s)).where(of_width)).scalar()
        if oldest_s is not None and oldest_s + width_s <= cut_s:
            connection.execute(delete(table).where(of_width, table.c.start_s == oldest_s))
            return True
    return False


def _forget(connection: Connection, table: Table, column: str, cut: str) -> bool:
    """The oldest rows, if they are over."""
    oldest = select(table.c[column]).where(table.c[column] < cut).order_by(table.c[column])
    last = connection.execute(oldest.limit(SLICE)).scalars().all()
    if last:
        connection.execute(delete(table).where(table.c[column] <= last[-1]))
    return len(last) == SLICE


def _forget_groups(connection: Connection, cut: str) -> bool:
    """Those not seen since, and the longest unseen where there are too many."""
    groups = schema.groups
    undecided = groups.c.state == "open"
    old = connection.execute(
        select(groups.c.id).where(undecided, groups.c.last_seen < cut).limit(SLICE)
    ).scalars()
    ids = list(old)
    if not ids:
        count = _count(connection, groups)
        if count > MAX_GROUPS:
            surplus = min(SLICE, count - MAX_GROUPS)
            oldest = select(groups.c.id).order_by(~undecided, groups.c.last_seen).limit(surplus)
            ids = list(connection.execute(oldest).scalars())
            _count_evicted(connection, ids)
    delete_groups(connection, ids)
    return len(ids) == SLICE


def _count_evicted(connection: Connection, ids: list[str]) -> None:
    """What there was no room for is told for as long as there are figures."""
    of = select(
        func.coalesce(func.sum(schema.groups.c.count), 0), func.max(schema.groups.c.last_seen)
    )
    exchanges, seen = connection.execute(of.where(schema.groups.c.id.in_(ids))).one()
    width_s = schema.WIDTHS_S[-1]
    start_s = int(datetime.fromisoformat(seen).timestamp()) // width_s * width_s
    upsert(
        connection,
        schema.traffic,
        [
            {"width_s": width_s, "start_s": start_s, "name": name, "count": count}
            for name, count in (("evicted", int(exchanges)), ("evicted_groups", len(ids)))
        ],
    )


def delete_groups(connection: Connection, ids: list[str]) -> None:
    """Findings with all that is kept of them."""
    for table in (schema.group_series, schema.group_versions, schema.sample_groups):
        connection.execute(delete(table).where(table.c.group_id.in_(ids)))
    connection.execute(delete(schema.groups).where(schema.groups.c.id.in_(ids)))


def _bound(connection: Connection, table: Table, column: str, most: int) -> bool:
    """At most so many rows; the oldest go."""
    surplus = _count(connection, table) - most
    return surplus > 0 and _drop(connection, table, column, min(SLICE, surplus))


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def _drop(connection: Connection, table: Table, column: str, count: int) -> bool:
    """So many of the oldest rows; False if there are none."""
    keys = list(table.primary_key.columns)
    oldest = select(*keys).order_by(table.c[column], *keys).limit(count)
    return connection.execute(delete(table).where(tuple_(*keys).in_(oldest))).rowcount > 0


def _shrink(connection: Connection, max_bytes: int) -> bool:
    """One slice of the oldest, if the store is nearly full; what people decided goes last."""
    if size_bytes(connection) <= max_bytes * FULL:
        return False
    if _count(connection, schema.samples) > _KEPT_SAMPLES:
        return _drop(connection, schema.samples, "at", SLICE // 5)
    return (
        _drop_oldest_bucket(connection)
        or _drop_groups(connection, _KEPT_GROUPS)
        or any(_drop(connection, table, column, SLICE // 5) for table, column in _LEAST)
        or _drop_groups(connection, 0)
    )


_LEAST: Final = (
    (schema.samples, "at"),
    (schema.learned, "seen"),
    (schema.endpoints, "last_seen"),
    (schema.versions, "last_seen"),
    (schema.audit, "at"),
)


def _drop_groups(connection: Connection, kept: int) -> bool:
    """Those of more than `kept` findings that nobody has decided on, the longest unseen first."""
    groups = schema.groups
    if _count(connection, groups) <= kept:
        return False
    undecided = select(groups.c.id).where(groups.c.state == "open").order_by(groups.c.last_seen)
    ids = list(connection.execute(undecided.limit(SLICE // 5)).scalars())
    if ids:
        _count_evicted(connection, ids)
        delete_groups(connection, ids)
    return bool(ids)


def _drop_oldest_bucket(connection: Connection) -> bool:
    """Of the table that has most rows."""
    counts = {table: _count(connection, table) for table in SERIES}
    table = max(counts, key=lambda each: counts[each])
    if counts[table] <= _KEPT_FIGURES:
        return False
    oldest = select(func.min(table.c.start_s)).scalar_subquery()
    connection.execute(delete(table).where(table.c.start_s == oldest))
    return True


def vacuum(engine: Engine) -> None:
    """Gives pages that became free back to the disk, some at a time; PostgreSQL does it by itself.

    As a script of its own: SQLite frees one page each time the statement is stepped, and nothing but
    a script is stepped to its end.
    """
    if engine.dialect.name != SQLITE:
        return
    with told("tidied"):
        raw = engine.raw_connection()
        try:
            assert raw.driver_connection is not None
            raw.driver_connection.executescript(f"PRAGMA incremental_vacuum({VACUUM_PAGES})")
        finally:
            raw.close()
