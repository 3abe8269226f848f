"""An endpoint gets another name in the store: all that is kept by endpoint follows.

    GET /users/41, GET /users/42, ... ─ learned to be ─► GET /users/{int}

Law: nothing is lost or counted twice: rows are taken out by the statement that reads them, so what
another proxy adds meanwhile is in them or stays, get their new key, and are added to what is there.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Table, delete, select

from shadowproxy.findings.documents import pairs_to_plain, read_pairs
from shadowproxy.findings.grouping import GroupKey
from shadowproxy.report import schema
from shadowproxy.report.batch import Rename
from shadowproxy.report.schema import endpoint_id
from shadowproxy.report.upserting import upsert


def move_endpoint(connection: Connection, rename: Rename) -> None:
    """Gives all that belongs to one endpoint to another."""
    old, new = endpoint_id(rename.old), endpoint_id(rename.new)
    _move(connection, schema.series, "endpoint_id", old, {"endpoint_id": new})
    _move(connection, schema.versions, "endpoint_id", old, {"endpoint_id": new})
    _move(connection, schema.endpoints, "id", old, {"id": new, "endpoint": rename.new})
    rows = connection.execute(select(schema.groups).where(schema.groups.c.endpoint_id == old))
    for row in rows.mappings().all():
        key = GroupKey(
            rename.key, row["legacy_status"], row["candidate_status"], row["path"], row["kind"],
            (row["type_legacy"], row["type_candidate"]),
        )  # fmt: skip
        changes = {"id": key.fingerprint, "endpoint_id": new, "endpoint": rename.new}
        _move_group(connection, row["id"], changes)


def _move_group(connection: Connection, old: str, changes: dict[str, Any]) -> None:
    groups, new = schema.groups, changes["id"]
    there = connection.execute(
        select(groups.c.pairs).where(groups.c.id == new, groups.c.id != old).with_for_update()
    ).scalar()
    for row in _take(connection, groups, groups.c.id == old):
        upsert(connection, groups, [{**row, **changes, "pairs": _join(there, row["pairs"])}])
    for table in (schema.group_series, schema.group_versions, schema.sample_groups):
        _move(connection, table, "group_id", old, {"group_id": new})


def _join(there: str | None, pairs: str) -> str:
    """The value pairs of two findings that become one."""
    if there is None:
        return pairs
    joined = read_pairs(orjson.loads(there))
    joined.absorb(read_pairs(orjson.loads(pairs)))
    return orjson.dumps(pairs_to_plain(joined)).decode()


def _move(
    connection: Connection, table: Table, column: str, old: Any, changes: dict[str, Any]
) -> None:
    """Rows of one table whose `column` is `old`, added to those that have the changed key."""
    rows = _take(connection, table, table.c[column] == old)
    upsert(connection, table, [{**row, **changes} for row in rows])


def _take(
    connection: Connection, table: Table, chosen: ColumnElement[bool]
) -> Sequence[Mapping[str, Any]]:
    """Takes rows out of a table."""
    found = connection.execute(delete(table).where(chosen).returning(*table.columns))
    return [{str(name): value for name, value in row.items()} for row in found.mappings()]
