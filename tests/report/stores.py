"""Stores under test: made, emptied, read whole."""

from collections import Counter
from typing import Any

from hypothesis import HealthCheck, settings
from sqlalchemy import Connection, Engine, Table, delete, func, insert, select

from shadowproxy.report.schema import COUNTERS, metadata, series, traffic

ON_A_STORE = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
"""For laws whose examples use one store after the other, each emptied by `wipe`."""


def rows_of(connection: Connection, table: Table) -> list[tuple[Any, ...]]:
    """All rows, in the order of their keys as Python sorts them."""
    keys = [column.name for column in table.primary_key]
    rows = connection.execute(select(table)).mappings().all()
    ordered = sorted(rows, key=lambda row: tuple(row[key] for key in keys))
    return [tuple(row.values()) for row in ordered]


def contents(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Everything in a store."""
    with engine.begin() as connection:
        return {table.name: rows_of(connection, table) for table in metadata.sorted_tables}


def wipe(engine: Engine) -> None:
    """An empty store again; its schema stays."""
    with engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(delete(table))


def copy_into(engine: Engine, source: Engine) -> None:
    """The same rows in another store."""
    with source.begin() as connection:
        rows = {
            table: [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in metadata.sorted_tables
        }
    with engine.begin() as connection:
        for table, found in rows.items():
            if found:
                connection.execute(insert(table), found)


def traffic_sums(engine: Engine) -> dict[str, int]:
    """By name, over all time."""
    with engine.begin() as connection:
        rows = connection.execute(
            select(traffic.c.name, func.sum(traffic.c.count)).group_by(traffic.c.name)
        )
        return {name: int(count) for name, count in rows}


def series_sums(engine: Engine) -> Counter[tuple[int, str]]:
    """By endpoint and counter, over all time."""
    sums: Counter[tuple[int, str]] = Counter()
    with engine.begin() as connection:
        for row in connection.execute(select(series)).mappings():
            sums.update({(row["endpoint_id"], name): row[name] for name in COUNTERS})
    return +sums


def count_of(engine: Engine, table: Table) -> int:
    """How many rows there are."""
    with engine.begin() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()
