"""How large a store is, and how large it may become.

Law: space that deleted rows have left is not counted: a store that got smaller is said to be smaller,
or the cap on its size would delete for ever.
"""

from typing import Final

from sqlalchemy import Connection, Table, func, literal, select, union_all
from sqlalchemy.types import Integer, LargeBinary, Text

from shadowproxy.report import schema
from shadowproxy.report.opening import WAL_BYTES, is_sqlite

_ROW_BYTES: Final = 44
"""Header and pointer of a row of PostgreSQL, and what pages leave free."""
_INDEX_BYTES: Final = 36
"""An entry of an index, without its texts."""
_NAME_BYTES: Final = 24
"""A short text: an id, a time, a word."""
_LONG: Final = frozenset({"endpoint", "path", "pairs", "summary", "note", "rule", "links", "baseline",
                          "before", "after", "reason"})  # fmt: skip
_FIGURES: Final = frozenset({"series", "traffic", "group_series"})
"""Their rows are all of one size, and they are many: they are counted, not looked into."""


def room_bytes(max_bytes: int) -> int:
    """What of a cap the store's file may take; the rest is for its log."""
    return max(max_bytes // 2, max_bytes - WAL_BYTES // 2)


def size_bytes(connection: Connection) -> int:
    """What the rows of a store take on the disk."""
    if is_sqlite(connection):
        pages, free, page = (
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * page)
    parts = union_all(*(_content(table) for table in schema.metadata.sorted_tables)).subquery()
    return int(connection.execute(select(func.sum(parts.c.bytes))).scalar_one())


def _content(table: Table):  # type: ignore[no-untyped-def]
    """Rows with their indexes; what is long is measured, compressed as it is stored."""
    long = [
        column
        for column in table.columns
        if isinstance(column.type, LargeBinary)
        or (column.name in _LONG and table.name not in _FIGURES)
    ]
    fixed = literal(_row_bytes(table, len(long)))
    bytes_of_rows = func.count() * fixed
    for column in long:
        bytes_of_rows += func.coalesce(func.sum(func.pg_column_size(column)), 0)
    return select(bytes_of_rows.label("bytes")).select_from(table)


def _row_bytes(table: Table, long: int) -> int:
    texts = sum(isinstance(column.type, Text) for column in table.columns) - long
    numbers = sum(isinstance(column.type, Integer) for column in table.columns)
    keys = [*table.primary_key.columns, *(c for index in table.indexes for c in index.columns)]
    names = sum(isinstance(column.type, Text) for column in keys)
    indexes = 1 + len(table.indexes)
    return _ROW_BYTES + 8 * numbers + _NAME_BYTES * (texts + names) + _INDEX_BYTES * indexes
