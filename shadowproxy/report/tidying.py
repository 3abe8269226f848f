"""What keeps the store small: rolling up, retention, the cap on its size. In slices.

Laws: a slice is one short transaction, so a flush never waits long; after `budget_s` tidying ends and
goes on the next time; decisions of people (states, saved rules) are never deleted for their age.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import Final, NamedTuple

from sqlalchemy import Connection, Engine, Table, delete, func, select, text

from shadowproxy.report import schema
from shadowproxy.report.opening import is_sqlite, size_bytes, told
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
"""Of the cap, above which the oldest goes; the rest is for what comes until the next time."""
VACUUM_PAGES: Final = 2_000

_LOCK: Final = 0x5AD0_71D1
_KEPT_SAMPLES: Final = 100
"""Are left alone while there are figures to delete."""


class Bounds(NamedTuple):
    """What the store may hold."""

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
    yield partial(_shrink, max_bytes=bounds.max_bytes)
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
        count = connection.execute(select(func.count()).select_from(groups)).scalar_one()
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
    count = connection.execute(select(func.count()).select_from(table)).scalar_one()
    if count <= most:
        return False
    at = select(table.c[column]).order_by(table.c[column]).offset(min(SLICE, count - most)).limit(1)
    return (
        connection.execute(delete(table).where(table.c[column] < at.scalar_subquery())).rowcount > 0
    )


def _shrink(connection: Connection, max_bytes: int) -> bool:
    """One slice of the oldest, if the store is nearly full."""
    if size_bytes(connection) <= max_bytes * FULL:
        return False
    samples = schema.samples
    if connection.execute(select(func.count()).select_from(samples)).scalar_one() > _KEPT_SAMPLES:
        oldest = select(samples.c.id).order_by(samples.c.at).limit(SLICE // 5)
        connection.execute(delete(samples).where(samples.c.id.in_(oldest)))
    elif not _drop_oldest_bucket(connection):
        return False
    return True


def _drop_oldest_bucket(connection: Connection) -> bool:
    """Of the table that has most rows."""
    counts = {
        table: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in SERIES
    }
    table = max(counts, key=lambda each: counts[each])
    if not counts[table]:
        return False
    oldest = select(func.min(table.c.start_s)).scalar_subquery()
    connection.execute(delete(table).where(table.c.start_s == oldest))
    return True


def vacuum(engine: Engine) -> None:
    """Gives pages that became free back to the disk, some at a time; PostgreSQL does it by itself."""
    with told("tidied"), engine.connect() as connection:
        if is_sqlite(connection):
            connection.exec_driver_sql(f"PRAGMA incremental_vacuum({VACUUM_PAGES})")
