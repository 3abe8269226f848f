"""Statements that add to what is there, whoever wrote it: one for each table.

Laws: rows are written in the order of their keys, so that two proxies never wait for each other in a
circle; every value that is not a key says how it is joined, and none is forgotten.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Table, case, func
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

from shadowproxy.report import schema
from shadowproxy.report.opening import SQLITE

Row = Mapping[str, Any]


class Join(Enum):
    """What becomes of an old and a new value."""

    ADD = "add"
    FIRST = "first"
    LAST = "last"
    NEW = "new"
    OLD = "old"
    OLD_IF_ANY = "old if there is one"


def _joins(table: Table, **others: Join) -> dict[str, Join]:
    """Counters are added, times are joined by what they are called; `others` as they say."""
    joins = dict(others)
    for column in table.columns:
        if column.primary_key or column.name in joins:
            continue
        if column.name in ("first_seen", "last_seen"):
            joins[column.name] = Join.FIRST if column.name == "first_seen" else Join.LAST
        else:
            joins[column.name] = Join.ADD
    return joins


_NEW: Final = Join.NEW
_OLD: Final = Join.OLD
_STATE: Final = dict.fromkeys(("state", "note", "state_since", "state_by", "rule"), _OLD)
_PLACE: Final = dict.fromkeys(
    ("endpoint_id", "endpoint", "legacy_status", "candidate_status", "path", "kind",
     "type_legacy", "type_candidate"), _OLD,
)  # fmt: skip
_NOISE: Final = dict.fromkeys(("noise_state", "noise_samples", "noise_b", "noise_e"), _NEW)

_JOINS: Final[dict[Table, dict[str, Join]]] = {
    schema.traffic: _joins(schema.traffic),
    schema.series: _joins(schema.series),
    schema.endpoints: _joins(schema.endpoints, endpoint=_OLD, route=_NEW),
    schema.versions: _joins(schema.versions),
    schema.groups: _joins(
        schema.groups, route=_NEW, pairs=_NEW, reproducer=Join.OLD_IF_ANY,
        **_PLACE, **_NOISE, **_STATE,
    ),
    schema.group_series: _joins(schema.group_series),
    schema.group_versions: _joins(schema.group_versions),
    schema.samples: _joins(schema.samples, at=_OLD, summary=_OLD, content=_OLD),
    schema.sample_groups: _joins(schema.sample_groups, at=_OLD, draw=_OLD),
    schema.learned: _joins(schema.learned, seen=_NEW, content=_NEW),
    schema.writers: _joins(schema.writers, flushes=_NEW, seen=_NEW, baseline=_NEW, links=_NEW),
}  # fmt: skip


def upsert(connection: Connection, table: Table, rows: Iterable[Row]) -> None:
    """Adds rows, all with the same columns, to those that are there."""
    keys = [column.name for column in table.primary_key]
    ordered = sorted(rows, key=lambda row: tuple(row[key] for key in keys))
    if ordered:
        statement = _statement(table, connection.dialect.name, frozenset(ordered[0]))
        connection.execute(statement, ordered)


@lru_cache(maxsize=64)
def _statement(table: Table, dialect: str, columns: frozenset[str]) -> Insert:
    make = sqlite.insert if dialect == SQLITE else postgresql.insert
    statement = make(table)
    excluded = statement.excluded
    changes = {
        name: _joined(table.c[name], excluded[name], join)
        for name, join in _JOINS[table].items()
        if name in columns and join is not Join.OLD
    }
    keys = [column.name for column in table.primary_key]
    if not changes:
        return statement.on_conflict_do_nothing(index_elements=keys)
    return statement.on_conflict_do_update(index_elements=keys, set_=changes)


def _joined(old: ColumnElement[Any], new: ColumnElement[Any], join: Join) -> ColumnElement[Any]:
    if join is Join.ADD:
        return old + new
    if join is Join.FIRST:
        return case((old < new, old), else_=new)
    if join is Join.LAST:
        return case((old > new, old), else_=new)
    return func.coalesce(old, new) if join is Join.OLD_IF_ANY else new
