"""An endpoint gets another name in the store: all that is kept by endpoint follows.

    GET /users/41, GET /users/42, ... ─ learned to be ─► GET /users/{int}

Law: nothing is lost or counted twice: rows are read, given their new key, added to what is there,
and then the old ones are deleted, in the caller's transaction.
"""

from typing import Any

from sqlalchemy import Connection, Table, delete, select

from shadowproxy.findings.grouping import GroupKey
from shadowproxy.report import schema
from shadowproxy.report.batch import Rename
from shadowproxy.report.schema import endpoint_id
from shadowproxy.report.upserting import upsert


def move_endpoint(connection: Connection, rename: Rename) -> None:
    """Gives all that belongs to one endpoint to another."""
    old, new = endpoint_id(rename.old), endpoint_id(rename.new)
    if old == new:
        return
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
    new = {"group_id": changes["id"]}
    _move(connection, schema.groups, "id", old, changes)
    for table in (schema.group_series, schema.group_versions, schema.sample_groups):
        _move(connection, table, "group_id", old, new)


def _move(
    connection: Connection, table: Table, column: str, old: Any, changes: dict[str, Any]
) -> None:
    """Rows of one table whose `column` is `old`, added to those that have the changed key."""
    chosen = table.c[column] == old
    rows = connection.execute(select(table).where(chosen)).mappings().all()
    upsert(connection, table, [{**row, **changes} for row in rows])
    connection.execute(delete(table).where(chosen))
