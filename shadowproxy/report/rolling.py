"""Fine buckets of time become coarse ones as they get old.

    10 s ─ after 15 min ─► 1 min ─ after 6 h ─► 1 h ─ after two weeks ─► 1 d

Law: a step takes the fine rows of one coarse bucket and nothing else, in one transaction: adds them
up, adds that to what the coarse bucket has, deletes them. So no count is there twice or not at all.
"""

from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, delete, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from shadowproxy.report import schema
from shadowproxy.report.opening import is_sqlite

SERIES: Final = (schema.series, schema.traffic, schema.group_series)


class Step(NamedTuple):
    """From one width to the next, once rows are older than `after_s`."""

    fine_s: int
    coarse_s: int
    after_s: int


STEPS: Final = (
    Step(10, 60, 900),
    Step(60, 3600, 6 * 3600),
    Step(3600, 86_400, 14 * 86_400),
)
"""So that no window of a day or more has over some 500 buckets: the latencies of 100 endpoints are
added up in 0.2 s."""


def roll(connection: Connection, table: Table, step: Step, now_s: float) -> bool:
    """Makes one coarse bucket of the oldest fine rows; False if none is old enough."""
    end_s = int(now_s - step.after_s) // step.coarse_s * step.coarse_s
    is_fine = table.c.width_s == step.fine_s
    oldest_s = connection.execute(select(func.min(table.c.start_s)).where(is_fine)).scalar()
    if oldest_s is None or oldest_s >= end_s:
        return False
    start_s = oldest_s // step.coarse_s * step.coarse_s
    chosen = is_fine & table.c.start_s.between(start_s, start_s + step.coarse_s - 1)
    _add_up(connection, table, step.coarse_s, start_s, chosen)
    connection.execute(delete(table).where(chosen))
    return True


def _add_up(
    connection: Connection, table: Table, width_s: int, start_s: int, chosen: ColumnElement[bool]
) -> None:
    key = next(c for c in table.primary_key if c.name not in ("width_s", "start_s"))
    counters = [column for column in table.columns if not column.primary_key]
    sums = [func.sum(column) for column in counters]
    rows = select(literal(width_s), literal(start_s), key, *sums).where(chosen).group_by(key)
    names = ["width_s", "start_s", key.name, *(column.name for column in counters)]
    make = sqlite.insert if is_sqlite(connection) else postgresql.insert
    statement = make(table).from_select(names, rows)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[column.name for column in table.primary_key],
            set_={c.name: c + statement.excluded[c.name] for c in counters},
        )
    )
